"""Image classification: which one of these labels is it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Postprocess, Preprocess, Stages
from clearsight.core.reader import DataInfo
from clearsight.core.sample import Sample
from clearsight.core.task import Situation, Task
from clearsight.ops.resize import Fit
from clearsight.tasks.classify.augment import PREVIEW
from clearsight.tasks.classify.metric import ClassifyMetric
from clearsight.tasks.classify.pipeline import ClassifyPostprocess, ClassifyPreprocess, judging, training
from clearsight.tasks.classify.prediction import Classification
from clearsight.tasks.classify.suggest import SMALL, default_net, suggest


class Classify(Task[Classification]):
    """One of K labels for each picture."""

    name: ClassVar[str] = "classify"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    outputs: ClassVar[Mapping[str, str]] = {"logits": "B K"}
    prediction: ClassVar[type[Classification]] = Classification
    verbs: ClassVar[frozenset[str]] = frozenset({"train", "evaluate", "predict", "inspect", "report", "export", "nets"})

    fit: Fit = "crop"
    share: float = 1.0  # of the short side that "crop" keeps
    temperature: float = 1.0  # divides the logits (Guo et al. 2017); 1 where nothing was fitted

    @classmethod
    def from_data(cls, info: DataInfo, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> Self:
        if len(info.labels) < 2:
            found = f"only the class {info.labels[0]!r}" if info.labels else "no class at all"
            raise InputError(f"a classifier needs two classes or more to tell apart; the data has {found}")
        chosen = {name: value for name, value in options.items() if value is not None}
        if "size" not in chosen:
            chosen["size"] = _size(sizes)
        small = _same_small_square(sizes)
        chosen.setdefault("fit", "squash" if small else "crop")
        chosen.setdefault("share", 1.0 if small or chosen["fit"] != "crop" else 0.95)
        return cls(labels=tuple(info.labels), **chosen)

    @classmethod
    def default_net(cls, size: int, device: str) -> tuple[str, str]:
        return default_net(size, device)

    def suggest(self, situation: Situation) -> Mapping[str, tuple[Any, str]]:
        return suggest(self.size, self.channels, situation)

    def loss_options(self, settings: Mapping[str, Any], samples: Sequence[Sample]) -> dict[str, Any]:
        weights = None
        if settings.get("class_weights") == "balanced":
            counts = torch.tensor([sum((s.labels or ()) == (label,) for s in samples) for label in self.labels])
            weights = counts.sum() / (len(self.labels) * counts.clamp(min=1).float())
        return {**settings, "class_weights": weights}

    def pipeline(self, train: bool, augment: Mapping[str, float] | None = None) -> Stages:
        if not train:
            return judging(self.labels, self.preprocess())
        return training(self.labels, self.size, self.channels, self.fit, PREVIEW if augment is None else augment)

    def preprocess(self) -> Preprocess:
        return ClassifyPreprocess(self.size, self.channels, self.fit, self.share)

    def postprocess(self) -> Postprocess:
        return ClassifyPostprocess(self.temperature)

    def metric(self) -> ClassifyMetric:
        return ClassifyMetric(self.labels)

    def question(self, prediction: Classification) -> Callable[[dict[str, Tensor]], Tensor]:
        index = self.labels.index(prediction.label)
        return lambda outputs: outputs["logits"][0, index]

    def calibrated(self, outputs: Mapping[str, Tensor], samples: Sequence[Sample]) -> Self:
        from clearsight.metrics.calibration import fit_temperature

        index = {label: number for number, label in enumerate(self.labels)}
        known = [i for i, sample in enumerate(samples) if sample.labels]
        if not known:
            return self
        targets = np.array([index[(samples[i].labels or ("",))[0]] for i in known])
        logits = outputs["logits"][known].float().cpu().numpy()
        return self.model_copy(update={"temperature": fit_temperature(logits, targets)})


def _same_small_square(sizes: Sequence[tuple[int, int]]) -> bool:
    return len(set(sizes)) == 1 and sizes[0][0] == sizes[0][1] <= SMALL


def _size(sizes: Sequence[tuple[int, int]]) -> int:
    """Side of the canvas: small pictures keep theirs (at least 16), photographs get up to 224."""
    if not sizes:
        return 224
    side = int(median(min(size) for size in sizes))
    if side <= SMALL:
        return max(16, side)
    return min(224, round(side / 32) * 32)
