"""Where a picture's class mask is wrong: the largest region of each of its most frequent confusions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class WrongRegion:
    """Pixels of one class that were taken for another."""

    truth: int
    found: int
    pixels: int  # of this kind in the whole picture
    box: tuple[int, int, int, int]  # x1, y1, x2, y2 round the largest of the regions that they make, photo pixels


def wrong_regions(truth: Array, found: Array, confusion: Array, most: int) -> list[WrongRegion]:
    """The most frequent confusions of two masks uint8 (H, W), so many at most, the largest first; `confusion` (K, K) is
    their `semantic.pixel_confusion`. Regions hang together by the sides of pixels."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[: min(most, np.count_nonzero(wrong))]
    pairs = [divmod(int(cell), len(wrong)) for cell in order]
    return [
        WrongRegion(one, other, int(wrong[one, other]), _largest((truth == one) & (found == other)))
        for one, other in pairs
    ]


def _largest(mask: Array) -> tuple[int, int, int, int]:
    """The box, x1, y1, x2, y2, round the largest region of a mask bool (H, W) that is not empty; of equal ones the first."""
    from scipy.ndimage import find_objects, label

    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left = int(rows[0]), int(columns[0])
    numbers, _ = label(mask[top : rows[-1] + 1, left : columns[-1] + 1])
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    down, across = find_objects(numbers)[int(sizes.argmax()) - 1]
    return left + across.start, top + down.start, left + across.stop, top + down.stop
