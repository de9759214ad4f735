"""Judging a detector: COCO's figures, their intervals, and what it got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.metric import Result
from clearsight.core.sample import Array, Sample
from clearsight.metrics import intervals
from clearsight.metrics.boxes import FoundBoxes, TruthBoxes
from clearsight.metrics.detection import CocoFigures, coco_figures
from clearsight.metrics.error_kinds import error_kinds
from clearsight.metrics.matching import Matches, match
from clearsight.metrics.operating_point import best_thresholds, decide
from clearsight.tasks.detect.prediction import Detections
from clearsight.tasks.detect.words import FIGURES
from clearsight.tasks.objects import judging
from clearsight.tasks.objects.mistakes import Mistakes
from clearsight.tasks.objects.sample import classes_of


class DetectMetric(judging.ObjectMetric[Detections]):
    """Compares boxes with those of each sample, in pixels of the photograph, by COCO's rules.

    Samples whose boxes are not annotated are counted in `left_out`. Crowds and difficult boxes are neither to be found nor
    wrong to be found. Figures of a size that no annotated box has are left out; a class without a box to be found has an AP
    of −1, as in the COCO tools, and is left out of the means.
    """

    headline: ClassVar[str] = "map"

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
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
        matches = self._matched(found, truth)
        thresholds = best_thresholds(matches)
        decided = decide(matches, thresholds)
        kinds = error_kinds(matches)
        values = {name: value for name, value in coco.values.items() if value > -1}
        return Result(
            headline=self.headline,
            higher_is_better=self.higher_is_better,
            values=values,
            intervals=self._intervals(matches, values, resamples, seed) if resamples else {},
            per_class=judging.per_class(coco, decided, thresholds, self.labels),
            confusion=decided.confusion.tolist(),
            background="background",
            figures=FIGURES,
            weakest_by="ap",
            labels=self.labels,
            curves=judging.curves(coco, self.labels),
            breakdown=judging.breakdown(kinds),
            mistakes=Mistakes(matches, decided, kinds, thresholds, self._keys, self.labels, "box")(),
            count=len(self._keys),
            left_out=self._left_out,
        )

    def thresholds(self) -> tuple[float, ...]:
        """The score of each class from which its F1 is best. Raises `InputError` where there is no box to be found."""
        return tuple(map(float, best_thresholds(self._matched(*self._collected()))))

    def _annotated(self, sample: Sample) -> tuple[Array, Array, Array, Array] | None:
        """Corners, classes, which boxes are not judged, and areas; None where the sample is not annotated."""
        boxes = sample.boxes
        if boxes is None:
            return None
        numbers = np.array(classes_of(sample.key, boxes.labels, self.labels, "box"), np.int64)
        ignored = np.zeros(len(boxes.labels), bool)
        for flags in (boxes.crowd, boxes.difficult):
            if flags is not None:
                ignored |= np.asarray(flags, bool)
        area = boxes.area
        if area is None:
            corners = np.asarray(boxes.xyxy, np.float64)
            area = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
        return boxes.xyxy, numbers, ignored, area

    def _collected(self) -> tuple[FoundBoxes, TruthBoxes]:
        truth = TruthBoxes.gather(*(list(column) for column in zip(*self._truth, strict=True))) if self._truth else None
        if truth is None or truth.ignored.all():
            count = len(self._keys) + self._left_out
            raise InputError(f"nothing to judge by: none of the {count} pictures has a box to be found")
        return FoundBoxes.gather(*(list(column) for column in zip(*self._found, strict=True))), truth

    def _coco(self, found: FoundBoxes, truth: TruthBoxes) -> CocoFigures:
        return coco_figures(found, truth, len(self._keys), len(self.labels))

    def _matched(self, found: FoundBoxes, truth: TruthBoxes) -> Matches:
        return match(found, truth, len(self._keys), len(self.labels))

    def _intervals(
        self, matches: Matches, values: dict[str, float], resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        pictures = np.arange(len(self._keys))[:, None]
        drawn = intervals.bootstrap(
            pictures,
            lambda distinct, counts: judging.mean_precisions(matches, counts),
            resamples=resamples,
            seed=seed,
        )
        return judging.bounds(drawn, {name: values[name] for name in ("map", "map50", "map75")})
