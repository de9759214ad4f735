"""Masks of objects as one map that says whose each pixel is. numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from clearsight.ops.rle import Runs, area

Array = np.ndarray[Any, np.dtype[Any]]

NOBODY = -1
"""A pixel of no object."""

UNJUDGED = -2
"""A pixel that nobody has judged: it teaches nothing."""


def owners(
    runs: Sequence[Runs], height: int, width: int, left_out: Array | None = None, ignored: Runs | None = None
) -> Array:
    """Whose each pixel is, int16 (H, W), or int32 where objects are too many for that: the index of a mask, `NOBODY`, or
    `UNJUDGED` for what is `ignored` and no object's.

    Where masks overlap, smaller ones lie in front. Those of `left_out`, bool (N,), are not there. Only the pixels that are
    set are touched. Raises `ValueError` where a mask is of another size.
    """
    for one in (*runs, *(() if ignored is None else (ignored,))):
        if (one.height, one.width) != (height, width):
            raise ValueError(f"a mask of {one.width} x {one.height} pixels does not fit {width} x {height}")
    kind = np.int16 if len(runs) <= np.iinfo(np.int16).max else np.int32
    flat = np.full(height * width, NOBODY, kind)  # down the columns, as runs are counted
    if ignored is not None:
        _fill(flat, ignored, UNJUDGED)
    areas = [area(one) for one in runs]
    for number in sorted(range(len(runs)), key=lambda number: -areas[number]):
        if left_out is None or not left_out[number]:
            _fill(flat, runs[number], number)
    return np.ascontiguousarray(flat.reshape(width, height).T)


def _fill(flat: Array, runs: Runs, value: int) -> None:
    """Set the pixels of a mask, run by run."""
    edges = np.cumsum(runs.counts, dtype=np.int64)
    ends = edges[1::2]
    for start, end in zip(edges[0::2][: len(ends)].tolist(), ends.tolist(), strict=True):
        flat[start:end] = value
