"""What judging objects gives, whether boxes or masks were compared: rows, curves, kinds of error, intervals."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from clearsight.core.metric import Curves, Metric
from clearsight.core.prediction import Prediction
from clearsight.core.sample import Array
from clearsight.metrics import intervals
from clearsight.metrics.average_precision import average_precision, mean_over_classes
from clearsight.metrics.detection import RECALLS, CocoFigures
from clearsight.metrics.error_kinds import ErrorKinds
from clearsight.metrics.matching import Matches
from clearsight.metrics.operating_point import Decided

IOUS = {"0.5": 0, "0.75": 5, "0.9": 8}
"""IoUs that curves are drawn of, with their places among COCO's thresholds."""


P = TypeVar("P", bound=Prediction)


class ObjectMetric(Metric[P]):
    """A judge of objects, which also finds the scores from which they are best shown."""

    @abstractmethod
    def thresholds(self) -> tuple[float, ...]:
        """The score of each class from which its F1 is best. Raises `InputError` where there is no object to be found."""


def mean_precisions(matches: Matches, counts: Array) -> Array:
    """mAP50-95, mAP50 and mAP75, float64 (r, 3), where pictures count so many times, (r, N); NaN where nothing is to be
    found."""
    mean = mean_over_classes(average_precision(matches, counts))
    return np.stack([mean.mean(axis=1), mean[:, IOUS["0.5"]], mean[:, IOUS["0.75"]]], axis=1)


def bounds(drawn: Array, values: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """95 % intervals from figures of R resamples, (R, F), in the order of their values; resamples in which one is NaN are
    left out, as where few pictures have an object some have none."""
    drawn = drawn[~np.isnan(drawn).any(axis=1)]
    found = {}
    for column, (name, value) in enumerate(values.items()):
        low, high = intervals.percentile_interval(drawn[:, column], around=value)
        found[name] = (max(low, 0.0), min(high, 1.0))
    return found


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
