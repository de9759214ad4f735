"""What judging objects gives, whether boxes or masks were compared: rows, curves, kinds of error, intervals."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal, TypeVar

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.metric import Curves, Figure, Metric, Result
from clearsight.core.prediction import Prediction
from clearsight.core.sample import Array
from clearsight.metrics import intervals
from clearsight.metrics.average_precision import average_precision, mean_over_classes
from clearsight.metrics.detection import RECALLS, CocoFigures
from clearsight.metrics.error_kinds import ErrorKinds, error_kinds
from clearsight.metrics.matching import Matches
from clearsight.metrics.operating_point import Decided, best_thresholds, decide
from clearsight.ops.rle import Runs
from clearsight.tasks.objects.mistakes import Mistakes

IOUS = {"0.5": 0, "0.75": 5, "0.9": 8}
"""IoUs that curves are drawn of, with their places among COCO's thresholds."""


P = TypeVar("P", bound=Prediction)


@dataclass(frozen=True)
class Compared:
    """What was found beside what is annotated."""

    few: CocoFigures  # of the hundred best objects of a class in a picture, as COCO's own
    many: CocoFigures  # of as many as the matches count
    matches: Matches
    masks: tuple[Sequence[Runs], Sequence[Runs]] | None = None  # those found and annotated, in the rows of the matches


class ObjectMetric(Metric[P]):
    """A judge of objects by COCO's rules, which also finds the scores from which they are best shown.

    Samples that are not annotated are counted in `left_out`. Figures of a size that no annotated object has are left out; a
    class without an object to be found has an AP of −1, as in the COCO tools, and is left out of the means.
    """

    headline: ClassVar[str] = "map"

    what: ClassVar[Literal["box", "mask"]]
    """What is compared."""

    figures: ClassVar[Mapping[str, Figure]]
    """The figures in words."""

    bounded: ClassVar[tuple[str, ...]] = ("map", "map50", "map75")
    """Figures that get intervals."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._keys: list[str] = []  # of the pictures that are judged
        self._left_out = 0

    @abstractmethod
    def _compared(self) -> Compared:
        """All pictures so far. Raises `InputError` where there is no object to be found."""

    @abstractmethod
    def _matched(self) -> Matches:
        """The same without COCO's figures."""

    def _values(self, compared: Compared) -> Mapping[str, float]:
        """All figures, −1 for those of nothing."""
        return compared.few.values

    def _resampled(self, matches: Matches) -> Callable[[Array], Array]:
        """What gives the figures that are `bounded`, (r, F), for pictures that count so many times, int64 (r, N)."""
        return partial(mean_precisions, matches)

    def thresholds(self) -> tuple[float, ...]:
        """The score of each class from which its F1 is best, of what `watch` has taken in too. Raises `InputError` where there is
        no object to be found."""
        return tuple(map(float, best_thresholds(self._matched())))

    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        """Every figure; with `resamples=0` no intervals. Raises `InputError` where there is no object to be found."""
        compared = self._compared()
        matches = compared.matches
        thresholds, kinds = best_thresholds(matches), error_kinds(matches)
        decided = decide(matches, thresholds)
        values = {name: value for name, value in self._values(compared).items() if value > -1}
        return Result(
            headline=self.judged_by(),
            higher_is_better=self.higher_is_better,
            values=values,
            intervals=self._intervals(matches, values, resamples, seed) if resamples else {},
            per_class=per_class(compared.few, decided, thresholds, self.labels),
            confusion=decided.confusion.tolist(),
            background="background",
            figures=self.figures,
            weakest_by="ap",
            labels=self.labels,
            curves=curves(compared.many, self.labels),
            breakdown=breakdown(kinds),
            mistakes=Mistakes(
                matches, decided, kinds, thresholds, self._keys, self.labels, self.what, compared.masks
            )(),
            count=len(self._keys),
            left_out=self._left_out,
        )

    def _intervals(
        self, matches: Matches, values: Mapping[str, float], resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        drawn = intervals.bootstrap_pictures(len(self._keys), self._resampled(matches), resamples=resamples, seed=seed)
        return intervals.bounds(drawn, self.bounded, values)

    def _require(self, there: bool) -> None:
        """Raises `InputError` unless there is an object to be found."""
        if not there:
            count = len(self._keys) + self._left_out
            raise InputError(
                f"nothing to judge by: none of the {count} pictures has a {self.what} to be found; "
                "judge on pictures that have: --data"
            )


def flags(count: int, *marked: Array | None) -> Array:
    """Of each of so many objects whether it is marked in any of these ways, bool (N,)."""
    found = np.zeros(count, bool)
    for each in marked:
        if each is not None:
            found |= np.asarray(each, bool)
    return found


def mean_precisions(matches: Matches, counts: Array) -> Array:
    """mAP50-95, mAP50 and mAP75, float64 (r, 3), where pictures count so many times, (r, N); NaN where nothing is to be
    found."""
    mean = mean_over_classes(average_precision(matches, counts))
    return np.stack([mean.mean(axis=1), mean[:, IOUS["0.5"]], mean[:, IOUS["0.75"]]], axis=1)


def per_class(
    coco: CocoFigures, decided: Decided, thresholds: Array, labels: Sequence[str]
) -> dict[str, dict[str, float]]:
    """A row for each class: AP, the threshold at which F1 is best, and what there is to be had at it."""
    columns = {
        "ap": coco.ap,
        "ap50": coco.ap_at(IOUS["0.5"]),
        "threshold": thresholds,
        "precision": decided.ratios.precision,
        "recall": decided.ratios.recall,
        "f1": decided.ratios.f1,
    }
    return {
        label: {name: float(column[k]) for name, column in columns.items()}
        | {"support": int(decided.ratios.support[k])}
        for k, label in enumerate(labels)
    }


def curves(coco: CocoFigures, labels: Sequence[str]) -> list[Curves]:
    """Precision over recall: of each class at an IoU of 0.5, and of their mean at several."""
    there = [k for k in range(len(labels)) if coco.recall[0, k, 0, -1] > -1]
    means = {name: np.mean([coco.curve(at, k) for k in there], axis=0) for name, at in IOUS.items()}
    classes = {labels[k]: _points(coco.curve(IOUS["0.5"], k)) for k in there}
    every = {"all classes": _points(means["0.5"])} if len(there) > 1 else {}
    return [
        Curves("Precision and recall, IoU 0.5", "recall", "precision", every | classes),
        Curves(
            "Precision and recall by IoU",
            "recall",
            "precision",
            {f"IoU {name}": _points(mean) for name, mean in means.items()},
        ),
    ]


def breakdown(kinds: ErrorKinds) -> dict[str, dict[str, float]]:
    """How many errors there are of each kind and what they cost."""
    return {name: {"count": kinds.counts[name], "cost": cost} for name, cost in kinds.costs.items()}


def _points(precision: Array) -> list[tuple[float, float]]:
    return [(round(float(x), 2), round(float(y), 4)) for x, y in zip(RECALLS, precision, strict=True)]
