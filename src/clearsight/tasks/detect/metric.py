"""Judging a detector: COCO's figures, their intervals, and what it got wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.metric import Curves, Metric, Result
from clearsight.core.sample import Array, Sample
from clearsight.metrics import intervals
from clearsight.metrics.average_precision import average_precision, mean_over_classes
from clearsight.metrics.boxes import FoundBoxes, TruthBoxes
from clearsight.metrics.detection import RECALLS, CocoFigures, coco_figures
from clearsight.metrics.error_kinds import ErrorKinds, error_kinds
from clearsight.metrics.matching import Matches, match
from clearsight.metrics.operating_point import Decided, best_thresholds, decide
from clearsight.tasks.detect.mistakes import Mistakes
from clearsight.tasks.detect.prediction import Detections
from clearsight.tasks.detect.words import FIGURES

IOUS = {"0.5": 0, "0.75": 5, "0.9": 8}
"""IoUs that curves are drawn of, with their places among COCO's thresholds."""


class DetectMetric(Metric[Detections]):
    """Compares boxes with those of each sample, in pixels of the photograph, by COCO's rules.

    Samples whose boxes are not annotated are counted in `left_out`. Crowds and difficult boxes are neither to be found nor
    wrong to be found. Figures of a size that no annotated box has are left out; a class without a box to be found has an AP
    of −1, as in the COCO tools, and is left out of the means.
    """

    headline: ClassVar[str] = "map"

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._index = {label: i for i, label in enumerate(self.labels)}
        self._keys: list[str] = []
        self._found: list[tuple[Array, Array, Array]] = []  # corners (n, 4), classes (n,), scores (n,)
        self._truth: list[tuple[Array, Array, Array, Array]] = []  # corners (n, 4), classes, ignored and area (n,)
        self._left_out = 0

    def update(self, predictions: Sequence[Detections], samples: Sequence[Sample]) -> None:
        """Take in predictions and their samples. Raises `InputError` on a label the model does not know."""
        for prediction, sample in zip(predictions, samples, strict=True):
            truth = self._annotated(sample)
            if truth is None:
                self._left_out += 1
                continue
            self._keys.append(sample.key)
            self._truth.append(truth)
            self._found.append((prediction.boxes, prediction.classes, prediction.scores))

    def score(self) -> float:
        """mAP50-95 so far, from 0 to 1. Raises `InputError` where there is no box to be found."""
        return self._coco(*self._collected()).values["map"]

    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        """Every figure; with `resamples=0` no intervals. Raises `InputError` where there is no box to be found."""
        found, truth = self._collected()
        coco = self._coco(found, truth)
        matches = match(found, truth, len(self._keys), len(self.labels))
        thresholds = best_thresholds(matches)
        decided = decide(matches, thresholds)
        kinds = error_kinds(matches)
        values = {name: value for name, value in coco.values.items() if value > -1}
        return Result(
            headline=self.headline,
            higher_is_better=self.higher_is_better,
            values=values,
            intervals=self._intervals(matches, values, resamples, seed) if resamples else {},
            per_class=self._per_class(coco, decided, thresholds),
            confusion=decided.confusion.tolist(),
            background="background",
            figures=FIGURES,
            weakest_by="ap",
            labels=self.labels,
            curves=self._curves(coco),
            breakdown=_breakdown(kinds),
            mistakes=Mistakes(matches, decided, kinds, thresholds, self._keys, self.labels)(),
            count=len(self._keys),
            left_out=self._left_out,
        )

    def thresholds(self) -> tuple[float, ...]:
        """The score of each class from which its F1 is best. Raises `InputError` where there is no box to be found."""
        found, truth = self._collected()
        return tuple(map(float, best_thresholds(match(found, truth, len(self._keys), len(self.labels)))))

    def _annotated(self, sample: Sample) -> tuple[Array, Array, Array, Array] | None:
        """Corners, classes, which boxes are not judged, and areas; None where the sample is not annotated."""
        boxes = sample.boxes
        if boxes is None:
            return None
        for label in boxes.labels:
            if label not in self._index:
                known = ", ".join(self.labels[:10]) + (", …" if len(self.labels) > 10 else "")
                raise InputError(
                    f"{sample.key} has a box of {label!r}, which the model does not know; it knows {known}"
                )
        ignored = np.zeros(len(boxes.labels), bool)
        for flags in (boxes.crowd, boxes.difficult):
            if flags is not None:
                ignored |= np.asarray(flags, bool)
        area = boxes.area
        if area is None:
            corners = np.asarray(boxes.xyxy, np.float64)
            area = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
        return boxes.xyxy, np.array([self._index[label] for label in boxes.labels], np.int64), ignored, area

    def _collected(self) -> tuple[FoundBoxes, TruthBoxes]:
        truth = TruthBoxes.gather(*(list(column) for column in zip(*self._truth, strict=True))) if self._truth else None
        if truth is None or truth.ignored.all():
            count = len(self._keys) + self._left_out
            raise InputError(f"nothing to judge by: none of the {count} pictures has a box to be found")
        return FoundBoxes.gather(*(list(column) for column in zip(*self._found, strict=True))), truth

    def _coco(self, found: FoundBoxes, truth: TruthBoxes) -> CocoFigures:
        return coco_figures(found, truth, len(self._keys), len(self.labels))

    def _intervals(
        self, matches: Matches, values: Mapping[str, float], resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        def figures(distinct: Array, counts: Array) -> Array:
            mean = mean_over_classes(average_precision(matches, counts))
            return np.stack([mean.mean(axis=1), mean[:, IOUS["0.5"]], mean[:, IOUS["0.75"]]], axis=1)

        pictures = np.arange(len(self._keys))[:, None]
        drawn = intervals.bootstrap(pictures, figures, resamples=resamples, seed=seed)
        drawn = drawn[~np.isnan(drawn).any(axis=1)]  # where few pictures have a box, some resamples have none
        bounds = {}
        for column, name in enumerate(("map", "map50", "map75")):
            low, high = intervals.percentile_interval(drawn[:, column], around=values[name])
            bounds[name] = (max(low, 0.0), min(high, 1.0))
        return bounds

    def _per_class(self, coco: CocoFigures, decided: Decided, thresholds: Array) -> dict[str, dict[str, float]]:
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
            for k, label in enumerate(self.labels)
        }

    def _curves(self, coco: CocoFigures) -> list[Curves]:
        """Precision over recall: of each class at an IoU of 0.5, and of their mean at several."""
        there = [k for k in range(len(self.labels)) if coco.recall[0, k, 0, -1] > -1]
        means = {name: np.mean([coco.curve(at, k) for k in there], axis=0) for name, at in IOUS.items()}
        classes = {self.labels[k]: _points(coco.curve(IOUS["0.5"], k)) for k in there}
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


def _points(precision: Array) -> list[tuple[float, float]]:
    return [(round(float(x), 2), round(float(y), 4)) for x, y in zip(RECALLS, precision, strict=True)]


def _breakdown(kinds: ErrorKinds) -> dict[str, dict[str, float]]:
    return {name: {"count": kinds.counts[name], "cost": cost} for name, cost in kinds.costs.items()}
