"""Our own detector: one stage, no anchors, on any backbone of timm. What finds objects with masks is built on it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn

from clearsight.core.learner import GroupedLearner
from clearsight.core.net import Outputs
from clearsight.core.pipeline import Batch
from clearsight.core.task import Situation, Task
from clearsight.losses.assignment import Assignment, task_aligned
from clearsight.losses.detection import box_loss, distribution_focal, no_loss, quality_bce
from clearsight.nets.backbone import Backbone, Inputs, OnBackbone
from clearsight.nets.from_nothing import FROM_NOTHING
from clearsight.nets.settings import Configured, Switch, Whole
from clearsight.nets.yolo.blocks import harden
from clearsight.nets.yolo.head import Head, Places
from clearsight.nets.yolo.neck import PathAggregation
from clearsight.ops.boxes import Overlap
from clearsight.ops.candidates import best_candidates
from clearsight.tasks.objects.task import ObjectTask

Scale = Literal["nano", "small", "medium", "large"]


class Spec(NamedTuple):
    """What a scale is made of."""

    backbone: str
    width: int  # channels of neck and head
    depth: int  # blocks of each stage of the neck
    light: bool  # depthwise convolutions in place of whole ones
    hard: bool = False  # hard swish in place of SiLU


SCALES: Mapping[str, Spec] = {
    "nano": Spec("lcnet_075", 64, 1, True, hard=True),
    "small": Spec("mobilenetv2_100", 96, 1, True),
    "medium": Spec("resnet34", 128, 1, False),
    "large": Spec("resnet50", 192, 2, False),
}


STRIDES = (8, 16, 32)
"""Strides of the neck's levels."""


class YoloModules(nn.Module):
    """Backbone, neck and head. The backbone's `strides` may begin with finer ones than those of the neck's levels, `used`;
    `overlap` is what boxes are learnt by: 1 − the overlap with the object's."""

    def __init__(
        self,
        task: ObjectTask[Any],
        strides: Sequence[int] = STRIDES,
        used: Sequence[int] = STRIDES,
        *,
        scale: Scale = "small",
        backbone: str | None = None,
        inputs: Inputs = "own",
        width: Whole | None = None,
        depth: Whole | None = None,
        bins: Whole | Literal[0] = 16,
        overlap: Overlap = "ciou",
        one_to_one: Switch = False,
    ) -> None:
        super().__init__()
        spec, levels, classes = SCALES[scale], len(used), len(task.labels)
        width = width or spec.width
        self.width, self.light, self.hard, self.overlap = width, spec.light, spec.hard, overlap
        self.backbone = Backbone.create(backbone or spec.backbone, task.channels, inputs, strides, task.shape)
        self.neck = PathAggregation(self.backbone.channels[-levels:], width, depth or spec.depth, spec.light)
        self.head = Head(levels, width, classes, bins, light=spec.light)
        self.harden(self.neck, self.head)
        # a copy, so that both begin by choosing the same places: drawn anew it never learnt the rarer classes of eight scenes
        self.single = copy.deepcopy(self.head) if one_to_one else None
        self.places = Places(task.shape, used)

    def harden(self, *parts: nn.Module) -> None:
        """Let the parts have the activation of the net's scale."""
        for part in parts if self.hard else ():
            harden(part)


class Raw(NamedTuple):
    """What every place of a canvas says."""

    logits: Tensor  # (B, A, K)
    sides: Tensor  # (B, A, 4, R)
    boxes: Tensor  # (B, A, 4), canvas pixels


