"""Several labels for each picture: which of them apply?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from pydantic import model_validator
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Answered, Postprocess
from clearsight.core.reader import DataInfo
from clearsight.core.sample import Sample
from clearsight.core.task import Situation
from clearsight.losses.named import several_labels
from clearsight.losses.weights import positive_balanced, positive_effective, positive_root
from clearsight.metrics.multilabel import best_threshold
from clearsight.tasks.multilabel.metric import MultilabelMetric
from clearsight.tasks.multilabel.pipeline import MultilabelPostprocess, SeveralLabels
from clearsight.tasks.multilabel.prediction import LabelSet
from clearsight.tasks.picture.task import PictureTask

WEIGHTS = {"balanced": positive_balanced, "effective": positive_effective, "root": positive_root}


class Multilabel(PictureTask[LabelSet]):
    """Which of K labels apply to each picture: several, one or none."""

    name: ClassVar[str] = "multilabel"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    prediction: ClassVar[type[LabelSet]] = LabelSet
    caution: ClassVar[str] = (
        "It knows no other label than these; a picture of anything else may get any of them, or none."
    )

    thresholds: tuple[float, ...] = ()  # from which probability on each label applies; none: 0.5 for all

    @model_validator(mode="after")
    def _one_for_each(self) -> Self:
        if len(self.thresholds) not in (0, len(self.labels)) or not all(0 <= t <= 1 for t in self.thresholds):
            raise ValueError(f"{len(self.labels)} labels need as many thresholds from 0 to 1, or none")
        return self

    @classmethod
    def from_data(cls, info: DataInfo, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> Self:
        if not info.labels:
            raise InputError("there is nothing to learn: the data has no label at all")
        return cls(labels=tuple(info.labels), **cls.canvas(sizes, options))

    @classmethod
    def suits(cls, info: DataInfo) -> bool:
        return info.several and not info.values

    def suggest(self, situation: Situation) -> Mapping[str, tuple[Any, str]]:
        return {**super().suggest(situation), "loss": ("bce", "each label applies or does not, whatever the others do")}

    def settled(self, suggested: Mapping[str, tuple[Any, str]]) -> Mapping[str, tuple[Any, str]]:
        # Smoothing is tuned for one label among many: by as much, most probabilities of several would not get small.
        return {name: pair for name, pair in super().settled(suggested).items() if name != "label_smoothing"}

    def loss_options(self, settings: Mapping[str, Any], samples: Sequence[Sample]) -> dict[str, Any]:
        name, smoothing = settings.get("loss") or "bce", settings.get("label_smoothing") or 0.0
        gamma = settings.get("focal_gamma")
        weights = None
        if scheme := WEIGHTS.get(settings.get("class_weights") or "none"):
            rows = [self.targets().row(sample) for sample in samples if sample.labels is not None]
            counts = torch.stack(rows).sum(0) if rows else torch.zeros(len(self.labels))
            weights = scheme(counts, len(rows))
        criterion = several_labels(name, smoothing, 2.0 if gamma is None else gamma)
        return {**settings, "criterion": criterion, "class_weights": weights}

    def targets(self) -> SeveralLabels:
        return SeveralLabels(self.labels)

    def postprocess(self) -> Postprocess:
        return MultilabelPostprocess(self.thresholds or (0.5,) * len(self.labels))

    def metric(self) -> MultilabelMetric:
        return MultilabelMetric(self.labels)

    def question(self, prediction: LabelSet) -> Callable[[dict[str, Tensor]], Tensor]:
        index = int(prediction.probabilities.argmax())
        return lambda outputs: outputs["logits"][0, index]

    def calibrated(self, answers: Iterable[Answered]) -> Self:
        targets, rows, logits = self.targets(), list[Tensor](), list[Tensor]()
        for answer in answers:
            for row, sample in zip(answer.outputs["logits"], answer.samples, strict=True):
                if sample.labels is not None:
                    rows.append(targets.row(sample))
                    logits.append(row)
        if not rows:
            return self
        truth = torch.stack(rows).bool().numpy()
        scores = torch.stack(logits).float().sigmoid().cpu().numpy().astype(np.float64)
        found = tuple(best_threshold(scores[:, k], truth[:, k]) for k in range(len(self.labels)))
        return self.model_copy(update={"thresholds": found})
