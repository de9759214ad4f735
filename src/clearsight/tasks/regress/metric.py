"""Judging numbers: how far off they are, how surely that is known, and which pictures are worst."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.metric import Metric, Mistake, Result
from clearsight.core.sample import Array, Sample
from clearsight.metrics import intervals
from clearsight.metrics.regression import Errors, errors
from clearsight.tasks.regress.pipeline import numbers
from clearsight.tasks.regress.prediction import Values, shown
from clearsight.tasks.regress.words import FIGURES

POINTS = 500
"""Pictures whose true and found numbers a result keeps, to be drawn."""


class RegressMetric(Metric[Values]):
    """Compares numbers with the values of each sample; samples without any are counted in `left_out`.

    With several values each figure is their plain mean, as scikit-learn's: `Result.per_class` tells them apart.
    """

    headline: ClassVar[str] = "mae"
    higher_is_better: ClassVar[bool] = False

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._keys: list[str] = []
        self._found: list[Array] = []  # each float32 (K,)
        self._truths: list[list[float]] = []  # NaN where unknown
        self._deviations = np.ones(len(self.names))
        self._left_out = 0

    def update(self, predictions: Sequence[Values], samples: Sequence[Sample]) -> None:
        """Take in predictions and their samples. Raises `InputError` on a value that is no finite number."""
        for prediction, sample in zip(predictions, samples, strict=True):
            truth = numbers(sample, self.names)
            if all(value is None for value in truth):
                self._left_out += 1
                continue
            self._truths.append([np.nan if value is None else value for value in truth])
            self._found.append(prediction.numbers)
            self._keys.append(sample.key)
            self._deviations = prediction.deviations

    def score(self) -> float:
        """Mean absolute error so far, in the user's units. Raises `InputError` where no sample had a value."""
        return float(np.nanmean(errors(*self._collected()).mae))

    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        """Every figure; with `resamples=0` no intervals. Raises `InputError` where no sample had a value."""
        found, truth = self._collected()
        each = errors(found, truth)
        values = {name: float(np.nanmean(getattr(each, name))) for name in ("mae", "rmse", "r2")}
        return Result(
            headline=self.headline,
            higher_is_better=self.higher_is_better,
            values=values,
            intervals=self._intervals(found, truth, resamples, seed) if resamples else {},
            per_class=self._per_value(each),
            per="value",
            figures=FIGURES,
            weakest_by="r2",
            labels=self.names,
            mistakes=self._mistakes(found, truth, each),
            points=self._points(found, truth),
            count=len(truth),
            left_out=self._left_out,
        )

    def _collected(self) -> tuple[Array, Array]:
        if not self._truths:
            raise InputError(f"nothing to judge by: none of the {self._left_out} pictures has a value")
        return np.stack(self._found).astype(np.float64), np.array(self._truths, np.float64)

    def _intervals(self, found: Array, truth: Array, resamples: int, seed: int) -> dict[str, tuple[float, float]]:
        def figures(counts: Array) -> Array:
            drawn = errors(found, truth, counts)
            return np.stack([np.nanmean(getattr(drawn, name), axis=1) for name in ("mae", "rmse", "r2")], axis=1)

        drawn = intervals.bootstrap_pictures(len(truth), figures, resamples=resamples, seed=seed)
        return {name: intervals.percentile_interval(drawn[:, i]) for i, name in enumerate(("mae", "rmse", "r2"))}

    def _per_value(self, each: Errors) -> dict[str, dict[str, float]]:
        rows = {}
        for i, label in enumerate(self.names):
            if each.support[i]:
                figures = {name: float(getattr(each, name)[i]) for name in ("mae", "rmse", "r2")}
                rows[label] = {**figures, "support": int(each.support[i])}
        return rows

    def _mistakes(self, found: Array, truth: Array, each: Errors) -> list[Mistake]:
        """Every picture that is off, furthest first: by its largest error as a multiple of the value's usual one."""
        apart = np.nan_to_num(np.abs(found - truth)) / np.where(each.rmse > 0, each.rmse, 1.0)
        worst = np.argsort(-apart.max(axis=1), kind="stable")
        return [
            Mistake(self._keys[i], float(apart[i].max()), self._words(found[i], truth[i]))
            for i in worst
            if apart[i].max() > 0
        ]

    def _words(self, found: Array, truth: Array) -> str:
        parts = []
        for k in np.flatnonzero(np.isfinite(truth)):
            true, said = (shown(float(number[k]), float(self._deviations[k])) for number in (truth, found))
            parts.append(f"{self.names[k]} {true}, found {said}")
        return "; ".join(parts)

    def _points(self, found: Array, truth: Array) -> dict[str, list[tuple[float, float]]]:
        """Of each value pairs of truth and answer, evenly from all pictures."""
        points = {}
        for k, label in enumerate(self.names):
            known = np.flatnonzero(np.isfinite(truth[:, k]))
            some = known[:: -(-len(known) // POINTS) or 1]
            if len(some):
                points[label] = [(float(truth[i, k]), float(found[i, k])) for i in some]
        return points
