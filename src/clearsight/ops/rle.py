"""Masks of single objects as run lengths, as COCO stores them. numpy only.

Pixels are counted down the columns, from the upper left: so many of zeros, so many of ones, and so on, beginning with zeros
(0 of them where the first pixel is set). A mask of a million pixels takes a few kilobytes, and areas, boxes and overlaps
are found without drawing it. Source: the COCO API's mask functions (Lin et al. 2014, https://cocodataset.org/#format-data).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from clearsight.ops.rle_text import read_counts, write_counts

Array = np.ndarray[Any, np.dtype[Any]]


class Runs(NamedTuple):
    """One mask: `counts` uint32 (R,), lengths of runs of zeros, ones, zeros …, column by column."""

    height: int
    width: int
    counts: Array


def from_mask(mask: Array) -> Runs:
    """The runs of a mask, bool (H, W)."""
    height, width = mask.shape
    flat = np.zeros(height * width + 2, np.int8)
    flat[1:-1] = (mask != 0).ravel(order="F")
    steps = np.diff(flat)
    return _of_spans(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), height, width)


def from_window(mask: Array, top: int, left: int, height: int, width: int) -> Runs:
    """The runs of a mask of height × width pixels that is set only within a window: `mask` bool (h, w), at `top` and
    `left`. What lies beyond the picture is cut off. As quick as the window is small."""
    mask = mask[max(-top, 0) : max(height - top, 0), max(-left, 0) : max(width - left, 0)]
    top, left = max(top, 0), max(left, 0)
    padded = np.zeros((mask.shape[0] + 2, mask.shape[1]), np.int8)  # a run ends at the window's lower edge
    padded[1:-1] = mask != 0
    steps = np.diff(padded, axis=0).T
    columns, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    offsets = (columns + left) * height + top
    return _of_spans(offsets + starts, offsets + ends, height, width)


def from_indices(indices: Array, values: Sequence[int]) -> tuple[Runs, ...]:
    """The runs of the pixels of each value in a map of whole numbers (H, W), all in one pass."""
    height, width = indices.shape
    flat = indices.ravel(order="F")
    starts = np.flatnonzero(np.diff(flat, prepend=flat[:1])) if flat.size else np.zeros(0, np.intp)
    starts = np.concatenate(([0], starts)) if flat.size else starts
    ends = np.concatenate((starts[1:], [flat.size])) if flat.size else starts
    owners = flat[starts]
    order = np.argsort(owners, kind="stable")
    ranked = owners[order]
    found = []
    for value in values:
        mine = order[np.searchsorted(ranked, value, "left") : np.searchsorted(ranked, value, "right")]
        found.append(_of_spans(starts[mine], ends[mine], height, width))
    return tuple(found)


def to_mask(runs: Runs) -> Array:
    """The mask, bool (H, W)."""
    flat = np.repeat(np.arange(len(runs.counts)) % 2 == 1, runs.counts)
    return flat.reshape(runs.width, runs.height).T


def area(runs: Runs) -> int:
    """How many pixels are set."""
    return int(runs.counts[1::2].sum(dtype=np.int64))


def box(runs: Runs) -> Array:
    """The box around the pixels that are set, xyxy float64 (4,) in pixels; zeros where none is."""
    starts, ends = _spans(runs)
    if not len(starts):
        return np.zeros(4)
    left, right = starts // runs.height, (ends - 1) // runs.height
    tops, bottoms = starts % runs.height, (ends - 1) % runs.height
    if (right > left).any():  # a run over the end of a column reaches from edge to edge
        tops, bottoms = np.append(tops, 0), np.append(bottoms, runs.height - 1)
    return np.array([left.min(), tops.min(), right.max() + 1, bottoms.max() + 1], np.float64)


def to_coco(runs: Runs) -> dict[str, Any]:
    """The mask as COCO writes it compressed: {"size": [height, width], "counts": text}."""
    return {"size": [runs.height, runs.width], "counts": write_counts(runs.counts)}


def from_coco(mapping: Mapping[str, Any]) -> Runs:
    """A mask of a COCO file: its counts may be compressed (text) or not (a list).

    Raises `ValueError`, in words that follow a name, where it is none, or where its runs are not of its size.
    """
    size, counts = mapping.get("size"), mapping.get("counts")
    whole = isinstance(size, (list, tuple)) and len(size) == 2
    if not whole or not all(type(side) is int and 0 <= side < 1 << 24 for side in size or ()):
        raise ValueError("has run lengths without a size [height, width]")
    height, width = size  # type: ignore[misc]
    if isinstance(counts, (str, bytes)):
        lengths = read_counts(counts)
    elif isinstance(counts, (list, tuple)) and all(type(length) is int and 0 <= length < 1 << 32 for length in counts):
        lengths = np.asarray(counts, np.int64)
    else:
        raise ValueError("has run lengths that are neither text nor a list of whole numbers")
    total = int(lengths.sum())
    if total != height * width:
        raise ValueError(f"has run lengths of {total:,} pixels in all for {width} x {height} = {height * width:,}")
    return Runs(height, width, lengths.astype(np.uint32))


def intersections(found: Sequence[Runs], truth: Sequence[Runs]) -> Array:
    """How many pixels each two masks share, int64 (N, M). Raises `ValueError` where sizes differ."""
    _one_size((*found, *truth))
    shared = np.zeros((len(found), len(truth)), np.int64)
    boxes = np.array([box(runs) for runs in found]).reshape(-1, 4)
    spans = [_spans(runs) for runs in found]
    for column, runs in enumerate(truth):
        x1, y1, x2, y2 = box(runs)
        near = (boxes[:, 0] < x2) & (boxes[:, 2] > x1) & (boxes[:, 1] < y2) & (boxes[:, 3] > y1)
        rows = np.flatnonzero(near)
        if not len(rows):
            continue
        bounds = np.concatenate(([0], np.cumsum(runs.counts, dtype=np.int64)))
        ones = np.where(np.arange(len(runs.counts)) % 2 == 1, runs.counts, 0)
        set_before = np.concatenate(([0], np.cumsum(ones, dtype=np.int64)))  # pixels set before each bound
        starts, ends = (np.concatenate([spans[row][part] for row in rows]) for part in (0, 1))
        within = np.interp(ends, bounds, set_before) - np.interp(starts, bounds, set_before)
        firsts = np.cumsum([0, *(len(spans[row][0]) for row in rows[:-1])])
        shared[rows, column] = np.add.reduceat(within, firsts)
    return shared


def iou_matrix(found: Sequence[Runs], truth: Sequence[Runs], crowd: Array | None = None) -> Array:
    """Intersection over union of each two masks, float64 (N, M); of a crowd, `crowd` bool (M,), over the area of what was
    found, as what covers one member of it is right. Two empty masks have 0. Raises `ValueError` where sizes differ."""
    shared = intersections(found, truth).astype(np.float64)
    mine = np.array([area(runs) for runs in found], np.float64)[:, None]
    theirs = np.array([area(runs) for runs in truth], np.float64)[None, :]
    over = mine + theirs - shared
    if crowd is not None:
        over = np.where(np.asarray(crowd, bool)[None, :], mine, over)
    return np.divide(shared, over, out=np.zeros_like(shared), where=shared > 0)


def union(parts: Sequence[Runs]) -> Runs:
    """The pixels that any of the masks has. Raises `ValueError` where there is none, or their sizes differ."""
    if not parts:
        raise ValueError("a union of no masks has no size")
    height, width = _one_size(parts)
    spans = [_spans(runs) for runs in parts]
    starts, ends = (np.concatenate([span[part] for span in spans]) for part in (0, 1))
    order = np.argsort(starts, kind="stable")
    starts, reached = starts[order], np.maximum.accumulate(ends[order])
    if len(starts):
        fresh = np.concatenate(([True], starts[1:] > reached[:-1]))
        starts, ends = starts[fresh], reached[np.append(np.flatnonzero(fresh)[1:] - 1, len(reached) - 1)]
    return _of_spans(starts, ends, height, width)


def moved(part: Runs, left: int, top: int, height: int, width: int) -> Runs:
    """A mask of a part of a picture that begins at `left` and `top`, as one of the whole picture, height × width pixels. Where
    they are negative it is the other way about: the mask of the whole as one of a part, and what lies beyond is cut off."""
    if (left, top, height, width) == (0, 0, part.height, part.width):
        return part
    x1, y1, x2, y2 = box(part).astype(int).tolist()
    return from_window(to_mask(part)[y1:y2, x1:x2], top + y1, left + x1, height, width)


def _spans(runs: Runs) -> tuple[Array, Array]:
    """Where the runs of ones start and end, int64 (R,) each; runs of no pixel are none."""
    ends = np.cumsum(runs.counts, dtype=np.int64)[1::2]
    lengths = runs.counts[1::2].astype(np.int64)
    there = lengths > 0
    return (ends - lengths)[there], ends[there]


def _of_spans(starts: Array, ends: Array, height: int, width: int) -> Runs:
    """Runs of ones in their order, which do not overlap, as counts; those that touch become one."""
    if len(starts) > 1:
        apart = starts[1:] > ends[:-1]
        starts, ends = starts[np.append(True, apart)], ends[np.append(apart, True)]
    bounds = np.empty(2 * len(starts) + 2, np.int64)
    bounds[0], bounds[-1] = 0, height * width
    bounds[1:-1:2], bounds[2:-1:2] = starts, ends
    counts = np.diff(bounds)
    if len(counts) > 1 and counts[-1] == 0:
        counts = counts[:-1]
    return Runs(height, width, counts.astype(np.uint32))


def _one_size(masks: Sequence[Runs]) -> tuple[int, int]:
    sizes = {(runs.height, runs.width) for runs in masks}
    if len(sizes) > 1:
        raise ValueError(f"masks of one picture have one size, these are of {sorted(sizes)} (height, width)")
    return next(iter(sizes), (0, 0))
