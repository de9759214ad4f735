"""Outlines of masks as polygons along the edges of their pixels. numpy only."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def polygons(mask: Array) -> list[list[Array]]:
    """The parts of a mask bool (H, W), each as its outline and then those of its holes, float64 (N, 2), x and y in pixels.

    Outlines are exact: they run along the edges of pixels, N being the number of corners; clockwise as seen, those of holes
    anticlockwise, the first corner not repeated. Parts hang together by the sides of pixels, not by their corners. They
    come in the order of their upper left corners, row by row.
    """
    rings = _rings(np.asarray(mask, bool))
    areas = np.array([_area(ring) for ring in rings])
    parts = {place: [rings[place]] for place in np.flatnonzero(areas > 0).tolist()}
    boxes = np.array([[*ring.min(0), *ring.max(0)] for ring in rings]).reshape(-1, 4)
    for place in np.flatnonzero(areas < 0).tolist():
        x, y = _within(rings[place])
        around = (boxes[:, :2] < (x, y)).all(1) & (boxes[:, 2:] > (x, y)).all(1) & (areas > 0)
        owners = [other for other in np.flatnonzero(around).tolist() if _contains(rings[other], x, y)]
        owner = min(owners, key=lambda other: areas[other])  # the least, as parts may lie in holes of others
        parts[owner].append(rings[place])
    return list(parts.values())


def _rings(mask: Array) -> list[Array]:
    """Closed paths along the mask's edges, the mask to the right of each, as their corners."""
    level = _level(mask)
    upright = _level(mask.T)[:, [3, 2, 1, 0]]  # exchanged axes exchange right and left: so are starts and ends
    down, across = _follow(level, upright), _follow(upright, level)
    rings, done = [], np.zeros(len(level), bool)
    for first in range(len(level)):
        path, place = [], first
        while not done[place]:
            done[place] = True
            path.append(place)
            place = across[down[place]]
        if path:
            rings.append(level[path].reshape(-1, 2).astype(np.float64))
    return rings


def _level(mask: Array) -> Array:
    """The straight lines from left to right, or back, on the mask's edge: int64 (N, 4), x and y of start and end, the mask to
    the right of them; row by row."""
    padded = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), np.int8)
    padded[1:-1, 1:-1] = mask
    way = np.diff(padded, axis=0)  # 1 where the mask is below: to the right; −1 where it is above
    changes = np.diff(way, axis=1) != 0
    ends = (way[:, 1:] != 0) & changes, (way[:, :-1] != 0) & changes
    (rows, starts), (_, stops) = (np.nonzero(each) for each in ends)
    lines = np.stack([starts, rows, stops, rows], 1).astype(np.int64)
    back = way[rows, starts + 1] < 0
    lines[back] = lines[back][:, [2, 3, 0, 1]]
    return lines


def _follow(lines: Array, others: Array) -> list[int]:
    """Which of the other lines goes on where each ends. Where two do, at pixels that touch by a corner, the right turn: it
    keeps to the same pixel."""
    starting: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, (x, y) in enumerate(others[:, :2].tolist()):
        starting[x, y].append(number)
    found = []
    for x0, y0, x1, y1 in lines.tolist():
        choices = starting[x1, y1]
        right = choices[0]
        if len(choices) > 1:
            towards = (y0 - y1, x1 - x0)
            right = next(n for n in choices if (others[n, 2:] - others[n, :2]) @ towards > 0)
        found.append(right)
    return found


def _area(ring: Array) -> float:
    """The area within a closed path, negative where it runs anticlockwise as seen."""
    x, y = ring.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def _within(hole: Array) -> tuple[float, float]:
    """The middle of a pixel in a hole: the one beside the first line of its outline."""
    (x, y), (end, _) = hole[0], hole[1]
    side = 0.5 if end > x else -0.5
    return x + side, y - side


def _contains(ring: Array, x: float, y: float) -> bool:
    """Whether a point lies within a closed path along pixels' edges: a line to its left crosses it an odd number of times."""
    after = np.roll(ring, -1, axis=0)
    upright = (ring[:, 0] == after[:, 0]) & (ring[:, 0] < x)
    crossed = upright & ((ring[:, 1] < y) != (after[:, 1] < y))
    return bool(crossed.sum() % 2)
