"""Judging labels that each apply or do not: figures, their intervals, and what was got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.metric import Metric, Mistake, Result
from clearsight.core.sample import Array, Sample, require_known
from clearsight.metrics import classification, intervals
from clearsight.metrics.multilabel import average_precision
from clearsight.tasks.multilabel.prediction import LabelSet
from clearsight.tasks.multilabel.words import FIGURES

NAMED = 4
"""Labels that a mistake names."""


class MultilabelMetric(Metric[LabelSet]):
    """Compares predictions with the labels of each sample; samples that are not annotated are counted in `left_out`.

    mAP is the mean of the average precision over the labels that apply to some picture, and 0 where none does.
    """

    headline: ClassVar[str] = "mAP"

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._index = {label: i for i, label in enumerate(self.labels)}
        self._keys: list[str] = []
        self._scores: list[Array] = []  # each float32 (K,)
        self._applies: list[Array] = []  # each bool (K,)
        self._truths: list[Array] = []  # each bool (K,)
        self._thresholds = np.full(len(self.labels), np.nan)
        self._left_out = 0

    def update(self, predictions: Sequence[LabelSet], samples: Sequence[Sample]) -> None:
        """Take in predictions and their samples. Raises `InputError` on a label the model does not know."""
        for prediction, sample in zip(predictions, samples, strict=True):
            if sample.labels is None:
                self._left_out += 1
                continue
            self._truths.append(self._truth(sample))
            self._scores.append(prediction.probabilities)
            self._applies.append(prediction.applies)
            self._keys.append(sample.key)
            self._thresholds = prediction.thresholds

    def score(self) -> float:
        """mAP so far, from 0 to 1. Raises `InputError` where no sample was annotated."""
        scores, _, truth = self._collected()
        return float(_mean_over(average_precision(scores, truth)[None], truth.sum(axis=0)[None])[0])

    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        """Every figure; with `resamples=0` no intervals. Raises `InputError` where no sample was annotated."""
        scores, applies, truth = self._collected()
        ratios = classification.precision_recall_f1((applies & truth).sum(0), truth.sum(0), applies.sum(0))
        values = {name: float(v[0]) for name, v in self._figures(np.ones((1, len(truth)), np.int64)).items()}
        bounds = self._intervals(values, resamples, seed) if resamples else {}
        together = classification.precision_recall_f1((applies & truth).sum(), truth.sum(), applies.sum())
        for name in ("precision", "recall"):
            values[f"micro_{name}"] = float(getattr(together, name))
            values[f"macro_{name}"] = float(ratios.macro(getattr(ratios, name)))
        return Result(
            headline=self.headline,
            higher_is_better=self.higher_is_better,
            values=values,
            intervals=bounds,
            per_class=self._per_class(ratios, average_precision(scores, truth)),
            per="label",
            figures=FIGURES,
            weakest_by="f1",
            labels=self.labels,
            mistakes=self._mistakes(scores, applies, truth),
            count=len(truth),
            left_out=self._left_out,
        )

    def _truth(self, sample: Sample) -> Array:
        require_known(sample.key, sample.labels or (), self.labels)
        row = np.zeros(len(self.labels), bool)
        row[[self._index[label] for label in sample.labels or ()]] = True
        return row

    def _collected(self) -> tuple[Array, Array, Array]:
        if not self._truths:
            raise InputError(f"nothing to judge by: none of the {self._left_out} pictures is annotated")
        return np.stack(self._scores), np.stack(self._applies), np.stack(self._truths)

    def _figures(self, counts: Array) -> dict[str, Array]:
        """The figures that get intervals, each float64 (r,), from how often each picture occurs, (r, N)."""
        scores, applies, truth = self._collected()
        times = counts.astype(np.float64)
        hits, support, predicted = times @ (applies & truth), times @ truth, times @ applies
        ratios = classification.precision_recall_f1(hits, support, predicted)
        micro = classification.precision_recall_f1(hits.sum(1), support.sum(1), predicted.sum(1))
        return {
            "mAP": _mean_over(average_precision(scores, truth, counts), support),
            "micro_f1": micro.f1,
            "macro_f1": ratios.macro(ratios.f1),
            "exact_match": times @ (applies == truth).all(axis=1) / times.sum(axis=1),
        }

    def _intervals(self, values: dict[str, float], resamples: int, seed: int) -> dict[str, tuple[float, float]]:
        drawn = intervals.bootstrap_pictures(
            len(self._keys),
            lambda counts: np.stack([*self._figures(counts).values()], axis=1),
            resamples=resamples,
            seed=seed,
        )
        bounds = {}
        for (name, value), column in zip(values.items(), drawn.T, strict=True):
            low, high = intervals.percentile_interval(column, around=value if name != "exact_match" else None)
            bounds[name] = (max(low, 0.0), min(high, 1.0))
        return bounds

    def _per_class(self, ratios: classification.PerClass, precision: Array) -> dict[str, dict[str, float]]:
        return {
            label: {
                **{name: float(getattr(ratios, name)[i]) for name in ("precision", "recall", "f1")},
                "average_precision": float(precision[i]),
                "threshold": float(self._thresholds[i]),
                "support": int(ratios.support[i]),
            }
            for i, label in enumerate(self.labels)
        }

    def _mistakes(self, scores: Array, applies: Array, truth: Array) -> list[Mistake]:
        """By how sure the model was of the label it was most wrong about; of equal ones in the order of the pictures."""
        wrong = applies != truth
        doubt = np.where(wrong, np.where(applies, scores, 1 - scores), 0.0)
        rows = np.flatnonzero(wrong.any(axis=1))
        worst = rows[np.argsort(-doubt[rows].max(axis=1), kind="stable")]
        return [
            Mistake(self._keys[i], float(doubt[i].max()), self._words(scores[i], wrong[i], truth[i])) for i in worst
        ]

    def _words(self, scores: Array, wrong: Array, truth: Array) -> str:
        parts = []
        for words, which in (("missed", wrong & truth), ("wrongly", wrong & ~truth)):
            if which.any():
                named = [f"{self.labels[k]} ({scores[k]:.2f})" for k in np.flatnonzero(which)]
                more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
                parts.append(f"{words} {', '.join(named[:NAMED])}{more}")
        return "; ".join(parts)


def _mean_over(values: Array, support: Array) -> Array:
    """Mean (r,) of values (r, K) over the classes with support; 0 where there is none."""
    there = support > 0
    mean: Array = (values * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return mean
