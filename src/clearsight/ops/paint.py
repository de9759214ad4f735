"""Masks of objects painted to one map that gives each pixel a class. numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from clearsight.ops.rle import Runs, area

Array = np.ndarray[Any, np.dtype[Any]]


def paint(
    runs: Sequence[Runs],
    classes: Sequence[int],
    height: int,
    width: int,
    background: int,
    ignored: Runs | None = None,
    void: int = 255,
) -> Array:
    """A map uint8 (H, W): the class of the object at each pixel, `background` where there is none.

    Larger objects are painted first, so that small ones that lie on them stay to be seen. Those whose class is `void`, crowds
    whose extent nobody knows exactly, are painted before all others, so that they hide no object that is known; pixels that
    are `ignored` become `void` in the end. Only the pixels that are set are touched: hundreds of small objects cost what
    their areas cost. Raises `ValueError` where a mask is of another size.
    """
    for one in (*runs, *(() if ignored is None else (ignored,))):
        if (one.height, one.width) != (height, width):
            raise ValueError(f"a mask of {one.width} x {one.height} pixels does not fit {width} x {height}")
    flat = np.full(height * width, background, np.uint8)  # down the columns, as runs are counted
    areas = [area(one) for one in runs]
    for place in sorted(range(len(runs)), key=lambda place: (classes[place] != void, -areas[place])):
        _fill(flat, runs[place], classes[place])
    if ignored is not None:
        _fill(flat, ignored, void)
    return np.ascontiguousarray(flat.reshape(width, height).T)


def _fill(flat: Array, runs: Runs, value: int) -> None:
    """Set the pixels of a mask, run by run."""
    edges = np.cumsum(runs.counts, dtype=np.int64)
    ends = edges[1::2]
    for start, end in zip(edges[0::2][: len(ends)].tolist(), ends.tolist(), strict=True):
        flat[start:end] = value
