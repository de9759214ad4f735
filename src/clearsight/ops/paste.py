"""Masks on small grids over boxes, pasted onto a photograph one by one. numpy only.

A grid's cells divide its box evenly; what one says is true at its middle, and between middles it is interpolated (He et al.
2017, Mask R-CNN, section 3). Only the pixels of the box are looked at, so that hundreds of small objects cost little on
photographs of any size.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

import numpy as np

from clearsight.ops.rle import Runs, from_window

Array = np.ndarray[Any, np.dtype[Any]]

INSIDE = 0.5
"""The probability from which a pixel is taken to belong to an object."""


def paste(grid: Array, place: Array, height: int, width: int) -> Runs:
    """Probabilities (M, M) over a box (4,), x1, y1, x2, y2 in pixels of a photograph, which may reach beyond it → the object's
    mask on the photograph: the pixels whose middles lie in the box and are `INSIDE`."""
    x1, y1, x2, y2 = (float(value) for value in place)
    left, right = _pixels(x1, x2, width)
    top, bottom = _pixels(y1, y2, height)
    if left >= right or top >= bottom:
        return from_window(np.zeros((0, 0), bool), 0, 0, height, width)
    down = _weights(grid.shape[0], y1, y2, top, bottom)
    across = _weights(grid.shape[1], x1, x2, left, right)
    shown = down @ np.asarray(grid, np.float32) @ across.T
    return from_window(shown >= INSIDE, top, left, height, width)


def _pixels(low: float, high: float, length: int) -> tuple[int, int]:
    """The first pixel of a row whose middle lies from `low` to `high`, and the one after the last."""
    if not high > low:
        return 0, 0
    return max(ceil(low - 0.5), 0), min(floor(high - 0.5) + 1, length)


def _weights(cells: int, low: float, high: float, first: int, end: int) -> Array:
    """How much each of a grid's cells, which divide the way from `low` to `high`, says of each pixel from `first` on: float32
    (end − first, cells). Before the middle of the first cell and behind that of the last these alone count."""
    at = (np.arange(first, end) + 0.5 - low) * (cells / (high - low)) - 0.5
    at = np.clip(at, 0, cells - 1)
    near = np.minimum(at.astype(np.int64), max(cells - 2, 0))
    share = (at - near).astype(np.float32)
    weights = np.zeros((end - first, cells), np.float32)
    rows = np.arange(end - first)
    weights[rows, near] = 1 - share
    if cells > 1:
        weights[rows, near + 1] = share
    return weights
