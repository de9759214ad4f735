"""Detections in overlapping parts of a photograph put together, so that every object counts once. numpy only.

An object at the edge of a tile shows as a piece. Where the neighbour sees the place with room around it, it sees the object
whole, and the piece goes. An object larger than the overlap is cut in every tile: its pieces go where the look at the
whole photograph found it; else those that agree in what both tiles see of it are joined. Of what repeats itself after
that, in tiles or in the whole, the surest stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clearsight.core.sample import Array
from clearsight.ops.tiling import Window

EDGE = 0.01
"""Share of a tile's sides: what ends nearer to an inner edge is taken as cut by it. Four pixels of a canvas of 416."""

AGREE = 0.5
"""Intersection over union from which two looks at the same object are one. At two sizes its box varies more than between
neighbouring places of one net, so that nets' own limits would be too high."""

INSIDE = 0.5
"""Share of a piece that must lie in the whole object it is a piece of."""

AS_SURE = 0.5
"""Least score, by that of a piece, of what may take its place or be joined to it."""


def merge(boxes: Array, scores: Array, classes: Array, seen: Array, windows: Array) -> tuple[Array, list[Array]]:
    """Boxes float (N, 4) and scores (N,), in pixels of the photograph, classes (N,), and by which of the windows int
    (T, 4), the first being the whole photograph, each was seen (N,) → the boxes (N, 4), of which some were joined from
    pieces, and for each object, the surest first, the rows that it is made of: the one to keep, and the pieces that were
    joined to it."""
    boxes, scores = np.asarray(boxes, np.float64).copy(), np.asarray(scores, np.float64)
    found: list[Array] = []
    for number in np.unique(classes):
        those = (classes == number).nonzero()[0]
        boxes[those], groups = _merge(boxes[those], scores[those], seen[those], np.asarray(windows, np.float64))
        found += [those[group] for group in groups]
    return boxes, sorted(found, key=lambda group: -float(scores[group[0]]))


def _merge(boxes: Array, scores: Array, seen: Array, windows: Array) -> tuple[Array, list[list[int]]]:
    """The same for one class, the objects in any order."""
    own = windows[seen]
    pieces = _cut(boxes, own, windows[0])
    kept = ~(pieces & _seen_freely(boxes, windows))
    kept &= ~_covered(boxes, scores, kept & pieces, kept & ~pieces)
    groups = _join(boxes, scores, own, seen, kept, pieces)
    return boxes, [groups.get(row, [row]) for row in _surest(boxes, scores, seen, kept).tolist()]


def _cut(boxes: Array, own: Array, whole: Array) -> Array:
    """Bool (N,): which boxes touch an edge of their own window (N, 4) that is none of the photograph's (4,)."""
    near = _margin(own)
    low = (boxes[:, :2] < own[:, :2] + near) & (own[:, :2] > whole[:2])
    high = (boxes[:, 2:] > own[:, 2:] - near) & (own[:, 2:] < whole[2:])
    return np.asarray((low | high).any(1))


def _seen_freely(boxes: Array, windows: Array) -> Array:
    """Bool (N,): which boxes lie in some tile with room between them and its inner edges. The whole does not count: it
    may have missed what is small."""
    whole, tiles = windows[0], windows[1:]
    near = _margin(tiles)
    low = np.where(tiles[:, :2] > whole[:2], tiles[:, :2] + near, -np.inf)
    high = np.where(tiles[:, 2:] < whole[2:], tiles[:, 2:] - near, np.inf)
    free = (boxes[:, None, :2] >= low) & (boxes[:, None, 2:] <= high)
    return np.asarray(np.any(free.all(2), 1))


def _covered(boxes: Array, scores: Array, pieces: Array, others: Array) -> Array:
    """Bool (N,): which pieces lie in one of the others that is about as sure."""
    found = np.zeros(len(boxes), bool)
    for row in pieces.nonzero()[0]:
        rival = others & (scores >= AS_SURE * scores[row])
        shared = _shared(boxes[rival], boxes[row])
        found[row] = bool((shared >= INSIDE * _area(boxes[row])).any())
    return found


def _join(boxes: Array, scores: Array, own: Array, seen: Array, kept: Array, pieces: Array) -> dict[int, list[int]]:
    """Grow the surest of the pieces that agree to what all of them cover, and let go the others; in place. Gives the rows
    of the pieces that each of the former is made of, itself first."""
    groups: dict[int, list[int]] = {}
    loose = kept & pieces
    for row in np.argsort(-scores, kind="stable"):
        if not loose[row]:
            continue
        loose[row] = False
        group = [row]
        for member in group:  # grows while it is gone through: an object may reach over several tiles
            rival = loose & (scores >= AS_SURE * scores[row]) & (seen != seen[member])
            rival &= _agree(boxes, boxes[member], own, own[member]) >= AGREE
            taken: set[int] = {int(seen[one]) for one in group}
            for one in rival.nonzero()[0][np.argsort(-scores[rival], kind="stable")]:
                if int(seen[one]) not in taken:  # two pieces in one tile are two objects
                    taken.add(int(seen[one]))
                    group.append(one)
                    loose[one] = kept[one] = False
        boxes[row] = np.concatenate([boxes[group, :2].min(0), boxes[group, 2:].max(0)])
        groups[int(row)] = [int(member) for member in group]
    return groups


def _agree(boxes: Array, box: Array, own: Array, window: Array) -> Array:
    """Intersection over union (N,) of boxes (N, 4) with a box (4,) within what both their windows show."""
    low = np.maximum(own[:, :2], window[:2])
    high = np.minimum(own[:, 2:], window[2:])
    mine = np.concatenate([np.maximum(box[:2], low), np.minimum(box[2:], high)], 1)
    theirs = np.concatenate([np.maximum(boxes[:, :2], low), np.minimum(boxes[:, 2:], high)], 1)
    return _iou(theirs, mine)


def _surest(boxes: Array, scores: Array, seen: Array, kept: Array) -> Array:
    """The rows that no surer one, seen in another window, repeats. What one window shows twice, its own answer has let
    stand."""
    alive, rows = kept.copy(), []
    for row in np.argsort(-scores, kind="stable"):
        if alive[row]:
            rows.append(int(row))
            alive[row] = False
            others = (alive & (seen != seen[row])).nonzero()[0]
            alive[others] = _iou(boxes[others], boxes[row]) < AGREE
    return np.array(rows, np.int64)


def offsets(windows: Sequence[Window]) -> Array:
    """What to add to boxes (…, 4) seen in each window: float (T, 4)."""
    corners = np.asarray(windows, np.float64).reshape(-1, 4)[:, :2]
    return np.concatenate([corners, corners], 1)


def _margin(windows: Array) -> Array:
    margin: Array = EDGE * (windows[:, 2:] - windows[:, :2])
    return margin


def _area(boxes: Array) -> Array:
    size = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    area: Array = size[..., 0] * size[..., 1]
    return area


def _shared(boxes: Array, others: Array) -> Array:
    low, high = np.maximum(boxes[..., :2], others[..., :2]), np.minimum(boxes[..., 2:], others[..., 2:])
    return _area(np.concatenate([low, high], -1))


def _iou(boxes: Array, others: Array) -> Array:
    shared = _shared(boxes, others)
    iou: Array = shared / np.maximum(_area(boxes) + _area(others) - shared, 1e-9)
    return iou
