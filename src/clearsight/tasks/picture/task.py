"""Base of the tasks that answer for a picture as a whole, with one vector: they share canvas, augmentation and nets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, ClassVar, TypeVar

from torch import nn

from clearsight.core.net import Net
from clearsight.core.pipeline import Stages
from clearsight.core.prediction import Prediction
from clearsight.core.task import Situation, Task
from clearsight.ops.resize import Fit
from clearsight.tasks.picture.augment import PREVIEW
from clearsight.tasks.picture.pipeline import PicturePreprocess, Targets, judging, training
from clearsight.tasks.picture.suggest import SMALL, default_net, suggest
from clearsight.tasks.picture.views import Averaged, Views

P = TypeVar("P", bound=Prediction)

PHOTO = 256
"""Largest side of a photograph's canvas where nobody says one."""

SHARE = 0.875
"""How much of the short side a photograph's canvas shows: what pretrained nets were mostly judged with."""


class PictureTask(Task[P]):
    """One vector (K,) for each picture; `classify`, `multilabel` and `regress` say what it means."""

    outputs: ClassVar[Mapping[str, str]] = {"logits": "B K"}
    nets: ClassVar[str] = "classify"
    verbs: ClassVar[frozenset[str]] = frozenset(
        {"train", "evaluate", "predict", "inspect", "report", "export", "nets", "learning-curve"}
    )

    unfitting: ClassVar[Mapping[str, str]] = {
        "mosaic": "its answer is for a picture as a whole, not for four in one",
        "rare": "its answer is for a picture as a whole, not for what a crop shows of it",
        "parts": "its answer is for a picture as a whole, not for a part of it",
    }

    fit: Fit = "crop"
    share: float = 1.0  # of the short side that "crop" keeps
    tta: Views = "none"  # views that the model averages when it answers

    @staticmethod
    def canvas(sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that the sizes of the pictures (height, width) decide, and those that the user did."""
        chosen = {name: value for name, value in options.items() if value is not None}
        if "size" not in chosen:
            chosen["size"] = _size(sizes)
        small = _same_small_square(sizes)
        chosen.setdefault("fit", "squash" if small else "crop")
        chosen.setdefault("share", 1.0 if small else SHARE)
        if chosen["fit"] != "crop":
            chosen["share"] = 1.0
        return chosen

    @abstractmethod
    def targets(self) -> Targets:
        """What is learnt from a sample beside its pixels."""

    @classmethod
    def default_net(cls, size: int, situation: Situation) -> tuple[str, str]:
        return default_net(size, situation)

    def suggest(self, situation: Situation) -> Mapping[str, tuple[Any, str]]:
        return suggest(self.size, self.channels, situation)

    def pipeline(self, train: bool, augment: Mapping[str, float] | None = None) -> Stages:
        if not train:
            return judging(self.targets(), self.preprocess())
        strengths = PREVIEW if augment is None else augment
        return training(self.targets(), self.preprocess(), strengths, len(self.labels))

    def preprocess(self) -> PicturePreprocess:
        return PicturePreprocess(self.size, self.channels, self.fit, self.share)

    def answering(self, net: Net) -> nn.Module:
        return net if self.tta == "none" else Averaged(net, self.tta).train(net.training)


def _same_small_square(sizes: Sequence[tuple[int, int]]) -> bool:
    return len(set(sizes)) == 1 and sizes[0][0] == sizes[0][1] <= SMALL


def _size(sizes: Sequence[tuple[int, int]]) -> int:
    """Side of the canvas: small pictures keep theirs (at least 16), photographs get up to `PHOTO`."""
    if not sizes:
        return PHOTO
    side = int(median(min(size) for size in sizes))
    if side <= SMALL:
        return max(16, side)
    return min(PHOTO, round(side / 32) * 32)