class Yolo(Configured, OnBackbone):
    """Our own: one-stage, no anchors."""

    name = "yolo"
    light = False
    backbone: Backbone
    makes: ClassVar[type[YoloModules]] = YoloModules

    def __init__(self, modules: YoloModules, task: ObjectTask[Any], config: Mapping[str, Any]) -> None:
        super().__init__()
        self.config, self.candidates, self.overlap = dict(config), task.candidates, modules.overlap
        self.backbone, self.neck, self.head = modules.backbone, modules.neck, modules.head
        self.single, self.places = modules.single, modules.places
        # of places that learn one object each, none repeats another
        self.answer_settings = "" if self.single is None else "iou=1"

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        """From nothing, Muon: it learns more in a pass than AdamW (docs/detect.md has by how much)."""
        return {} if situation.weights else FROM_NOTHING

    def forward(self, images: Tensor) -> Outputs:
        raw = self._read(self.single or self.head, self.features(images))
        return best_candidates(raw.boxes, raw.logits.float().sigmoid(), self.candidates)

    def features(self, images: Tensor) -> list[Tensor]:
        """Images (B, C, H, W) in [0, 1] → the neck's levels, finest first."""
        found: list[Tensor] = self.neck(self.backbone(images))
        return found

    def raw(self, images: Tensor) -> tuple[Raw, Raw | None]:
        """What the places say by the head that learns from many places an object, and by the one that learns from one, where
        there is one. That one does not teach the features (Wang et al. 2024, YOLOv10, section 3.1)."""
        features = self.features(images)
        single = None if self.single is None else self._read(self.single, [level.detach() for level in features])
        return self._read(self.head, features), single

    def _read(self, head: Head, features: Sequence[Tensor]) -> Raw:
        logits, sides = head(features)
        return Raw(logits, sides, self.places.boxes(head.distances(sides.float())))

    def learner(self, options: Mapping[str, Any]) -> YoloLearner:
        return YoloLearner(self, options)


class YoloLearner(GroupedLearner):
    """Class scores learn how well the place's box fits; boxes learn their overlap, and their sides as distributions."""

    net: Yolo
    weights: Mapping[str, float] = {"score": 1.0, "box": 2.5, "sides": 0.5}

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        raw, single = self.net.raw(batch.images)
        losses, _ = self.losses(self.net.head, raw, batch, per_object=10)
        if single is not None and self.net.single is not None:
            alone, _ = self.losses(self.net.single, single, batch, per_object=1)
            losses |= {f"single_{name}": value for name, value in alone.items()}
        return losses

    def losses(self, head: Head, raw: Raw, batch: Batch, per_object: int) -> tuple[dict[str, Tensor], Assignment]:
        """What a head's places have to learn, each object from `per_object` of them at most, and which learns which."""
        targets, places = batch.targets, self.net.places
        logits = raw.logits.float()
        assigned = task_aligned(
            logits.detach().sigmoid(),
            raw.boxes.detach(),
            places.middles,
            targets["boxes"],
            targets["labels"],
            targets["crowd"],
            per_object=per_object,
            reach=places.strides / 2,
        )
        counted = targets["known"][:, None] & ~assigned.ignored
        total = assigned.quality.sum().clamp(min=1.0)
        losses = {"score": quality_bce(logits, self._wanted(logits, assigned, targets["labels"]), counted) / total}
        rows = assigned.positive.nonzero(as_tuple=True)
        if not len(rows[0]):
            nothing = {"box": no_loss(raw.boxes), "sides": no_loss(raw.sides)}
            return {**self._weighed(losses), **nothing}, assigned
        weight = assigned.quality[rows]
        wanted = targets["boxes"].gather(1, assigned.objects[..., None].expand(-1, -1, 4))
        losses["box"] = box_loss(raw.boxes[rows], wanted[rows], weight, self.net.overlap) / total
        if head.bins:
            distance = places.distances(wanted)[rows]
            losses["sides"] = distribution_focal(raw.sides[rows].float(), distance, weight) / total
        return self._weighed(losses), assigned

    def _weighed(self, losses: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: value * self.weights[name] for name, value in losses.items()}

    @staticmethod
    def _wanted(logits: Tensor, assigned: Assignment, labels: Tensor) -> Tensor:
        """The score that each place is to give to each class (B, A, K)."""
        label = labels.gather(1, assigned.objects).clamp(min=0)
        return torch.zeros_like(logits).scatter_(2, label[..., None], assigned.quality[..., None])
