"""Boxes as annotation files have them, and what of them can be used: shared by all readers of boxes, which gather them in
`box_set`.

Coordinates are x1, y1, x2, y2 in pixels of the photograph, its upper left corner being (0, 0); what a format writes is
kept to the number. `box_faults` says what may be wrong with them and what becomes of it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from clearsight.core.errors import BadImage
from clearsight.core.sample import Array, Boxes, ImageSource, Masks, printable
from clearsight.data.readers import box_faults
from clearsight.data.readers.drawn import Drawing
from clearsight.data.readers.faults import Faults, Kind
from clearsight.data.readers.values import FAR
from clearsight.data.threads import in_threads

ROUNDING = 0.5
"""Pixels by which a box may reach beyond its picture and is clipped without a word."""


class Box(NamedTuple):
    """One box as a file has it."""

    label: str
    corners: tuple[float, float, float, float]  # x1, y1, x2, y2: pixels, or shares of the sides; NaN is no number
    where: str  # in the picture's source: "annotation 17", "line 3"
    crowd: bool = False
    difficult: bool = False
    area: float | None = None  # of the object itself, pixels²; None where only its box is known
    drawn: int = 0  # a hash of its mask: equal boxes of objects with other masks are not one


@dataclass
class Picture:
    """One picture as annotations tell of it."""

    key: str
    image: ImageSource
    split: str = "train"
    labels: tuple[str, ...] | None = None  # of the whole picture; None: not annotated with any
    annotated: bool = True  # whether boxes and masks that are not here are not there
    boxes: list[Box] = field(default_factory=list)
    said: tuple[int, int] | None = None  # (height, width) by its annotations
    said_in: str = ""  # where they say it, as a person reads it
    extra: dict[str, Any] = field(default_factory=dict)
    source: str = ""  # the file that tells of it, as a person reads it
    masks: list[Drawing] = field(default_factory=list)
    whole: Masks | None = None  # masks of the whole picture, in files of their own, in place of `masks`

    def place(self, where: str) -> str:
        """Where a box of this picture is written, for a person."""
        return f"{self.source}: {where} ({self.key})"


def mended(
    pictures: Sequence[Picture],
    sizes: Mapping[str, tuple[int, int]],
    faults: Faults,
    *,
    scales: Mapping[str, tuple[float, float, float, float]] | None = None,
    slack: float = ROUNDING,
    corners: bool = True,
) -> list[Boxes]:
    """The boxes of each picture that can be used; what is wrong with the others goes into `faults`.

    `sizes` are (height, width) by key, in units of the coordinates; where a picture's is not known, only what lies above
    or left of it is seen to be outside. `scales` multiply the coordinates of a picture before. Beyond a frame by up to
    `slack` is rounding.
    """
    boxes = [box for picture in pictures for box in picture.boxes]
    counts = [len(picture.boxes) for picture in pictures]
    owner = np.repeat(np.arange(len(pictures)), counts)
    xyxy = np.array([box.corners for box in boxes], np.float64).reshape(-1, 4)
    unknown = (math.inf, math.inf)
    limits = np.array([sizes.get(p.key, unknown) for p in pictures], np.float64).reshape(-1, 2)[owner][:, [1, 0, 1, 0]]
    there = np.ones(len(boxes), bool)

    def tell(kind: Kind, which: Array, out: bool) -> None:
        for row in np.flatnonzero(which & there):
            faults.add(kind, pictures[owner[row]].place(boxes[row].where))
        if out:
            there[which] = False

    tell(box_faults.NO_NUMBERS, np.logical_not((np.abs(xyxy) < FAR).all(1)), out=True)  # nor is NaN
    xyxy[~there] = 0
    if scales:  # only now, so that the same are far whether a picture's size is known yet or not
        xyxy *= np.array([scales.get(p.key, (1.0,) * 4) for p in pictures], np.float64).reshape(-1, 4)[owner]
    wrong = np.asarray((xyxy[:, :2] > xyxy[:, 2:]).any(1))
    tell(box_faults.EXCHANGED if corners else box_faults.NEGATIVE, wrong, out=not corners)
    xyxy = np.concatenate([np.minimum(xyxy[:, :2], xyxy[:, 2:]), np.maximum(xyxy[:, :2], xyxy[:, 2:])], 1)
    tell(box_faults.TWICE, _repeated(boxes, owner, xyxy, there), out=True)
    tell(box_faults.EMPTY, _flat(xyxy), out=True)
    clipped = np.clip(xyxy, 0, limits)
    tell(box_faults.OUTSIDE, _flat(clipped), out=True)
    tell(box_faults.BEYOND, np.asarray(np.abs(xyxy - clipped).max(1, initial=0) > slack), out=False)
    ends = np.cumsum([0, *counts])
    rows = [start + np.flatnonzero(there[start:end]) for start, end in pairwise(ends)]
    exact = clipped.astype(np.float32)
    return [_boxes(exact[own], [boxes[row] for row in own], p) for p, own in zip(pictures, rows, strict=True)]


def _flat(xyxy: Array) -> Array:
    """Which boxes have no area in the precision that they will have."""
    exact = xyxy.astype(np.float32)
    return np.asarray((exact[:, 2:] <= exact[:, :2]).any(1))


def _repeated(boxes: Sequence[Box], owner: Array, xyxy: Array, there: Array) -> Array:
    """Which boxes are equal, class and flags too, to an earlier one of their picture."""
    seen: set[Any] = set()
    again = np.zeros(len(boxes), bool)
    for row, (box, number, corners) in enumerate(zip(boxes, owner.tolist(), xyxy.tolist(), strict=True)):
        if there[row]:
            same = (number, box.label, box.crowd, box.difficult, box.drawn, *corners)
            again[row] = same in seen
            seen.add(same)
    return again


def _boxes(xyxy: Array, boxes: Sequence[Box], picture: Picture) -> Boxes:
    crowd, difficult = (
        np.array(flags, bool) if any(flags) else None
        for flags in ([box.crowd for box in boxes], [box.difficult for box in boxes])
    )
    own = (xyxy[:, 2] - xyxy[:, 0]).astype(np.float64) * (xyxy[:, 3] - xyxy[:, 1])
    known = [box.area for box in boxes]
    area = None
    if any(value is not None for value in known):
        area = np.array([mine if value is None else value for value, mine in zip(known, own, strict=True)], np.float64)
    return Boxes(xyxy, tuple(box.label for box in boxes), crowd, difficult, picture.said, area, picture.said_in)


def sizes_of(pictures: Sequence[Picture], all_of: bool = False) -> dict[str, tuple[int, int]]:
    """(height, width) by key of the pictures that have boxes: as their annotations say, else, or with `all_of` always,
    from the headers, read in threads. One that cannot be read has none."""
    boxed = [picture for picture in pictures if picture.boxes]
    sizes = {} if all_of else {picture.key: picture.said for picture in boxed if picture.said is not None}
    asked = [picture for picture in boxed if picture.key not in sizes]
    found = in_threads(_size, [picture.image for picture in asked]) if asked else []
    return sizes | {picture.key: size for picture, size in zip(asked, found, strict=True) if size is not None}


def _size(image: ImageSource) -> tuple[int, int] | None:
    try:
        return image.size()
    except BadImage:
        return None


def unique(keys: Counter[str], name: str) -> str:
    """The name as a key that none in `keys` is equal to: the second of one name is `name#2`."""
    keys[name] += 1
    return printable(name) if keys[name] == 1 else f"{printable(name)}#{keys[name]}"
