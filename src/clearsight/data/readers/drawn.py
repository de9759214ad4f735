"""Masks of single objects as annotation files have them, outlines or run lengths, drawn when asked for.

Each shape knows how it is to be drawn: COCO's polygons as COCO's own tools draw them, others by the centres of pixels.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from clearsight.core.errors import BadImage
from clearsight.core.sample import Array, ImageSource, Masks
from clearsight.data.readers.rings import Ring, crosses_itself, draw
from clearsight.ops.rle import Runs, from_coco, from_window, union


class Shape(Protocol):
    """What a file says of one object's mask. Picklable, and its `repr` is all that it says."""

    def runs(self, height: int, width: int) -> Runs:
        """The mask on a picture of this size. Raises `ValueError`, in words that follow a name, where it does not fit."""

    def outlines(self) -> Sequence[Array]:
        """Its outlines, (P, 2) each, in whatever unit; none where it is not drawn by outlines."""


class Drawing(NamedTuple):
    """The mask of one object."""

    label: str
    shape: Shape
    where: str  # in the picture's source: "annotation 17", "line 3"
    crowd: bool = False


@dataclass(frozen=True)
class CocoPolygons:
    """An object of one part or several, drawn as COCO's tools do."""

    parts: tuple[array[float], ...]  # of each x, y, x, y …, three points at least

    def runs(self, height: int, width: int) -> Runs:
        from hotcoco.mask import frPyObjects

        drawn = frPyObjects([part.tolist() for part in self.parts], height, width)
        return union([from_coco(mask) for mask in drawn])

    def outlines(self) -> Sequence[Array]:
        return [np.asarray(part).reshape(-1, 2) for part in self.parts]


@dataclass(frozen=True)
class CocoRuns:
    """An object by its run lengths, compressed to text or not."""

    height: int
    width: int
    counts: str | array[int]

    def runs(self, height: int, width: int) -> Runs:
        if (self.height, self.width) != (height, width):
            raise ValueError(f"is of {self.width} x {self.height} pixels")
        counts = self.counts if isinstance(self.counts, str) else self.counts.tolist()
        return from_coco({"size": [height, width], "counts": counts})

    def outlines(self) -> Sequence[Array]:
        return ()


@dataclass(frozen=True)
class Rings:
    """An object of one part or several, by the pixels whose centre lies within one of them. With `shares`, coordinates are
    shares of the picture's sides."""

    parts: tuple[Ring, ...]
    shares: bool = False

    def runs(self, height: int, width: int) -> Runs:
        scale = (width, height) if self.shares else (1, 1)
        return draw([np.asarray(part, np.float64) * scale for part in self.parts], height, width)

    def outlines(self) -> Sequence[Array]:
        return [np.asarray(part, np.float64) for part in self.parts]


@dataclass(frozen=True)
class Patch:
    """An object by the pixels of a window of its picture, as bits, row by row."""

    top: int
    left: int
    height: int
    width: int
    bits: bytes  # of `np.packbits`

    @classmethod
    def of(cls, mask: Array, top: int, left: int) -> Patch:
        """From a mask bool (h, w); what of the window is empty is left away."""
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if len(rows):
            mask = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            top, left = top + int(rows[0]), left + int(columns[0])
        return cls(top, left, mask.shape[0], mask.shape[1], np.packbits(mask).tobytes())

    def runs(self, height: int, width: int) -> Runs:
        flat = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.height * self.width)
        return from_window(flat.reshape(self.height, self.width) != 0, self.top, self.left, height, width)

    def outlines(self) -> Sequence[Array]:
        return ()


@dataclass(frozen=True)
class Joined:
    """An object of several shapes."""

    shapes: tuple[Shape, ...]

    def runs(self, height: int, width: int) -> Runs:
        return union([shape.runs(height, width) for shape in self.shapes])

    def outlines(self) -> Sequence[Array]:
        return [outline for shape in self.shapes for outline in shape.outlines()]


@dataclass(frozen=True)
class LazyMasks:
    """The masks of one picture's objects, drawn when called. Picklable."""

    image: ImageSource = field(repr=False)
    shapes: tuple[Shape, ...]
    said: tuple[int, int] | None  # (height, width) by the annotation file
    source: str = field(default="", repr=False)  # that file, as a person reads it
    wheres: tuple[str, ...] = field(default=(), repr=False)  # of each object, where in it

    def __call__(self) -> tuple[Runs, ...]:
        """A mask for each object. Raises `BadImage` where the picture is not of the size that was annotated."""
        height, width = self.image.size()
        if self.said is not None and self.said != (height, width):
            said = f"its annotation says {self.said[1]} x {self.said[0]}"
            raise BadImage(self.image.name, f"is of {width} x {height} pixels, {said}; was it resized afterwards?")
        try:
            return tuple(shape.runs(height, width) for shape in self.shapes)
        except ValueError as error:
            raise BadImage(self.image.name, f"is of {width} x {height} pixels, and a mask of it {error}") from None

    def crossed(self) -> tuple[int, ...]:
        """The objects, by their rows, whose outline crosses itself, so that it is not clear what is meant."""
        return tuple(row for row, shape in enumerate(self.shapes) if any(map(crosses_itself, shape.outlines())))

    def places(self) -> tuple[str, ...]:
        """Where each object is written, as a person reads it."""
        return tuple(f"{self.source}: {where}" for where in self.wheres)


def masks_of(image: ImageSource, drawings: Sequence[Drawing], said: tuple[int, int] | None, source: str) -> Masks:
    """The masks of one picture as a sample has them; `source` is the file that tells of them, as a person reads it."""
    crowd = np.array([drawing.crowd for drawing in drawings], bool)
    shapes, wheres = tuple(drawing.shape for drawing in drawings), tuple(drawing.where for drawing in drawings)
    drawn = LazyMasks(image, shapes, said, source, wheres)
    return Masks("instances", drawn, tuple(drawing.label for drawing in drawings), crowd if crowd.any() else None)


def length(parts: Sequence[Any]) -> float:
    """How long outlines x, y, x, y … are in all, in pixels; infinite or NaN where coordinates are."""
    return math.fsum(_round(np.asarray(part, np.float64).reshape(-1, 2)) for part in parts)


def _round(points: Array) -> float:
    return float(np.abs(points - np.roll(points, 1, axis=0)).sum())
