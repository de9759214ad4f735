"""How far two answers of a segmenter are apart: the proof of an export. numpy only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from clearsight.core.sample import Array

OVERLAP = 0.995
"""The IoU of a class in both masks that counts as 1e-4, the difference that nobody would notice."""

ROUNDING = 1e-5
"""Share of a photograph's pixels, at least one, that may be of another class by rounding: on the border between two classes
both are equally likely, and the last digit decides."""


def segmentation_difference(one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
    """How far the masks of two answers' final arrays are apart, by the class that overlaps least: 1 − IoU, scaled so that
    `OVERLAP` is 1e-4; 0 where no more pixels differ than `ROUNDING` explains. Probabilities, where there are some, count as
    they are. inf where shapes differ or a value is no number.
    """
    if one.keys() != other.keys() or any(one[name].shape != other[name].shape for name in one):
        return float("inf")
    largest = _masks_apart(one["mask"], other["mask"]) * 1e-4 / (1 - OVERLAP)
    if "probabilities" in one:
        apart = np.abs(one["probabilities"].astype(np.float64) - other["probabilities"]).max(initial=0.0)
        largest = max(largest, float(apart)) if np.isfinite(apart) else float("inf")
    return largest


def _masks_apart(one: Array, other: Array) -> float:
    """1 − the least IoU of a class that either mask has; 0 where the masks differ by rounding alone."""
    if (one != other).sum() <= max(1.0, ROUNDING * one.size):
        return 0.0
    first, second, both = (np.bincount(found.ravel(), minlength=256) for found in (one, other, one[one == other]))
    either = first + second - both
    there = either > 0
    return float(1 - (both[there] / either[there]).min())
