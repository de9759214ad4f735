"""SSD, RetinaNet, FCOS and Faster R-CNN against torchvision's detectors with the very same modules: what is found, and
what is lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torchvision.models import detection
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.ssd import SSD
from torchvision.ops import MultiScaleRoIAlign

from clearsight.tasks.detect.retinanet import ASPECTS, OCTAVE
from clearsight.tasks.detect.ssd import ASPECTS as SSD_ASPECTS
from clearsight.tasks.detect.ssd import SCALES
from tests.unit.tasks.detecting import (
    LABELS,
    PLAIN,
    SIDE,
    SMALL,
    Features,
    as_targets,
    candidates,
    make_net,
    make_task,
    rows,
    scenes,
)

ALL: dict[str, Any] = {"score_thresh": -1.0, "nms_thresh": 1.0, "detections_per_img": 10**6, "topk_candidates": 10**6}
"""What keeps torchvision's one-stage detectors from leaving anything out."""


def torchvisions(name: str, net: Any) -> Any:
    """torchvision's detector of our net's modules, that answers with all it has."""
    if name == "ssd":
        generator = DefaultBoxGenerator([list(each) for each in SSD_ASPECTS], scales=list(SCALES))
        features = Features(net, [*net.backbone.channels, *[SMALL[name]["width"]] * len(net.more)])
        size = (SIDE, SIDE)
        return SSD(features, generator, size, len(LABELS) + 1, head=net.head, **ALL, **PLAIN)
    if name == "faster-rcnn":
        return faster_rcnn(net)
    features = Features(net, SMALL[name]["width"])
    kind = {"retinanet": detection.RetinaNet, "fcos": detection.FCOS}[name]
    square = {"min_size": SIDE, "max_size": SIDE, "size_divisible": 1}
    strides = (8, 16, 32, 64, 128)
    if name == "fcos":
        generator: Any = AnchorGenerator(tuple((s,) for s in strides), ((1.0,),) * 5)
    else:
        generator = AnchorGenerator(tuple(tuple(4 * s * o for o in OCTAVE) for s in strides), (ASPECTS,) * 5)
    return kind(features, len(LABELS), anchor_generator=generator, head=net.head, **square, **ALL, **PLAIN)


def faster_rcnn(net: Any) -> Any:
    most = {"rpn_pre_nms_top_n": 1000, "rpn_post_nms_top_n": net.proposals}
    most = {f"{name}_{mode}": count for name, count in most.items() for mode in ("train", "test")}
    return detection.FasterRCNN(
        Features(net, 32),
        rpn_anchor_generator=AnchorGenerator(tuple((8 * s,) for s in (4, 8, 16, 32, 64)), (ASPECTS,) * 5),
        rpn_head=net.rpn.head,
        box_roi_pool=MultiScaleRoIAlign(["0", "1", "2", "3"], 7, 2),
        box_head=net.heads.box_head,
        box_predictor=net.heads.box_predictor,
        box_score_thresh=-1.0,
        box_nms_thresh=1.0,
        box_detections_per_img=10**6,
        box_batch_size_per_image=SMALL["faster-rcnn"]["regions"],
        min_size=SIDE,
        max_size=SIDE,
        **most,
        **PLAIN,
        size_divisible=1,
    )


NAMES = ("ssd", "retinanet", "fcos", "faster-rcnn")
FIRST = {"ssd": 1, "retinanet": 0, "fcos": 0, "faster-rcnn": 1}
"""torchvision's index of the first class."""


@pytest.mark.parametrize("name", NAMES)
def test_it_proposes_what_torchvision_answers(name: str) -> None:
    net = make_net(name, make_task()).eval()
    images = scenes().images
    with torch.no_grad():
        theirs = torchvisions(name, net).eval()(list(images))
    for ours, found in zip(candidates(net, images), theirs, strict=True):
        wanted = rows(found["boxes"], found["scores"], found["labels"] - FIRST[name])
        if name == "faster-rcnn":  # there the padding is left out, as are boxes without an area
            ours = ours[(ours[:, 5] > 0) & ((ours[:, 3:5] - ours[:, 1:3]).min(1) >= 1e-2)]
        assert len(ours) == len(wanted) > 100
        np.testing.assert_allclose(ours, wanted, atol=2e-4)
        assert np.ptp(ours[:, 5]) > 0.02  # they differ enough for the comparison to mean something


NAMED = {
    "ssd": {"score": "classification", "box": "bbox_regression"},
    "retinanet": {"score": "classification", "box": "bbox_regression"},
    "fcos": {"score": "classification", "box": "bbox_regression", "centre": "bbox_ctrness"},
    "faster-rcnn": {
        "objects": "loss_objectness",
        "proposals": "loss_rpn_box_reg",
        "score": "loss_classifier",
        "box": "loss_box_reg",
    },
}
"""Our names of the losses, and torchvision's."""


@pytest.mark.parametrize("name", NAMES)
def test_its_losses_are_torchvisions(name: str) -> None:
    net = make_net(name, make_task()).train()
    theirs = torchvisions(name, net).train()
    theirs.transform.torch_choice = lambda sizes: sizes[0]  # it draws a number even where there is no choice
    batch = scenes()
    torch.manual_seed(5)  # the regions learnt from are drawn
    wanted = theirs(list(batch.images), as_targets(batch, FIRST[name]))
    torch.manual_seed(5)
    found = net.learner({}).training_step(batch, "main")
    assert tuple(found) == net.parts
    for ours, other in NAMED[name].items():
        torch.testing.assert_close(found[ours], wanted[other], atol=1e-5, rtol=1e-5)
        assert found[ours] > 0
