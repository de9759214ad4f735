"""What the detectors made of torchvision's heads share: how they are built, and how a batch is learnt from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torchvision.models.detection._utils import Matcher
from torchvision.ops import box_iou

from clearsight.core.learner import GroupedLearner
from clearsight.core.pipeline import Batch
from clearsight.core.task import Situation
from clearsight.losses.detection import no_loss
from clearsight.nets.backbone import Backbone, OnBackbone
from clearsight.nets.settings import Configured
from clearsight.tasks.objects.task import ObjectTask
from clearsight.tasks.objects.truth import Truth, truths

GROUPS = 32
"""The channels of a head are normalised in so many groups (Wu and He 2018, section 4), whatever the number of pictures in
a batch. Groups are of two channels or more, as one alone has no spread where a level is a single place."""

GroupedWidth = Annotated[int, Field(ge=2 * GROUPS, le=4096, multiple_of=GROUPS), "a multiple of 32 from 64"]

Settings = dict[str, tuple[Any, str]]
"""Training settings by field, each with its reason."""

Raw = dict[str, Tensor]
"""What a net says of every place, by name, each (B, …)."""


class Detector(Configured, OnBackbone):
    """A detector on a backbone of timm's. The keyword-only parameters of its `__init__` are its settings."""

    light = False
    backbone: Backbone
    parts: ClassVar[tuple[str, ...]]
    """The names of its losses."""

    def __init__(self, task: ObjectTask[Any], config: Mapping[str, Any], backbone: Backbone) -> None:
        super().__init__()
        self.config, self.candidates = dict(config), task.candidates
        self.backbone = backbone

    @abstractmethod
    def raw(self, images: Tensor) -> Raw:
        """Images (B, C, H, W) in [0, 1] → what both `forward` and the losses are made of."""

    @abstractmethod
    def losses(self, raw: Raw, known: Sequence[Truth]) -> dict[str, Tensor]:
        """The losses named in `parts`; `raw` has one row for each of the pictures known, at least one."""

    def learner(self, options: Mapping[str, Any]) -> DetectorLearner:
        return DetectorLearner(self, options)


def matched(matcher: Matcher, truth: Truth, anchors: Tensor) -> Tensor:
    """The object that each anchor (A, 4) is for (A,); −1 for none, −2 for those that are not learnt from."""
    if len(truth.boxes):
        found: Tensor = matcher(box_iou(truth.boxes, anchors))
    else:
        found = torch.full((len(anchors),), Matcher.BELOW_LOW_THRESHOLD, device=anchors.device)
    found[(found == Matcher.BELOW_LOW_THRESHOLD) & truth.crowded(anchors)] = Matcher.BETWEEN_THRESHOLDS
    return found


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


class DetectorLearner(GroupedLearner):
    """The net's own losses over the pictures that are annotated."""

    net: Detector

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        known = truths(batch)
        if not known:
            return dict.fromkeys(self.net.parts, no_loss(*self.net.parameters()))
        rows = batch.targets["known"]
        raw = {name: value.float()[rows] for name, value in self.net.raw(batch.images).items()}
        return self.net.losses(raw, known)
