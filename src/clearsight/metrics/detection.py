"""COCO's figures of found boxes, worked out by hotcoco, from plain arrays (Lin et al. 2014, arXiv 1405.0312); those of masks
are in `instances`.

A figure is −1 where there is no box that it could be of, and is left out of means, as the COCO tools do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
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
    up to 32² photo pixels, up to 96², beyond), M = 3 counts of boxes (1, 10, and 100 or another number)."""

    precision: Array  # float64 (T, R, K, A, M): best precision at that recall or more, −1 where there is no truth
    recall: Array  # float64 (T, K, A, M), −1 where there is no truth

    @cached_property
    def values(self) -> dict[str, float]:
        """The twelve by their names in `FIGURES`; −1 where there is nothing to judge."""
        p, r = self.precision, self.recall
        precision = [p[..., 0, -1], p[0, ..., 0, -1], p[5, ..., 0, -1], *(p[..., size, -1] for size in (1, 2, 3))]
        recall = [*(r[..., 0, count] for count in range(3)), *(r[..., size, -1] for size in (1, 2, 3))]
        return {name: float(_mean(part, None)) for name, part in zip(FIGURES, precision + recall, strict=True)}

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
    arrays = judge.eval
    assert arrays is not None  # it has been accumulated
    return CocoFigures(np.asarray(arrays["precision"]), np.asarray(arrays["recall"]))


def _mean(values: Array, axes: int | tuple[int, ...] | None) -> Array:
    """Mean over some axes of what is there; −1 where nothing is."""
    there = values > -1
    total, count = np.where(there, values, 0.0).sum(axes), there.sum(axes)
    mean: Array = np.where(count > 0, total / np.maximum(count, 1), -1.0)
    return mean
