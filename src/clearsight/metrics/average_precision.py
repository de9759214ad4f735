"""Average precision when pictures count several times or not at all: what bootstrap intervals are made of. numpy only.

COCO's AP is the mean over 101 recalls of the best precision at that recall or a higher one. Precision is worked out only at
hits, as between them it falls, for many resamples side by side: pictures are matched once, and a resample is how often
each counts. A picture that counts twice is as good as two equal ones: their boxes have the same scores, and of the points of
the curve within equal scores the last is never below the others' envelope.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from clearsight.metrics.detection import RECALLS
from clearsight.metrics.matching import Matches

Array = np.ndarray[Any, np.dtype[Any]]

CELLS = 4_000_000
"""Boxes times resamples worked on at a time: bounds the memory at some 150 MB."""


def average_precision(matches: Matches, counts: Array | None = None) -> Array:
    """AP float64 (r, K, T) of each class at each threshold, NaN where a resample has no truth of it.

    `counts` (r, N) is how often each picture occurs in r resamples; by default once in one.
    """
    counts = np.ones((1, matches.pictures), np.int64) if counts is None else counts
    times = np.ascontiguousarray(counts.T, np.int32)  # (N, r): resamples side by side in memory
    hits, ignored = matches.hits, matches.ignored
    judged = ~matches.truth.ignored
    found = np.full((counts.shape[0], matches.classes, len(hits)), np.nan)
    for k in range(matches.classes):
        rows = np.flatnonzero((matches.found.classes == k) & matches.found.counted)
        rows = rows[np.argsort(-matches.found.scores[rows], kind="stable")]
        truths = matches.truth.picture[judged & (matches.truth.classes == k)]
        if not len(truths):
            continue
        step = max(1, CELLS // max(1, len(rows), len(truths)))
        for first in range(0, counts.shape[0], step):
            part = slice(first, first + step)
            found[part, k] = _one_class(
                times[:, part], matches.found.picture[rows], truths, hits[:, rows], ignored[:, rows]
            )
    return found


def mean_over_classes(values: Array) -> Array:
    """Mean (r, T) of AP (r, K, T) over the classes that have truth, NaN where none has."""
    there = ~np.isnan(values)
    total, count = np.where(there, values, 0.0).sum(axis=1), there.sum(axis=1)
    mean: Array = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def interpolated(hits: Array, total: int) -> float:
    """AP of boxes by falling score, `hits` bool (D,), where there are `total` to be found, which must be above 0."""
    at = np.flatnonzero(hits)[:, None]
    reached = np.arange(1, len(at) + 1)[:, None]
    return float(_area(reached, reached / (at + 1), _Recalls(np.array([total])))[0])


def _one_class(times: Array, picture: Array, truths: Array, hits: Array, ignored: Array) -> Array:
    """AP (r, T) from how often pictures occur (N, r), the pictures of boxes by falling score (D,) and of truths (G,), and
    which boxes are right and which do not count, bool (T, D)."""
    recalls = _Recalls(times[truths].sum(axis=0, dtype=np.int64))
    weight = times[picture]
    taken = weight.cumsum(axis=0, dtype=np.int32)
    found = []
    for right, left_out in zip(hits, ignored, strict=True):
        at = np.flatnonzero(right)
        reached = weight[at].cumsum(axis=0, dtype=np.int32)
        judged = taken[at]
        if left_out.any():
            aside = np.flatnonzero(left_out)
            before = np.concatenate([np.zeros_like(weight[:1]), weight[aside].cumsum(axis=0, dtype=np.int32)])
            judged = judged - before[np.searchsorted(aside, at)]
        found.append(_area(reached, reached / np.maximum(judged, 1), recalls))
    return np.stack(found, axis=1)


class _Recalls:
    """How many of `RECALLS` so many hits reach, out of a total for each resample (r,), rounding as the COCO tools do."""

    def __init__(self, total: Array) -> None:
        # A table for each different total: looking up is far quicker than searching for every hit.
        sizes, which = np.unique(np.maximum(total, 1), return_inverse=True)
        starts = np.concatenate([[0], (sizes + 1).cumsum()])
        self.table = np.concatenate(
            [np.searchsorted(RECALLS, np.arange(n + 1) / n, side="right") for n in sizes.tolist()]
        ).astype(np.int8)
        self.start = starts[which]
        self.asked = total > 0

    def passed(self, reached: Array) -> Array:
        """Of hits (P, r), int8 (P, r), from 0 to 101."""
        found: Array = self.table[self.start + reached]
        return found


def _area(reached: Array, precision: Array, recalls: _Recalls) -> Array:
    """AP (r,) from hits so far (P, r) and precision (P, r) at each hit; NaN where nothing is to be found."""
    if not len(reached):
        return np.where(recalls.asked, 0.0, np.nan)
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    steps = np.diff(recalls.passed(reached), axis=0, prepend=np.int8(0))
    area = (envelope * steps).sum(axis=0) / len(RECALLS)
    return np.where(recalls.asked, area, np.nan)
