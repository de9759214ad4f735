"""The canvas of the tasks that see photographs whole and in their shape, and the way onto it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Preprocess
from clearsight.ops.resize import fit
from clearsight.ops.transforms import luma

STEP = 32
"""Sides of the canvas are multiples of it: the coarsest stride of the nets."""

SIDE = 512
"""Longer side of the canvas for photographs where nobody says one."""

ALIKE = 1.1
"""Photographs whose shapes differ by less than this factor share a canvas of their shape; else it is a square."""


class LetterboxPreprocess(Preprocess):
    """Photo → canvas (N, C, H, W) in [0, 1]: as large as fits, whole and in its shape, grey bars beside it."""

    def __init__(self, shape: tuple[int, int], channels: int) -> None:
        super().__init__()
        self.shape, self.channels = shape, channels

    def extra_repr(self) -> str:
        return f"shape={self.shape}, channels={self.channels}"

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        canvas, frame = fit(photo, self.shape, "letterbox")
        canvas = canvas / 255
        return (luma(canvas) if self.channels == 1 else canvas), frame


def require_stepped(option: str, side: int) -> None:
    """Raises `InputError`, naming the option, on a side that is no multiple of `STEP`."""
    if side % STEP:
        near = max(STEP, round(side / STEP) * STEP)
        raise InputError(f"--{option} {side}: give a multiple of {STEP}, such as {near}")


def canvas_side(sizes: Sequence[tuple[int, int]], whole: float) -> int:
    """The longer side of the canvas for photographs (height, width): where they are small the share `whole` of them keep
    theirs, others get `SIDE`."""
    if not sizes:
        return SIDE
    longest = float(np.quantile([max(size) for size in sizes], whole))
    return min(SIDE, max(STEP, ceil(longest / STEP) * STEP))


def canvas_shape(sizes: Sequence[tuple[int, int]], size: int) -> tuple[int, int] | None:
    """A canvas (height, width) with a longer side of `size` in the photographs' shape where they are of one; None for a
    square. A square would be bars for a quarter of its area, and bars take as long to look at as pictures."""
    shapes = np.array([width / height for height, width in sizes])
    if not len(shapes) or np.quantile(shapes, 0.95) > ALIKE * np.quantile(shapes, 0.05):
        return None
    aspect = float(np.median(shapes))
    short = min(size, max(STEP, ceil(size * min(aspect, 1 / aspect) / STEP - 0.01) * STEP))
    if short == size:
        return None
    return (short, size) if aspect > 1 else (size, short)
