"""Our own detector: one stage, no anchors, on any backbone of timm. What finds objects with masks is built on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Self

import torch
from torch import Tensor, nn

from clearsight.core.learner import Learner, ParamGroup, grouped
from clearsight.core.net import Outputs
from clearsight.core.pipeline import Batch
from clearsight.core.task import Situation, Task
from clearsight.losses.assignment import Assignment, task_aligned
from clearsight.losses.detection import box_loss, distribution_focal, no_loss, quality_bce
from clearsight.nets import settings
from clearsight.nets.backbone import Backbone, Inputs
from clearsight.nets.settings import Switch, Whole
from clearsight.nets.yolo.head import Head, Places
from clearsight.nets.yolo.neck import PathAggregation
from clearsight.ops.candidates import best_candidates
from clearsight.tasks.objects.detector import OnBackbone

Scale = Literal["nano", "small", "medium", "large"]


class Plan(NamedTuple):
    """What a scale is made of."""

    backbone: str
    width: int  # channels of neck and head
    depth: int  # blocks of each stage of the neck
    light: bool  # depthwise convolutions in place of whole ones


SCALES: Mapping[str, Plan] = {
    "nano": Plan("lcnet_075", 64, 1, True),
    "small": Plan("mobilenetv2_100", 96, 1, True),
    "medium": Plan("resnet34", 128, 1, False),
    "large": Plan("resnet50", 192, 2, False),
}


STRIDES = (8, 16, 32)
"""Strides of the neck's levels."""


class YoloModules(nn.Module):
    """Backbone, neck and head. The backbone's `strides` may begin with finer ones than those of the neck's levels, `used`."""

    def __init__(
        self,
        channels: int,
        shape: tuple[int, int],
        classes: int,
        strides: Sequence[int] = STRIDES,
        used: Sequence[int] = STRIDES,
        *,
        scale: Scale = "small",
        backbone: str | None = None,
        inputs: Inputs = "own",
        width: Whole | None = None,
        depth: Whole | None = None,
        bins: Whole | Literal[0] = 16,
        one_to_one: Switch = False,
    ) -> None:
        super().__init__()
        plan = SCALES[scale]
        width = width or plan.width
        self.width, self.light = width, plan.light
        self.backbone = Backbone.create(backbone or plan.backbone, channels, inputs, strides, shape)
        levels = len(used)
        self.neck = PathAggregation(self.backbone.channels[-levels:], width, depth or plan.depth, plan.light)
        self.head = Head(levels, width, classes, bins, light=plan.light)
        self.single = Head(levels, width, classes, bins, light=plan.light) if one_to_one else None
        self.places = Places(shape, used)


class Raw(NamedTuple):
    """What every place of a canvas says."""

    logits: Tensor  # (B, A, K)
    sides: Tensor  # (B, A, 4, R)
    boxes: Tensor  # (B, A, 4), canvas pixels


class Yolo(OnBackbone):
    """Our own: one-stage, no anchors."""

    name = "yolo"

    def __init__(self, modules: YoloModules, candidates: int, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.backbone, self.neck, self.head = modules.backbone, modules.neck, modules.head
        self.single, self.places = modules.single, modules.places
        self.candidates = candidates
        self.config = dict(config)

    @classmethod
    def build(cls, task: Task[Any], config: Mapping[str, Any]) -> Self:
        said = settings.checked(YoloModules, cls.name, config)
        modules = YoloModules(task.channels, task.shape, len(task.labels), **said)
        return cls(modules, getattr(task, "candidates", 1000), config)

    @classmethod
    def choices(cls) -> dict[str, tuple[Any, str]]:
        """Its settings: name -> (default, what it may be, in words)."""
        return settings.choices(YoloModules)

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
        return YoloLearner(self, options.get("backbone_lr", 1.0), options.get("layer_decay", 1.0))

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        return {}


class YoloLearner(Learner):
    """Class scores learn how well the place's box fits; boxes learn their overlap, and their sides as distributions."""

    net: Yolo
    weights: Mapping[str, float] = {"score": 1.0, "box": 2.5, "sides": 0.5}

    def __init__(self, net: Yolo, backbone_lr: float, layer_decay: float) -> None:
        super().__init__()
        self.net = net
        self.backbone_lr, self.layer_decay = backbone_lr, layer_decay

    def parameter_groups(self, phase: str) -> list[ParamGroup]:
        return grouped(self.net, self.backbone_lr, self.layer_decay)

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
        losses["box"] = box_loss(raw.boxes[rows], wanted[rows], weight) / total
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
