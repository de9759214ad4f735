"""Judging a classifier: its figures, their intervals, and what it got wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.metric import Metric, Mistake, Result
from clearsight.core.sample import Array, Sample, require_known
from clearsight.metrics import calibration, classification, intervals
from clearsight.tasks.classify.prediction import Classification
from clearsight.tasks.classify.words import FIGURES


class ClassifyMetric(Metric[Classification]):
    """Compares predictions with the one label of each sample.

    Samples without a label are counted in `left_out`. Of each picture a few numbers are kept, never its
    probabilities, so that the size of a set and the number of its classes do not matter.
    """

    headline: ClassVar[str] = "accuracy"

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._index = {label: i for i, label in enumerate(self.labels)}
        self._keys: list[str] = []
        self._facts: list[Array] = []  # each int64 (B, 4): truth, predicted, rank of the truth, whether rejected
        self._chances: list[Array] = []  # each float32 (B, 2): probability of the predicted and the true class
        self._left_out = 0
        self._rejects = False  # whether the model has a threshold

    def update(self, predictions: Sequence[Classification], samples: Sequence[Sample]) -> None:
        """Take in predictions and their samples. Raises `InputError` on a label the model does not know."""
        judged = []
        for prediction, sample in zip(predictions, samples, strict=True):
            truth = self._truth(sample)
            if truth is None:
                self._left_out += 1
            else:
                judged.append((prediction.probabilities, truth, bool(prediction.rejected)))
                self._rejects |= prediction.rejected is not None
                self._keys.append(sample.key)
        if not judged:
            return
        probabilities = np.stack([scores for scores, _, _ in judged])
        truths = np.array([truth for _, truth, _ in judged], np.int64)
        rejected = np.array([no for _, _, no in judged], np.int64)
        predicted = probabilities.argmax(axis=1)
        rows = np.arange(len(truths))
        ranks = classification.truth_ranks(probabilities, truths)
        self._facts.append(np.stack([truths, predicted, ranks, rejected], axis=1))
        self._chances.append(np.stack([probabilities[rows, predicted], probabilities[rows, truths]], axis=1))

    def score(self) -> float:
        """Accuracy so far, from 0 to 1. Raises `InputError` where no sample had a label."""
        facts, _ = self._collected()
        return classification.accuracy(facts[:, 0], facts[:, 1])

    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        """Every figure; with `resamples=0` no intervals. Raises `InputError` where no sample had a label."""
        facts, chances = self._collected()
        truth, predicted = facts[:, 0], facts[:, 1]
        confusion = classification.confusion_matrix(truth, predicted, len(self.labels))
        ratios = classification.per_class(confusion)
        figures = self._figures(facts, np.ones((1, len(facts)), np.int64))
        values = {name: float(figure[0]) for name, figure in figures.items()}
        bounds = self._intervals(facts, values, resamples, seed) if resamples else {}
        for name in ("precision", "recall"):
            values[f"macro_{name}"] = float(ratios.macro(getattr(ratios, name)))
            values[f"weighted_{name}"] = float(ratios.weighted(getattr(ratios, name)))
        values["nll"] = calibration.negative_log_likelihood(chances[:, 1])
        values["ece"] = calibration.expected_calibration_error(chances[:, 0], truth == predicted)
        return Result(
            headline=self.headline,
            higher_is_better=self.higher_is_better,
            values=values,
            intervals=bounds,
            per_class=self._per_class(ratios),
            confusion=confusion.tolist(),
            figures=FIGURES,
            weakest_by="f1",
            labels=self.labels,
            mistakes=self._mistakes(facts, chances),
            count=len(facts),
            left_out=self._left_out,
        )

    def _truth(self, sample: Sample) -> int | None:
        if not sample.labels:
            return None
        if len(sample.labels) > 1:
            raise InputError(f"{sample.key} has {len(sample.labels)} labels; this judges one label a picture")
        require_known(sample.key, sample.labels, self.labels)
        return self._index[sample.labels[0]]

    def _collected(self) -> tuple[Array, Array]:
        if not self._facts:
            raise InputError(f"nothing to judge by: none of the {self._left_out} pictures has a label")
        return np.concatenate(self._facts), np.concatenate(self._chances)

    def _figures(self, distinct: Array, counts: Array) -> dict[str, Array]:
        """The figures that get intervals, each float64 (r,), from distinct facts (U, 4) and their counts (r, U)."""
        truth, predicted, rank, rejected = distinct.T
        right = truth == predicted
        total = counts.sum(axis=1)
        figures = {"accuracy": counts @ right / total}
        classes = len(self.labels)
        if classes > 5:
            figures["top5"] = counts @ (rank < 5) / total
        if self._rejects:  # Geifman and El-Yaniv 2017
            answered = counts * (1 - rejected)
            figures["coverage"] = answered.sum(axis=1) / total
            figures["selective_accuracy"] = answered @ right / np.maximum(answered.sum(axis=1), 1)
        ratios = classification.precision_recall_f1(
            intervals.sum_by(counts * right, truth, classes),
            intervals.sum_by(counts, truth, classes),
            intervals.sum_by(counts, predicted, classes),
        )
        figures["macro_f1"] = ratios.macro(ratios.f1)
        figures["weighted_f1"] = ratios.weighted(ratios.f1)
        return figures

    def _intervals(
        self, facts: Array, values: Mapping[str, float], resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        coarse = facts.copy()
        coarse[:, 2] = np.where(facts[:, 2] < 5, 0, 5)  # all that the figures ask of it; few distinct facts
        found = intervals.bootstrap(
            coarse,
            lambda distinct, counts: np.stack([*self._figures(distinct, counts).values()], axis=1),
            resamples=resamples,
            seed=seed,
        )
        bounds = {}
        for (name, value), drawn in zip(values.items(), found.T, strict=True):
            low, high = intervals.percentile_interval(drawn, around=value if name.endswith("f1") else None)
            bounds[name] = (max(low, 0.0), min(high, 1.0))
        return bounds

    def _per_class(self, ratios: classification.PerClass) -> dict[str, dict[str, float]]:
        names = ("precision", "recall", "f1")
        return {
            label: {name: float(getattr(ratios, name)[i]) for name in names} | {"support": int(ratios.support[i])}
            for i, label in enumerate(self.labels)
        }

    def _mistakes(self, facts: Array, chances: Array) -> list[Mistake]:
        """Most confident in the wrong class first; of equal ones in the order of the pictures."""
        wrong = np.flatnonzero(facts[:, 0] != facts[:, 1])
        worst = wrong[np.argsort(-chances[wrong, 0], kind="stable")]
        return [
            Mistake(
                self._keys[i],
                float(chances[i, 0]),
                f"{self.labels[facts[i, 0]]}, taken for {self.labels[facts[i, 1]]} ({chances[i, 0]:.2f})",
            )
            for i in worst
        ]
