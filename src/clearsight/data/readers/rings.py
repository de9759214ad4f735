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
"""Edges that are compared with those near them at once: few enough that outlines of thousands of points fill no memory."""


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
    """Whether two edges of a closed outline (P, 2) cross within both; that corners or edges touch is no crossing. An edge that
    is there twice, as the path between two parts is, bounds nothing and crosses nothing."""
    edges = np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)
    forward = (edges[:, 0, 0] < edges[:, 1, 0]) | (
        (edges[:, 0] == edges[:, 1])[:, 0] & (edges[:, 0, 1] < edges[:, 1, 1])
    )
    edges = np.where(forward[:, None, None], edges, edges[:, ::-1])
    edges, times = np.unique(edges, axis=0, return_counts=True)  # from left to right
    edges = edges[times % 2 == 1]
    (left, right), (top, bottom) = edges[..., 0].T, np.sort(edges[..., 1]).T
    for first in range(0, len(edges), _BLOCK):
        own = slice(first, first + _BLOCK)
        later = slice(first, int(np.searchsorted(left, right[own].max(), "right")))
        near = (left[None, later] <= right[own, None]) & (right[None, later] >= left[own, None])
        near &= (top[None, later] <= bottom[own, None]) & (bottom[None, later] >= top[own, None])
        one, other = np.nonzero(near)
        (a, b), (c, d) = edges[own][one].swapaxes(0, 1), edges[later][other].swapaxes(0, 1)
        if ((_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)).any():
            return True
    return False


def _side(start: Array, end: Array, point: Array) -> Array:
    """Left or right of a line a point lies, as 1 or -1; 0 on it."""
    (x0, y0), (x1, y1), (x, y) = (np.moveaxis(place, -1, 0) for place in (start, end, point))
    return np.asarray(np.sign((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)))
