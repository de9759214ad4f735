"""How far two answers of a detector are apart: the proof of an export. numpy only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from clearsight.core.sample import Array

PIXELS = 5000.0
"""Half a pixel of the photograph counts as 1e-4, as do 1e-4 of a score: neither would be noticed."""


def detection_difference(one: Mapping[str, Array], other: Mapping[str, Array], floor: float) -> float:
    """The largest difference between boxes, in half pixels as `PIXELS` says, and between scores of two answers' final
    arrays.

    Equal scores may stand in another order, so each box is compared with the nearest one of its class in the other answer.
    One that has no counterpart counts by how far its score is above the least that was answered at all: a box at the
    edge of being left out may be left out by rounding, a surer one may not. inf where shapes differ or a value is no
    number.
    """
    if one.keys() != other.keys() or any(one[name].shape != other[name].shape for name in one):
        return float("inf")
    if not all(np.isfinite(value).all() for arrays in (one, other) for value in arrays.values()):
        return float("inf")
    return max(_unmatched(one, other, floor), _unmatched(other, one, floor))


def _unmatched(one: Mapping[str, Array], other: Mapping[str, Array], floor: float) -> float:
    """How far the boxes of `one` are from those of `other`."""
    there = other["scores"] > 0
    boxes, scores, classes = (other[name][there].astype(np.float64) for name in ("boxes", "scores", "classes"))
    least = float(scores.min()) if there.all() and len(scores) else floor
    largest = 0.0
    for box, score, label in zip(one["boxes"], one["scores"], one["classes"], strict=True):
        if score <= 0:
            continue
        same = classes == label
        alone = max(float(score) - least, 0.0)
        if same.any():
            pixels = np.abs(boxes[same] - box).max(1) / PIXELS
            nearest = np.maximum(pixels, np.abs(scores[same] - score)).min()
            alone = min(alone, float(nearest))
        largest = max(largest, alone)
    return largest
