"""Masks of objects as one map that says whose each pixel is. numpy only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from clearsight.ops.rle import Runs, area

Array = np.ndarray[Any, np.dtype[Any]]

NOBODY = -1
"""A pixel of no object."""

UNJUDGED = -2
"""A pixel that nobody has judged: it teaches nothing."""


def owner_map(runs: Sequence[Runs], height: int, width: int, order: Iterable[int]) -> Array:
    """Which of N masks each pixel belongs to, int16 (H, W), or int32 where they are too many for that; `NOBODY` for none.

    Masks are laid down in this order, so that where they overlap the last one is in front; those that it does not name are
    not there. Only the pixels that are set are touched: hundreds of small objects cost what their areas cost. Raises
    `ValueError` where a mask is of another size.
    """
    for one in runs:
        if (one.height, one.width) != (height, width):
            raise ValueError(f"a mask of {one.width} x {one.height} pixels does not fit {width} x {height}")
    kind = np.int16 if len(runs) <= np.iinfo(np.int16).max else np.int32
    flat = np.full(height * width, NOBODY, kind)  # down the columns, as runs are counted
    for number in order:
        edges = np.cumsum(runs[number].counts, dtype=np.int64)
        ends = edges[1::2]
        for start, end in zip(edges[0::2][: len(ends)].tolist(), ends.tolist(), strict=True):
            flat[start:end] = number
    return np.ascontiguousarray(flat.reshape(width, height).T)


def smaller_in_front(runs: Sequence[Runs]) -> list[int]:
    """The order in which masks are laid down so that small ones hide nothing: by falling area."""
    areas = [area(one) for one in runs]
    return sorted(range(len(runs)), key=lambda number: -areas[number])


def owners(
    runs: Sequence[Runs], height: int, width: int, left_out: Array | None = None, ignored: Runs | None = None
) -> Array:
    """Whose each pixel is, as `owner_map` gives it, smaller masks in front; `UNJUDGED` for what is `ignored` and no object's.
    Masks of `left_out`, bool (N,), are not there. Raises `ValueError` where a mask is of another size."""
    there = [number for number in smaller_in_front(runs) if left_out is None or not left_out[number]]
    found = owner_map(runs, height, width, there)
    if ignored is not None:
        found[(owner_map([ignored], height, width, [0]) == 0) & (found == NOBODY)] = UNJUDGED
    return found
