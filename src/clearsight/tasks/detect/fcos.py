"""FCOS: every place says how far the sides of its object are, without anchors (Tian et al. 2020, arXiv:2006.09214)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOSHead

from clearsight.core.net import Outputs
from clearsight.core.task import Situation, Task
from clearsight.nets.anchors import make_anchors
from clearsight.nets.backbone import Backbone, Inputs, Model
from clearsight.nets.pyramid import LEVELS, Finest, Pyramid
from clearsight.nets.settings import Positive, Whole
from clearsight.ops.boxes import area, centres
from clearsight.ops.candidates import best_candidates
from clearsight.tasks.objects.detector import Detector, GroupedWidth, Raw, recipe
from clearsight.tasks.objects.task import ObjectTask
from clearsight.tasks.objects.truth import Truth

NEAR, FAR = 4, 8
"""A level learns the objects whose farthest side is between so many strides from the place: 64 to 128 pixels in the level
of stride 16 (section 3.2); the finest level learns the smaller ones as well, the coarsest the larger ones."""

NEVER = -100.0
"""A class logit that costs nothing where there is no object and that nothing is learnt from."""


class FCOS(Detector):
    """One-stage, no anchors, centre-ness."""

    name = "fcos"
    parts = ("score", "box", "centre")
    cells: Tensor
    nearest: Tensor
    farthest: Tensor

    def __init__(
        self,
        task: ObjectTask[Any],
        config: Mapping[str, Any],
        *,
        backbone: Model = "resnet50",
        inputs: Inputs = "own",
        width: GroupedWidth = 256,
        finest: Finest = 8,
        depth: Whole = 4,
        radius: Positive = 1.5,
    ) -> None:
        """`width` is the channels of pyramid and head, `depth` the head's layers, `finest` the stride of the finest level, 4
        for small objects; `radius` how far from an object's middle places learn it, in strides."""
        body = Backbone.create(backbone, task.channels, inputs, LEVELS[finest], task.shape)
        super().__init__(task, config, body)
        self.radius = radius
        self.pyramid = Pyramid(body.channels, body.strides, width, "convolved")
        strides = self.pyramid.strides
        self.head = FCOSHead(width, 1, len(task.labels), depth)
        # a cell is a square of a level's stride around a place; torchvision's head counts sides in cells
        levels = make_anchors(
            AnchorGenerator(tuple((s,) for s in strides), ((1.0,),) * len(strides)), task.shape, strides
        )
        near = [0, *(NEAR * stride for stride in strides[1:])]
        far = [*(FAR * stride for stride in strides[:-1]), float("inf")]
        self.register_buffer("cells", torch.cat(levels), persistent=False)
        self.register_buffer("nearest", _each(levels, near), persistent=False)
        self.register_buffer("farthest", _each(levels, far), persistent=False)

    def raw(self, images: Tensor) -> Raw:
        """`cls_logits` (B, A, K), `bbox_regression` (B, A, 4), `bbox_ctrness` (B, A, 1): torchvision's names."""
        found: Raw = self.head(self.pyramid(self.backbone(images)))
        return found

    def forward(self, images: Tensor) -> Outputs:
        raw = {name: value.float() for name, value in self.raw(images).items()}
        boxes = self.head.box_coder.decode(raw["bbox_regression"], self.cells)
        # the square root of class times centre-ness, by logarithms: its slope stays finite however small both are
        scores = (F.logsigmoid(raw["cls_logits"]) + F.logsigmoid(raw["bbox_ctrness"])) / 2
        return best_candidates(boxes, scores.exp(), self.candidates)

    def losses(self, raw: Raw, known: Sequence[Truth]) -> dict[str, Tensor]:
        matched = [self._match(truth) for truth in known]
        ignored = torch.stack(
            [truth.crowded(self.cells) & (found < 0) for truth, found in zip(known, matched, strict=True)]
        )
        raw = {**raw, "cls_logits": raw["cls_logits"].masked_fill(ignored[..., None], NEVER)}
        targets = [truth.as_target(0) for truth in known]
        found = self.head.compute_loss(targets, raw, [self.cells] * len(known), matched)
        return {
            "score": found["classification"],
            "box": found["bbox_regression"],
            "centre": found["bbox_ctrness"],
        }

    def _match(self, truth: Truth) -> Tensor:
        """The object that each place learns (A,), −1 for none: of those that it lies inside, close to the middle of, and
        whose size is its level's, the smallest (section 3.2)."""
        if not len(truth.boxes):
            return torch.full((len(self.cells),), -1, device=self.cells.device)
        places, strides = centres(self.cells)[:, None], self.cells[:, 2] - self.cells[:, 0]
        sides = torch.cat([places - truth.boxes[:, :2], truth.boxes[:, 2:] - places], -1)  # (A, M, 4)
        central = (places - centres(truth.boxes)).abs().amax(-1) < self.radius * strides[:, None]
        farthest = sides.amax(-1)
        fits = (farthest > self.nearest[:, None]) & (farthest < self.farthest[:, None])
        mine = central & fits & (sides.amin(-1) > 0)
        smallest, found = torch.where(mine, area(truth.boxes), torch.inf).min(1)
        return torch.where(smallest.isfinite(), found, -1)

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        why = "FCOS (Tian et al. 2020, section 4)"
        return recipe(situation, 128, why, (0.005, "0.01 for batches of 16"), 1e-4)


def _each(levels: Sequence[Tensor], values: Sequence[float]) -> Tensor:
    """A level's value for each of its places (A,)."""
    return torch.cat([torch.full((len(level),), float(value)) for level, value in zip(levels, values, strict=True)])
