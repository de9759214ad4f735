"""The boxes of many pictures as flat arrays, and which of them overlap. numpy only.

A box is (x, y, width, height) in float64, as the COCO tools have it, so that the IoU of two boxes comes out of the same
operations in the same order as theirs, and a box on a threshold falls on the same side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

MOST = 100
"""Found boxes of a class and picture that COCO's figures count, those with the best scores (its largest `maxDets`)."""

MANY = 1000
"""The same where pictures have hundreds of objects, for figures of their own."""

CHUNK = 2_000_000
"""Pairs of boxes whose IoU is worked out at a time: bounds the memory at some 200 MB."""


def to_xywh(xyxy: Array) -> Array:
    """Corners (N, 4) → x, y, width, height, float64 (N, 4)."""
    corners = np.asarray(xyxy, np.float64).reshape(-1, 4)
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


@dataclass(frozen=True)
class TruthBoxes:
    """The annotated boxes of many pictures, by picture."""

    picture: Array  # int64 (G,), rising: places of pictures from 0
    boxes: Array  # float64 (G, 4), xywh in photo pixels
    classes: Array  # int64 (G,)
    ignored: Array  # bool (G,): crowds and difficult boxes, which are neither to be found nor wrong to be found
    area: Array  # float64 (G,), pixels²: by it a box is small, medium or large

    @classmethod
    def gather(
        cls, corners: Sequence[Array], classes: Sequence[Array], ignored: Sequence[Array], area: Sequence[Array] = ()
    ) -> Self:
        """From arrays for each picture: `corners` xyxy (n, 4), `classes` (n,), `ignored` (n,); `area` (n,) is by default the
        boxes' own."""
        boxes = to_xywh(_joined(corners, (0, 4)))
        sizes = np.asarray(_joined(area, (0,)), np.float64) if area else boxes[:, 2] * boxes[:, 3]
        picture = np.repeat(np.arange(len(corners)), [len(one) for one in corners])
        kinds = np.asarray(_joined(classes, (0,)), np.int64)
        return cls(picture, boxes, kinds, np.asarray(_joined(ignored, (0,)), bool), sizes)


@dataclass(frozen=True)
class FoundBoxes:
    """The boxes found in many pictures, by picture, class and falling score; of equal scores in the order given."""

    picture: Array  # int64 (D,), rising: places of pictures from 0
    boxes: Array  # float64 (D, 4), xywh in photo pixels
    classes: Array  # int64 (D,)
    scores: Array  # float64 (D,)
    rank: Array  # int64 (D,): place among the boxes of its class and picture, from 0
    most: int = MOST  # so many of a class and picture are counted

    @property
    def counted(self) -> Array:
        """Which boxes the figures count, bool (D,)."""
        best: Array = self.rank < self.most
        return best

    @classmethod
    def gather(cls, corners: Sequence[Array], classes: Sequence[Array], scores: Sequence[Array]) -> Self:
        """From arrays for each picture: `corners` xyxy (n, 4), `classes` (n,), `scores` (n,)."""
        picture = np.repeat(np.arange(len(corners)), [len(one) for one in corners])
        kinds = np.asarray(_joined(classes, (0,)), np.int64)
        values = np.asarray(_joined(scores, (0,)), np.float64)
        order = best_first(picture, kinds, values)
        picture, kinds, boxes = picture[order], kinds[order], to_xywh(_joined(corners, (0, 4))[order])
        return cls(picture, boxes, kinds, values[order], place_in_run(picture, kinds))


@dataclass(frozen=True)
class Overlaps:
    """Pairs of a found and an annotated box of the same picture, of whatever classes, by found box."""

    found: Array  # int64 (P,), rising
    truth: Array  # int64 (P,), rising within a found box
    iou: Array  # float64 (P,); with an ignored box the share of the found box that lies in it

    def where(self, which: Array) -> Overlaps:
        """Some of the pairs, `which` bool (P,)."""
        return Overlaps(self.found[which], self.truth[which], self.iou[which])


def overlaps(found: FoundBoxes, truth: TruthBoxes, least: float) -> Overlaps:
    """The pairs whose IoU is `least` or more, above 0."""
    starts = np.searchsorted(truth.picture, found.picture, side="left")
    counts = np.searchsorted(truth.picture, found.picture, side="right") - starts
    ends = counts.cumsum()
    parts, first = [], 0
    while first < len(counts):
        done = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        parts.append(_overlaps(found, truth, least, np.arange(first, last), starts, counts))
        first = last
    if not parts:
        return Overlaps(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return Overlaps(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("found", "truth", "iou")))


def iou(found: Array, truth: Array, ignored: Array) -> Array:
    """IoU float64 (P,) of boxes xywh (P, 4) each with the other of its row. An ignored one takes in whatever lies in it: the
    union is then the found box alone (COCO's rule for crowds). Boxes without area overlap nothing."""
    width = np.minimum(found[:, 2] + found[:, 0], truth[:, 2] + truth[:, 0]) - np.maximum(found[:, 0], truth[:, 0])
    height = np.minimum(found[:, 3] + found[:, 1], truth[:, 3] + truth[:, 1]) - np.maximum(found[:, 1], truth[:, 1])
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    area = found[:, 2] * found[:, 3]
    union = np.where(ignored, area, area + truth[:, 2] * truth[:, 3] - shared)
    share: Array = np.divide(shared, union, out=np.zeros(len(shared)), where=(shared > 0) & (union > 0))
    return share


def best_first(picture: Array, classes: Array, scores: Array) -> Array:
    """The order of what was found by picture, class and falling score, each (D,); of equal scores as given."""
    return np.lexsort((-scores, classes, picture))


def place_in_run(*keys: Array) -> Array:
    """How far each row is from the first of its run of equal keys, int64 (N,); equal keys lie together."""
    count = len(keys[0])
    fresh = np.ones(count, bool)
    if count:
        fresh[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    starts = np.flatnonzero(fresh)
    return np.arange(count) - np.repeat(starts, np.diff(np.append(starts, count)))


def _overlaps(
    found: FoundBoxes, truth: TruthBoxes, least: float, rows: Array, starts: Array, counts: Array
) -> Overlaps:
    one = np.repeat(rows, counts[rows])
    other = np.repeat(starts[rows], counts[rows]) + place_in_run(one)
    shares = iou(found.boxes[one], truth.boxes[other], truth.ignored[other])
    kept = (shares >= least) & (shares > 0)
    return Overlaps(one[kept], other[kept], shares[kept])


def _joined(parts: Sequence[Array], empty: tuple[int, ...]) -> Array:
    return np.concatenate([np.reshape(part, (-1, *empty[1:])) for part in parts]) if len(parts) else np.zeros(empty)
