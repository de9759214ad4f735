"""Masks of objects as a net gives them, small grids over their boxes, which become masks of the photograph when asked for.
numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from clearsight.core.sample import Array
from clearsight.ops.paste import paste
from clearsight.ops.rle import Runs


class Grids(Sequence[Runs]):
    """A sequence of N masks, each pasted when it is first asked for: `grids` (N, M, M) probabilities over `boxes` (N, 4) in
    pixels of a photograph of `height` and `width`, beyond whose borders a box may reach."""

    def __init__(self, grids: Array, boxes: Array, height: int, width: int) -> None:
        if grids.ndim != 3 or boxes.shape != (len(grids), 4):
            raise ValueError(f"grids (N, M, M) need boxes (N, 4), these are {grids.shape} and {boxes.shape}")
        self.grids, self.boxes, self.height, self.width = grids, boxes, height, width
        self._pasted: dict[int, Runs] = {}

    def __len__(self) -> int:
        return len(self.grids)

    @overload
    def __getitem__(self, which: int) -> Runs: ...

    @overload
    def __getitem__(self, which: slice) -> Grids: ...

    def __getitem__(self, which: Any) -> Runs | Grids:
        """One mask by its number; several by a slice, a mask (N,) or numbers, not pasted yet."""
        if not isinstance(which, (int, np.integer)):
            return Grids(self.grids[which], self.boxes[which], self.height, self.width)
        number = range(len(self))[which]  # raises IndexError where there is none, and knows negative ones
        if number not in self._pasted:
            self._pasted[number] = paste(self.grids[number], self.boxes[number], self.height, self.width)
        return self._pasted[number]


def picked(masks: Sequence[Runs], which: Any) -> Sequence[Runs]:
    """Some of the masks: by a slice, a mask bool (N,) or numbers (M,)."""
    if isinstance(masks, Grids):
        some: Grids = masks[which]
        return some
    return tuple(masks[number] for number in np.arange(len(masks))[which].tolist())
