"""Masks of objects painted to one map that gives each pixel a class. numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from clearsight.ops.owners import owner_map, smaller_in_front
from clearsight.ops.rle import Runs

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

    Smaller objects lie before larger ones. Those whose class is `void`, crowds whose extent nobody knows exactly, lie behind
    all others, so that they hide no object that is known; pixels that are `ignored` become `void` in the end. Raises
    `ValueError` where a mask is of another size.
    """
    order = sorted(smaller_in_front(runs), key=lambda number: classes[number] != void)
    by_owner = np.array([*classes, background], np.uint8)  # the last one is that of `NOBODY`, −1
    found = by_owner[owner_map(runs, height, width, order)]
    if ignored is not None:
        found[owner_map([ignored], height, width, [0]) == 0] = void
    return found
