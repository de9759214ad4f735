"""Image classification: which one of these labels is it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Answered, Postprocess
from clearsight.core.reader import DataInfo
from clearsight.core.sample import Sample
from clearsight.core.task import Situation
from clearsight.losses.named import one_label
from clearsight.losses.weights import balanced, effective, inverse_root
from clearsight.tasks.classify.metric import ClassifyMetric
from clearsight.tasks.classify.pipeline import ClassifyPostprocess, OneLabel, Score, energy
from clearsight.tasks.classify.prediction import Classification
from clearsight.tasks.picture.task import PictureTask

WEIGHTS = {"balanced": balanced, "effective": effective, "root": inverse_root}


class Classify(PictureTask[Classification]):
    """One of K labels for each picture."""

    name: ClassVar[str] = "classify"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    prediction: ClassVar[type[Classification]] = Classification
    verbs: ClassVar[frozenset[str]] = PictureTask.verbs | {"reject"}
    caution: ClassVar[str] = (
        "It answers with one of its labels for any picture, also for pictures that show none of them."
    )

    temperature: float = 1.0  # divides the logits (Guo et al. 2017); 1 where nothing was fitted
    reject_score: Score | None = None  # what pictures of no known class are told by; None where none is rejected
    reject_below: float | None = None  # a picture whose score lies below is rejected

    @classmethod
    def from_data(cls, info: DataInfo, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> Self:
        if len(info.labels) < 2:
            found = f"only the class {info.labels[0]!r}" if info.labels else "no class at all"
            raise InputError(f"a classifier needs two classes or more to tell apart; the data has {found}")
        return cls(labels=tuple(info.labels), **cls.canvas(sizes, options))

    @classmethod
    def suits(cls, info: DataInfo) -> bool:
        return not info.several and not info.values

    def suggest(self, situation: Situation) -> Mapping[str, tuple[Any, str]]:
        return {"loss": ("cross_entropy", "one label a picture"), **super().suggest(situation)}

    def loss_options(self, settings: Mapping[str, Any], samples: Sequence[Sample]) -> dict[str, Any]:
        name, smoothing = settings.get("loss") or "cross_entropy", settings.get("label_smoothing") or 0.0
        gamma = settings.get("focal_gamma")
        weights = None
        if scheme := WEIGHTS.get(settings.get("class_weights") or "none"):
            weights = scheme(
                torch.tensor([sum((s.labels or ()) == (label,) for s in samples) for label in self.labels])
            )
        criterion = one_label(name, smoothing, 2.0 if gamma is None else gamma)
        return {**settings, "criterion": criterion, "class_weights": weights}

    def sample_weights(self, samples: Sequence[Sample]) -> Tensor:
        """Each class has the same share of what is drawn; pictures without a label keep theirs."""
        names = [sample.labels[0] if sample.labels else None for sample in samples]
        counts = Counter(names)
        share = (len(names) - counts[None]) / max(1, len(counts.keys() - {None}))
        return torch.tensor([1.0 if name is None else share / counts[name] for name in names])

    def targets(self) -> OneLabel:
        return OneLabel(self.labels)

    def postprocess(self) -> Postprocess:
        return ClassifyPostprocess(self.temperature, self.reject_score, self.reject_below)

    def finals(self) -> tuple[str, ...]:
        return ("probabilities",) if self.reject_score is None else ("probabilities", "rejected")

    def rejection_scores(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        logits = outputs["logits"].float()
        return {"energy": energy(logits), "probability": (logits / self.temperature).softmax(1).amax(1)}

    def rejecting(self, score: str | None, below: float | None) -> Self:
        return type(self).model_validate({**self.model_dump(), "reject_score": score, "reject_below": below})

    def metric(self) -> ClassifyMetric:
        return ClassifyMetric(self.labels)

    def question(self, prediction: Classification) -> Callable[[dict[str, Tensor]], Tensor]:
        index = self.labels.index(prediction.label)
        return lambda outputs: outputs["logits"][0, index]

    def calibrated(self, answers: Iterable[Answered]) -> Self:
        from clearsight.metrics.calibration import fit_temperature

        index = {label: number for number, label in enumerate(self.labels)}
        logits: list[Tensor] = []
        targets: list[int] = []
        for answer in answers:
            for row, sample in zip(answer.outputs["logits"], answer.samples, strict=True):
                if sample.labels:
                    logits.append(row)
                    targets.append(index[sample.labels[0]])
        if not logits:
            return self
        fitted = fit_temperature(torch.stack(logits).float().cpu().numpy(), np.array(targets))
        return self.model_copy(update={"temperature": fitted})
