"""Exported nets draw the masks that the original draws, in pixels of the photograph, and take batches of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from clearsight.core.artifact import Artifact
from clearsight.deploy.agreement import compare_raw, cut
from clearsight.deploy.onnx import export
from clearsight.deploy.predictor import OnnxPredictor
from clearsight.engine.predictor import Predictor
from clearsight.ops.rle import iou_matrix
from tests.contract.harness import make_plan, store_batches, train
from tests.contract.nets import make_learner, make_net, make_task, samples_for

pytestmark = pytest.mark.slow

SHAPES = ((96, 64), (337, 451), (64, 200), (600, 400))


@pytest.mark.parametrize("name", ["instances.yolo-mask", "instances.mask-rcnn"])
def test_masks_cover_the_same_pixels_and_batches_of_any_size_are_answered(name: str, tmp_path: Path) -> None:
    task = make_task("instances")
    samples, net = samples_for("instances"), make_net(name, task)
    train(make_learner(task, net), make_plan(120, batch=8, lr=3e-3), store_batches(task, samples, 8), tmp_path)
    artifact = Artifact(task, net)
    photos = [sample.image.load() for sample in samples]
    seen = 0
    exported, original = OnnxPredictor(export(artifact)), Predictor(task, net)
    for photo in (cut(photo, *shape) for photo in photos[:2] for shape in SHAPES):
        (one,), (other,) = (list(each([photo])) for each in (original, exported))
        sure, there = one[:3], other[:6]  # the surest, after so short a training
        drawn = sure.areas > 0
        if not drawn.any():
            continue
        overlaps = iou_matrix(list(sure.masks), list(there.masks))
        overlaps[sure.classes[:, None] != there.classes[None]] = 0
        assert (overlaps.max(1)[drawn] >= 0.995).all()
        np.testing.assert_allclose(sure.boxes[drawn], there.boxes[overlaps.argmax(1)][drawn], atol=0.5)
        seen += int(drawn.sum())
    assert seen >= 8
    agreement = compare_raw(artifact, export(artifact, raw=True), photos[:3], 1e-4)
    assert agreement.holds, agreement.rows
    assert torch.isfinite(torch.tensor(agreement.difference))
