"""Overlapping parts of a large photograph, each looked at as if it were one. Plain numbers; needs neither torch nor numpy.

A canvas of 512 pixels shows a photograph of 4000×3000 at an eighth of its size, and what is lost in shrinking nobody finds.
Tiles show parts of it larger. They overlap, so that whatever is smaller than the overlap lies whole in one of them; what is
larger is left to a look at the whole photograph.
"""

from __future__ import annotations

from itertools import product
from math import ceil
from typing import NamedTuple

Window = tuple[float, float, float, float]
"""x1, y1, x2, y2 of a part, pixels of the photograph; x2 and y2 are outside."""


class Part(NamedTuple):
    """A part of a photograph, and the size of the picture that shows it: as large as its window, or smaller."""

    window: Window
    height: int
    width: int


OVERLAP = 0.2
"""Share of a tile's sides that its neighbour sees too."""

WORTH = 2.0
"""How many pixels of a photograph one of the canvas must stand for until tiles are worth their time: what training's
changes of size have shown larger and smaller, by half, is found without."""

SMALLER = 1.5
"""How much smaller than in training a photograph may be shown as a whole, where a net knows one scale: changes of size by
half are what training itself makes."""

FINE = 16
"""Pixels of the canvas that an object should have across to be found well: two places of a detector's finest grid."""


def windows(
    height: int, width: int, tile: tuple[int, int], overlap: float = OVERLAP
) -> list[tuple[int, int, int, int]]:
    """The parts of a photograph, row by row, that cover it. Each is as large as `tile` (height, width), or as the
    photograph where that is smaller; neighbours share `overlap` of a side or more; they lie as evenly as pixels allow."""
    down, across = _starts(height, tile[0], overlap), _starts(width, tile[1], overlap)
    high, wide = min(tile[0], height), min(tile[1], width)
    return [(x, y, x + wide, y + high) for y, x in product(down, across)]


def _starts(length: int, side: int, overlap: float) -> list[int]:
    """Where parts of `side` pixels begin, so that they cover `length`."""
    if side >= length:
        return [0]
    shared = min(ceil(overlap * side), side - 1)
    steps = ceil((length - side) / (side - shared))
    return [number * (length - side) // steps for number in range(steps + 1)]


def tile_size(photo: tuple[int, int], canvas: tuple[int, int], along: int | None = None) -> tuple[int, int] | None:
    """Height and width of the tiles for a photograph and a canvas (height, width), of the shape of the canvas; None where
    the whole photograph is enough.

    `along` is how many tiles lie along the side of the photograph that decides how far it shrinks. Where it is None, they
    are so small that each is shown at its own size, or somewhat shrunk: a tile shows things `k` times as large as the whole
    does; what is larger than the overlap, and may be cut in every tile, must still be `FINE` pixels large where the whole
    is shown, so that no size is lost between the two; and for less than `WORTH` there are none.
    """
    shrunk = max(photo[0] / canvas[0], photo[1] / canvas[1])
    if along is None:
        if shrunk < WORTH:
            return None
        larger = max(1.0, min(shrunk, OVERLAP * min(canvas) / FINE))
        along = ceil(1 + (larger - 1) / (1 - OVERLAP))
    if along < 2:
        return None
    larger = 1 + (along - 1) * (1 - OVERLAP)
    return ceil(canvas[0] * shrunk / larger), ceil(canvas[1] * shrunk / larger)


def scale_for(
    photo: tuple[int, int], canvas: tuple[int, int], usual: float, along: int | None, overlap: float
) -> float | None:
    """How many pixels of a photograph (height, width) one of the canvas stands for in tiles that all look alike; None where
    the whole photograph is shown instead.

    What a net has learnt to tell by its size it tells at that size alone, so tiles are of the scale that was `usual` in
    training, and there are none where the whole is shown at it too, or not smaller than by `SMALLER`. `along`, where it
    is not None, is how many tiles lie along the side of the photograph that decides how far it shrinks.
    """
    shrunk = max(photo[0] / canvas[0], photo[1] / canvas[1])
    if along is None:
        return usual if shrunk > SMALLER * usual else None
    return shrunk / (1 + (along - 1) * (1 - overlap)) if along > 1 else None


def parts_at(photo: tuple[int, int], canvas: tuple[int, int], scale: float, overlap: float) -> list[Part]:
    """The parts that cover a photograph (height, width), each of which a canvas shows at this scale: as large as the canvas,
    cut from the photograph shrunk as a whole, or, where one pixel of the canvas stands for less than one of the
    photograph, cut from it as it is. Row by row; of a photograph that is wider than high column by column, so that
    what lies between one line of parts and the next is never longer than its shorter side."""
    height, width = (max(1, round(side / max(scale, 1.0))) for side in photo)
    high, wide = (ceil(side * min(scale, 1.0)) for side in canvas)
    found = windows(height, width, (high, wide), overlap)
    if turned(photo):
        found.sort()
    down, across = photo[0] / height, photo[1] / width
    return [Part((x1 * across, y1 * down, x2 * across, y2 * down), y2 - y1, x2 - x1) for x1, y1, x2, y2 in found]


def turned(photo: tuple[int, int]) -> bool:
    """Whether the parts of a photograph (height, width) follow each other column by column."""
    return photo[1] > photo[0]
