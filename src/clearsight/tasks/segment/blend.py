"""What overlapping parts of a photograph say of its pixels, blended without seams. numpy only.

A net knows least at the border of what it is shown, where it sees half of the surroundings only. So each part counts most in
its middle and, along a raised cosine, less and less towards its borders (nnU-Net, Isensee et al. 2021, weighs its patches by a
Gaussian for the same reason): where two parts meet, one fades into the other, and no seam shows.

Parts come line by line. A pixel is finished as soon as no later part shows it, and is then given on, so that what is
kept is one line's overlap with the next, of the photograph's shorter side, and not the photograph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from clearsight.core.sample import Array
from clearsight.ops.tiling import Window, turned

STRIP = 4_000_000
"""Values, all classes together, that are given on at once."""

Block = tuple[slice, slice, Array]
"""Rows and columns of the photograph, and the probabilities float32 (K, H, W) of the classes there."""


class Axis:
    """How parts follow each other along one side of a photograph of `length` pixels: `spans` are where they begin and end
    there, all alike in length, `side` is how many pixels each part has along it.

    Places are in pixels as the parts show them, in which the first part begins at 0.
    """

    def __init__(self, spans: Sequence[tuple[float, float]], side: int, length: int) -> None:
        self.side, self.length = side, length
        self.step = (spans[0][1] - spans[0][0]) / side  # pixels of the photograph in one as the parts show them
        self.starts = [round(start / self.step) for start, _ in spans]
        profile = 1 - np.cos(2 * np.pi * (np.arange(side) + 0.5) / side)
        total = np.zeros(self.starts[-1] + side)
        for start in self.starts:
            total[start : start + side] += profile
        self.weights = [(profile / total[start : start + side]).astype(np.float32) for start in self.starts]

    def __len__(self) -> int:
        return len(self.starts)

    def begin(self, number: int) -> int:
        """The first place that is needed from a part on; behind the last part, where all ends. The places before it are
        finished, and so is this one, which pixels of the photograph that are not may lie behind."""
        if number == len(self):
            return self.end(number - 1)
        return max(self.starts[number] - 1, 0)

    def end(self, number: int) -> int:
        """The place behind a part's last."""
        return self.starts[number] + self.side

    def done(self, number: int) -> int:
        """How many pixels of the photograph are finished with a part."""
        if number < 0:
            return 0
        if number == len(self) - 1:
            return self.length
        return int(np.floor((self.starts[number + 1] - 0.5) * self.step - 0.5)) + 1

    def taps(self, first: int, stop: int, number: int) -> tuple[Array, Array, Array]:
        """Of pixels of the photograph from `first` to `stop` the places before and behind them, counted from `begin` of a
        part, and the share of the latter: bilinear, with middles at halves, and level beyond the outermost."""
        last = self.end(number) - 1 - self.begin(number)
        places = (np.arange(first, stop) + 0.5) / self.step - 0.5 - self.begin(number)
        places = places.clip(0, last)
        before = np.floor(places).astype(np.int64)
        return before, np.minimum(before + 1, last), (places - before).astype(np.float32)


def blended(parts: Iterable[Array], windows: Sequence[Window]) -> Iterator[Block]:
    """Parts, each the probabilities (K, h, w) of what it shows, in the order of `ops.tiling.parts_at`, and where they lie, the
    first window being the whole photograph → blocks of the photograph, which together cover it once."""
    (_, _, wide, high), *places = windows
    photo = (round(high), round(wide))
    if not turned(photo):
        yield from _blended(parts, places, photo)
        return
    flipped = [(y1, x1, y2, x2) for x1, y1, x2, y2 in places]
    for rows, columns, shares in _blended((part.swapaxes(1, 2) for part in parts), flipped, (photo[1], photo[0])):
        yield columns, rows, shares.swapaxes(1, 2)


def _blended(parts: Iterable[Array], places: Sequence[Window], photo: tuple[int, int]) -> Iterator[Block]:
    """The same for parts that come row by row."""
    parts = iter(parts)
    part = next(parts)
    classes, high, wide = part.shape
    down = Axis(sorted({(y1, y2) for _, y1, _, y2 in places}), high, photo[0])
    across = Axis(sorted({(x1, x2) for x1, _, x2, _ in places}), wide, photo[1])
    deepest = max(down.end(row) - down.begin(row + 1) for row in range(len(down)))
    above = np.zeros((classes, deepest, across.end(len(across) - 1)), np.float32)  # what rows of parts before have said
    known = 0  # how many of its rows
    for row in range(len(down)):
        top, bottom, following = down.begin(row), down.end(row), down.begin(row + 1)
        beside = np.zeros((classes, bottom - top, 0), np.float32)  # what parts before in this row have said
        for column in range(len(across)):
            left, right, further = across.begin(column), across.end(column), across.begin(column + 1)
            here = np.zeros((classes, bottom - top, right - left), np.float32)
            fresh = beside.shape[2]
            here[:, :, :fresh] = beside
            here[:, :known, fresh:] = above[:, :known, left + fresh : right]
            here[:, -high:, -wide:] += part * (down.weights[row][:, None] * across.weights[column])
            yield from _finished(here, (down, row), (across, column))
            if following < bottom:
                above[:, : bottom - following, left:further] = here[:, following - top :, : further - left]
            beside = here[:, :, further - left :]
            part = next(parts, part)
        known = bottom - following


def _finished(here: Array, row: tuple[Axis, int], column: tuple[Axis, int]) -> Iterator[Block]:
    """The pixels of the photograph that are finished with a part, from the sums (K, h, w) that begin where it is needed
    from, strip by strip."""
    (down, i), (across, j) = row, column
    first, stop = across.done(j - 1), across.done(j)
    before, behind, far = across.taps(first, stop, j)
    rows = max(1, STRIP // (len(here) * max(1, stop - first)))
    for start in range(down.done(i - 1), down.done(i), rows):
        end = min(start + rows, down.done(i))
        above, below, low = down.taps(start, end, i)
        strip = _between(here[:, above], here[:, below], low[:, None])
        yield slice(start, end), slice(first, stop), _between(strip[..., before], strip[..., behind], far)


def _between(one: Array, other: Array, share: Array) -> Array:
    """`one` where the share is 0, `other` where it is 1."""
    if not share.any():
        return one
    found: Array = one + (other - one) * share
    return found
