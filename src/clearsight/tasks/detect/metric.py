"""Judging boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np

from clearsight.core.metric import Figure
from clearsight.core.sample import Array, Sample
from clearsight.metrics.boxes import FoundBoxes, TruthBoxes
from clearsight.metrics.detection import coco_figures
from clearsight.metrics.matching import Matches, match
from clearsight.tasks.detect.prediction import Detections
from clearsight.tasks.detect.words import FIGURES
from clearsight.tasks.objects.judging import Compared, ObjectMetric, flags
from clearsight.tasks.objects.sample import classes_of


class DetectMetric(ObjectMetric[Detections]):
    """Compares boxes with those of each sample, in pixels of the photograph, by COCO's rules.

    Crowds and difficult boxes are neither to be found nor wrong to be found. For the rest see `ObjectMetric`.
    """

    what: ClassVar[Literal["box", "mask"]] = "box"
    figures: ClassVar[Mapping[str, Figure]] = FIGURES

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__(labels)
        self._found: list[tuple[Array, Array, Array]] = []  # corners (n, 4), classes (n,), scores (n,)
        self._truth: list[tuple[Array, Array, Array, Array]] = []  # corners (n, 4), classes, ignored and area (n,)

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
        return coco_figures(*self._collected(), len(self._keys), len(self.labels)).values["map"]

    def _annotated(self, sample: Sample) -> tuple[Array, Array, Array, Array] | None:
        """Corners, classes, which boxes are not judged, and areas; None where the sample is not annotated."""
        boxes = sample.boxes
        if boxes is None:
            return None
        numbers = np.array(classes_of(sample.key, boxes.labels, self.labels, "box"), np.int64)
        area = boxes.area
        if area is None:
            corners = np.asarray(boxes.xyxy, np.float64)
            area = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
        return boxes.xyxy, numbers, flags(len(boxes.labels), boxes.crowd, boxes.difficult), area

    def _collected(self) -> tuple[FoundBoxes, TruthBoxes]:
        self._require(not all(ignored.all() for _, _, ignored, _ in self._truth))
        found = FoundBoxes.gather(*(list(column) for column in zip(*self._found, strict=True)))
        return found, TruthBoxes.gather(*(list(column) for column in zip(*self._truth, strict=True)))

    def _compared(self) -> Compared:
        found, truth = self._collected()
        coco = coco_figures(found, truth, len(self._keys), len(self.labels))
        return Compared(coco, coco, match(found, truth, len(self._keys), len(self.labels)))

    def _matched(self) -> Matches:
        return match(*self._collected(), len(self._keys), len(self.labels))
