"""What the detectors made of torchvision's parts share: a backbone of timm's, and how a batch is learnt from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from clearsight.core.learner import Learner, ParamGroup, grouped
from clearsight.core.net import Net, Tap
from clearsight.core.pipeline import Batch
from clearsight.core.task import Situation, Task
from clearsight.losses.detection import no_loss
from clearsight.nets import settings
from clearsight.nets.backbone import Backbone
from clearsight.ops.boxes import area, intersection
from clearsight.tasks.objects.augment import renumbered

THINNEST = 0.1
"""Boxes with a side below this, canvas pixels, are not learnt: the logarithm of so small a side would drown all others."""

GROUPS = 32
"""The channels of a head are normalised in so many groups (Wu and He 2018, section 4), whatever the number of pictures in
a batch. Groups are of two channels or more, as one alone has no spread where a level is a single place."""

GroupedWidth = Annotated[int, Field(ge=2 * GROUPS, le=4096, multiple_of=GROUPS), "a multiple of 32 from 64"]

Settings = dict[str, tuple[Any, str]]
"""Training settings by field, each with its reason."""

Raw = dict[str, Tensor]
"""What a net says of every place, by name, each (B, …)."""


@dataclass(frozen=True)
class Truth:
    """What is known of one picture: boxes (M, 4) in canvas pixels with labels int64 (M,), and crowds (C, 4), in which
    nobody has counted."""

    boxes: Tensor
    labels: Tensor
    crowds: Tensor
    owners: Tensor | None = None  # (H, W): the row of `boxes` that each pixel belongs to, or what `ops.owners` says

    def as_target(self, first: int) -> dict[str, Tensor]:
        """As torchvision's parts take it; `first` is their index of the first class, 1 where 0 is the background."""
        return {"boxes": self.boxes, "labels": self.labels + first}

    def crowded(self, boxes: Tensor) -> Tensor:
        """Boxes (A, 4) → bool (A,): whether more than half of a box lies in a crowd."""
        if not len(self.crowds):
            return torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
        return intersection(boxes[:, None], self.crowds).amax(1) > 0.5 * area(boxes)


def truths(batch: Batch) -> list[Truth]:
    """Of the batch's annotated pictures, in their order."""
    targets = batch.targets
    found = []
    for row in targets["known"].nonzero()[:, 0].tolist():
        boxes, labels, crowd = (targets[name][row] for name in ("boxes", "labels", "crowd"))
        real = (labels >= 0) & ((boxes[:, 2:] - boxes[:, :2]).amin(1) > THINNEST)
        one = real & ~crowd
        owners = targets["owners"][row] if "owners" in targets else None
        owners = None if owners is None else renumbered(owners[None], torch.where(one, labels, -1)[None])[0]
        found.append(Truth(boxes[one], labels[one], boxes[real & crowd], owners))
    return found


class OnBackbone(Net):
    """A net that stands on a backbone of timm's, which is its pretrained part."""

    light = False
    backbone: Backbone

    @property
    def pretrained_name(self) -> str:
        return self.backbone.name

    def load_pretrained(self, weights: str) -> str:
        return self.backbone.load(weights)

    def backbone_parameters(self) -> list[nn.Parameter]:
        return list(self.backbone.parameters())

    def backbone_blocks(self) -> list[list[nn.Parameter]]:
        return self.backbone.blocks()

    def feature_taps(self) -> list[Tap]:
        return self.backbone.taps("backbone")


class Detector(OnBackbone):
    """A detector on a backbone of timm's. The keyword-only parameters of its `__init__` are its settings."""

    parts: ClassVar[tuple[str, ...]]
    """The names of its losses."""

    def __init__(self, task: Task[Any], config: Mapping[str, Any], backbone: Backbone) -> None:
        super().__init__()
        self.config = dict(config)
        self.candidates: int = getattr(task, "candidates", 1000)
        self.backbone = backbone

    @classmethod
    def build(cls, task: Task[Any], config: Mapping[str, Any]) -> Self:
        return cls(task, config, **settings.checked(cls, cls.name, config))

    @classmethod
    def choices(cls) -> dict[str, tuple[Any, str]]:
        """Its settings: name -> (default, what it may be, in words)."""
        return settings.choices(cls)

    @abstractmethod
    def raw(self, images: Tensor) -> Raw:
        """Images (B, C, H, W) in [0, 1] → what both `forward` and the losses are made of."""

    @abstractmethod
    def losses(self, raw: Raw, known: Sequence[Truth]) -> dict[str, Tensor]:
        """The losses named in `parts`; `raw` has one row for each of the pictures known, at least one."""

    def learner(self, options: Mapping[str, Any]) -> DetectorLearner:
        return DetectorLearner(self, options.get("backbone_lr", 1.0), options.get("layer_decay", 1.0))


MANY = 20_000
"""Training pictures from which on a paper's rates are taken: they were found for 118,000 pictures and 90,000 steps."""


def recipe(situation: Situation, width: int, why: str, lr: tuple[float, str], weight_decay: float) -> Settings:
    """A detector's training settings: where there is no GPU a light backbone and so many channels beside it; with many
    pictures the paper's gradient descent, `lr` with how it came about. With few the task's AdamW stays: after 120 steps on
    120 scenes of `shapes` SSD, RetinaNet, FCOS and Faster R-CNN all found more with it (mAP 0.08, 0.05, 0.22 and 0.17 in
    place of 0.01, 0.03, 0.00 and 0.11)."""
    found: Settings = {}
    if situation.device == "cpu":
        light = f"backbone=mobilenetv2_100,width={width}"
        found["net_options"] = (light, "on a CPU a light backbone leaves time to learn")
    if situation.count is None or situation.count >= MANY:
        found |= {
            "optimiser": ("sgd", why),
            "lr": (lr[0], f"{why}: {lr[1]}"),
            "momentum": (0.9, why),
            "nesterov": (False, why),
            "weight_decay": (weight_decay, why),
        }
    return found


class DetectorLearner(Learner):
    """The net's own losses over the pictures that are annotated."""

    net: Detector

    def __init__(self, net: Detector, backbone_lr: float, layer_decay: float) -> None:
        super().__init__()
        self.net = net
        self.backbone_lr, self.layer_decay = backbone_lr, layer_decay

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        known = truths(batch)
        if not known:
            return dict.fromkeys(self.net.parts, no_loss(*self.net.parameters()))
        rows = batch.targets["known"]
        raw = {name: value.float()[rows] for name, value in self.net.raw(batch.images).items()}
        return self.net.losses(raw, known)

    def parameter_groups(self, phase: str) -> list[ParamGroup]:
        return grouped(self.net, self.backbone_lr, self.layer_decay)
