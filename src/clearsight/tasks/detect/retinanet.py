"""RetinaNet: anchors on a feature pyramid, learnt with the focal loss (Lin et al. 2017, arXiv:1708.02002)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection._utils import BoxCoder, Matcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.retinanet import RetinaNetHead

from clearsight.core.net import LabelAxis, Outputs
from clearsight.core.task import Situation, Task
from clearsight.nets.anchors import decode, make_anchors
from clearsight.nets.backbone import Backbone, Inputs, Model
from clearsight.nets.pyramid import LEVELS, Finest, Pyramid
from clearsight.nets.settings import Positive
from clearsight.ops.candidates import best_candidates
from clearsight.tasks.objects.detector import GROUPS, Detector, GroupedWidth, Raw, matched, recipe
from clearsight.tasks.objects.task import ObjectTask
from clearsight.tasks.objects.truth import Truth

ASPECTS = (0.5, 1.0, 2.0)
"""Heights by widths of the anchors at a place (section 4)."""

OCTAVE = (1.0, 2 ** (1 / 3), 2 ** (2 / 3))
"""Their sizes, as factors of the level's (section 4)."""


class RetinaNet(Detector):
    """One-stage, anchors, focal loss."""

    name = "retinanet"
    parts = ("score", "box")
    anchors: Tensor

    def __init__(
        self,
        task: ObjectTask[Any],
        config: Mapping[str, Any],
        *,
        backbone: Model = "resnet50",
        inputs: Inputs = "own",
        width: GroupedWidth = 256,
        finest: Finest = 8,
        anchor: Positive = 4.0,
    ) -> None:
        """`width` is the channels of pyramid and head, `finest` the stride of the finest level, 4 for small objects; `anchor`
        the side of a level's smallest anchors, in strides."""
        body = Backbone.create(backbone, task.channels, inputs, LEVELS[finest], task.shape)
        super().__init__(task, config, body)
        self.pyramid = Pyramid(body.channels, body.strides, width, "convolved")
        sizes = tuple(tuple(anchor * stride * factor for factor in OCTAVE) for stride in self.pyramid.strides)
        generator = AnchorGenerator(sizes, (ASPECTS,) * len(sizes))
        per_place, norm = generator.num_anchors_per_location()[0], partial(nn.GroupNorm, GROUPS)
        # norms in the head are torchvision's, of its second version: without, a narrow head starts to learn very slowly
        self.head = RetinaNetHead(width, per_place, len(task.labels), norm)
        self.coder, self.matcher = BoxCoder((1.0, 1.0, 1.0, 1.0)), Matcher(0.5, 0.4, allow_low_quality_matches=True)
        anchors = torch.cat(make_anchors(generator, task.shape, self.pyramid.strides))
        self.register_buffer("anchors", anchors, persistent=False)

    def raw(self, images: Tensor) -> Raw:
        """`cls_logits` (B, A, K) and `bbox_regression` (B, A, 4): torchvision's names."""
        found: Raw = self.head(self.pyramid(self.backbone(images)))
        return found

    def forward(self, images: Tensor) -> Outputs:
        raw = self.raw(images)
        boxes = decode(self.coder, raw["bbox_regression"].float(), self.anchors)
        return best_candidates(boxes, raw["cls_logits"].float().sigmoid(), self.candidates)

    def losses(self, raw: Raw, known: Sequence[Truth]) -> dict[str, Tensor]:
        objects = [matched(self.matcher, truth, self.anchors) for truth in known]
        targets = [truth.as_target(0) for truth in known]
        found = self.head.compute_loss(targets, raw, [self.anchors] * len(known), objects)
        return {"score": found["classification"], "box": found["bbox_regression"]}

    def label_axis(self, name: str) -> LabelAxis:
        return LabelAxis(outer=len(ASPECTS) * len(OCTAVE))

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        why = "RetinaNet (Lin et al. 2017, section 4.1)"
        return recipe(situation, 128, why, (0.005, "0.01 for batches of 16"), 1e-4)
