"""COCO's figures of found boxes, worked out by hotcoco, from plain arrays (Lin et al. 2014, arXiv 1405.0312).

A figure is −1 where there is no box that it could be of, and is left out of means, as the COCO tools do.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearsight.metrics.boxes import FoundBoxes, TruthBoxes

Array = np.ndarray[Any, np.dtype[Any]]

FIGURES = (
    *("map", "map50", "map75", "map_small", "map_medium", "map_large"),
    *("ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"),
)
"""The twelve, in the order of the COCO tools."""

RECALLS: Array = np.linspace(0.0, 1.0, 101)
"""Recalls that precision is read at."""


@dataclass(frozen=True)
class CocoFigures:
    """What the COCO tools work out. T = 10 thresholds, R = 101 recalls, K classes, A = 4 ranges of area (all,
    up to 32² photo pixels, up to 96², beyond), M = 3 counts of boxes (1, 10, 100)."""

    values: Mapping[str, float]  # of `FIGURES`; −1 where there is nothing to judge
    precision: Array  # float64 (T, R, K, A, M): best precision at that recall or more, −1 where there is no truth
    recall: Array  # float64 (T, K, A, M), −1 where there is no truth

    @property
    def ap(self) -> Array:
        """AP of each class over all thresholds, float64 (K,)."""
        return _mean(self.precision[:, :, :, 0, -1], (0, 1))

    def ap_at(self, threshold: int) -> Array:
        """AP of each class at one of the thresholds, by its place: 0 is an IoU of 0.5, 5 of 0.75; float64 (K,)."""
        return _mean(self.precision[threshold, :, :, 0, -1], 0)

    def curve(self, threshold: int, one: int) -> Array:
        """Precision of a class at `RECALLS`, float64 (R,)."""
        curve: Array = self.precision[threshold, :, one, 0, -1]
        return curve


def coco_figures(found: FoundBoxes, truth: TruthBoxes, pictures: int, classes: int) -> CocoFigures:
    """The figures of boxes in `pictures` pictures and of `classes` classes."""
    import hotcoco

    images = [{"id": place + 1} for place in range(pictures)]
    kinds = [{"id": place + 1, "name": str(place)} for place in range(classes)]
    known = hotcoco.COCO.from_arrays(
        images,
        kinds,
        truth.picture + 1,
        truth.classes + 1,
        truth.boxes,
        area=truth.area,
        iscrowd=truth.ignored,
    )
    rows = np.column_stack([found.picture + 1, found.boxes, found.scores, found.classes + 1])
    judge = hotcoco.COCOeval(known, known.load_res(rows), "bbox")
    judge.evaluate()
    judge.accumulate()
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its table
        judge.summarize()
    values = dict(zip(FIGURES, map(float, judge.stats), strict=True))
    arrays = judge.eval
    assert arrays is not None  # it has been accumulated
    return CocoFigures(values, np.asarray(arrays["precision"]), np.asarray(arrays["recall"]))


def _mean(values: Array, axes: int | tuple[int, ...]) -> Array:
    """Mean over some axes of what is there; −1 where nothing is."""
    there = values > -1
    total, count = np.where(there, values, 0.0).sum(axes), there.sum(axes)
    mean: Array = np.where(count > 0, total / np.maximum(count, 1), -1.0)
    return mean
