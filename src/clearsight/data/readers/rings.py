"""Outlines drawn by the centres of pixels, and whether one crosses itself. numpy only."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from clearsight.core.sample import Array
from clearsight.ops.rle import Runs, from_window

Point = tuple[float, float]
Ring = tuple[Point, ...]

_BLOCK = 256
"""Edges that are compared with all others at once: few enough that outlines of thousands of points fill no memory."""


def draw(parts: Sequence[Array], height: int, width: int) -> Runs:
    """An object of one outline or several, each float (P, 2), in pixels of the picture: drawn in the window around it."""
    corners = np.concatenate(parts)
    left, right = np.clip([np.floor(corners[:, 0].min()), np.ceil(corners[:, 0].max())], 0, width).astype(int).tolist()
    top, bottom = np.clip([np.floor(corners[:, 1].min()), np.ceil(corners[:, 1].max())], 0, height).astype(int).tolist()
    mask = np.zeros((bottom - top, right - left), bool)
    for part in parts:
        fill(mask, part - (left, top))
    return from_window(mask, top, left, height, width)


def fill(mask: Array, ring: Ring | Array) -> None:
    """Set the pixels of a mask, bool (H, W), whose centre lies within a polygon, by the even-odd rule.

    Pixel (row, column) covers column … column + 1 and row … row + 1, its centre is in the middle.
    """
    height, width = mask.shape
    x, y = np.asarray(ring, np.float64).T
    toggles = np.zeros((height, width + 1), bool)  # where a row crosses an edge
    for x0, y0, x1, y1 in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
        low, high = min(y0, y1), max(y0, y1)
        rows = np.arange(max(math.ceil(low - 0.5), 0), min(math.ceil(high - 0.5), height))
        if len(rows):
            crossing = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            toggles[rows, np.clip(np.ceil(crossing - 0.5), 0, width).astype(int)] ^= True
    mask |= np.logical_xor.accumulate(toggles, axis=1)[:, :width]


def crosses_itself(ring: Array) -> bool:
    """Whether two edges of a closed outline (P, 2) cross within both; that corners or edges touch is no crossing."""
    starts, ends = ring, np.roll(ring, -1, axis=0)
    for first in range(0, len(ring), _BLOCK):
        a, b = starts[first : first + _BLOCK, None], ends[first : first + _BLOCK, None]
        apart = _side(a, b, starts[None]) * _side(a, b, ends[None]) < 0
        if (apart & (_side(starts[None], ends[None], a) * _side(starts[None], ends[None], b) < 0)).any():
            return True
    return False


def _side(start: Array, end: Array, point: Array) -> Array:
    """Left or right of a line a point lies, as 1 or -1; 0 on it."""
    (x0, y0), (x1, y1), (x, y) = (np.moveaxis(place, -1, 0) for place in (start, end, point))
    return np.asarray(np.sign((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)))
