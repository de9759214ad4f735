"""How far two answers of objects are apart: the proof of an export. numpy only."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from clearsight.core.sample import Array

PIXELS = 5000.0
"""Half a pixel of the photograph counts as 1e-4, as do 1e-4 of a score: neither would be noticed."""

Finals = Mapping[str, Array]

Apart = Callable[[Finals, int, Finals, int], float]
"""How far a row of one answer and its counterpart in the other are apart in what they say beside box and score."""


def objects_difference(one: Finals, other: Finals, floor: float, more: Apart | None = None) -> float:
    """The largest difference between boxes, in half pixels as `PIXELS` says, between scores, and by `more`, of two answers'
    final arrays.

    Equal scores may stand in another order, so each box is compared with the nearest one of its class in the other answer
    that is no other's counterpart yet. One that has no counterpart counts by how far its score is above the least that was
    answered at all: a box at the edge of being left out may be left out by rounding, a surer one may not. inf where shapes
    differ or a value is no number.
    """
    if one.keys() != other.keys() or any(one[name].shape != other[name].shape for name in one):
        return float("inf")
    if not all(np.isfinite(value).all() for arrays in (one, other) for value in arrays.values()):
        return float("inf")
    return max(_unmatched(one, other, floor, more), _unmatched(other, one, floor, more))


def _unmatched(one: Finals, other: Finals, floor: float, more: Apart | None) -> float:
    """How far the objects of `one` are from those of `other`."""
    there = (other["scores"] > 0).nonzero()[0]
    boxes, scores, classes = (other[name][there].astype(np.float64) for name in ("boxes", "scores", "classes"))
    least = float(scores.min()) if len(there) == len(other["scores"]) and len(there) else floor
    free, largest = np.ones(len(classes), bool), 0.0
    for row, (box, score, label) in enumerate(zip(one["boxes"], one["scores"], one["classes"], strict=True)):
        if score <= 0:
            continue
        same = (free & (classes == label)).nonzero()[0]
        alone = max(float(score) - least, 0.0)
        if len(same):
            pixels = np.abs(boxes[same] - box).max(1) / PIXELS
            apart = np.maximum(pixels, np.abs(scores[same] - score))
            nearest = int(apart.argmin())
            found = float(apart[nearest])
            if more is not None and found < alone:
                found = max(found, more(one, row, other, int(there[same[nearest]])))
            if found < alone:
                free[same[nearest]], alone = False, found
        largest = max(largest, alone)
    return largest
