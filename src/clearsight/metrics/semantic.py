"""How right the class of each pixel is. Pure functions, numpy only.

A picture's pixels are counted by what they are and what they were taken for; figures come from the counts of all pictures
together, as is customary (Everingham et al. 2010; Cordts et al. 2016). Pixels that nobody has annotated are not
counted. A mean over classes is over those that occur, in the truth or in the answer, anywhere in the set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def pixel_confusion(truth: Array, found: Array, classes: int, void: int = 255) -> Array:
    """Pixels int64 (K, K) of one picture, rows the truth and columns the answer, from two masks uint8 (H, W).

    Pixels whose truth is `void` are left out. Raises `ValueError` where the sizes differ or where another value is not
    under `classes`.
    """
    if truth.shape != found.shape:
        raise ValueError(f"masks of one size are needed, these are {truth.shape} and {found.shape}")
    cells = np.bincount((truth.astype(np.uint16) << 8 | found).ravel(), minlength=1 << 16).reshape(256, 256)
    known = cells[:classes, :classes]
    if int(known.sum()) != truth.size - int(cells[void].sum()):
        raise ValueError(
            f"masks of {classes} classes have values up to {classes - 1}, or {void} where nothing is known"
        )
    return np.array(known, np.int64)


@dataclass(frozen=True)
class Regions:
    """Figures of each class, float64 (..., K), NaN for one that occurs neither in truth nor in answers."""

    iou: Array  # of the pixels that are of the class or taken for it, the share that are both
    dice: Array  # the same as F1: twice those that are both, over the sum of those that are and those taken for it
    accuracy: Array  # float64 (...): share of all known pixels that are right, NaN where there is none
    support: Array  # int64 (..., K): pixels of the class

    @property
    def mean_iou(self) -> Array:
        """Mean over the classes that occur, (...)."""
        return mean_of_present(self.iou)

    @property
    def mean_dice(self) -> Array:
        """Mean over the classes that occur, (...)."""
        return mean_of_present(self.dice)


def regions(hits: Array, support: Array, predicted: Array) -> Regions:
    """From pixels (..., K) that are right, that are of the class, and that are taken for it."""
    hits, support, predicted = (np.asarray(part, np.int64) for part in (hits, support, predicted))
    return Regions(
        iou=_ratio(hits, support + predicted - hits),
        dice=_ratio(2 * hits, support + predicted),
        accuracy=_ratio(hits.sum(-1), support.sum(-1)),
        support=support,
    )


def mean_of_present(values: Array) -> Array:
    """Mean (...) of values (..., K) that are not NaN; NaN where all are."""
    there = ~np.isnan(values)
    return _ratio(np.where(there, values, 0.0).sum(-1), there.sum(-1))


def per_thousand(confusion: Array) -> Array:
    """A confusion of pixels (K, K) as int64: of a thousand pixels of each class, how many are taken for each. Whole
    photographs have too many pixels to be read, and most are of few classes."""
    total = confusion.sum(1, keepdims=True)
    shares = _ratio(confusion, np.broadcast_to(total, confusion.shape))
    told: Array = np.rint(1000 * np.nan_to_num(shares)).astype(np.int64)
    return told


def _ratio(above: Array, below: Array) -> Array:
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    ratio: Array = np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)
    return ratio
