"""The `segmentation` of COCO's annotations: polygons of one part or several, run lengths compressed or not."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clearsight.data.readers import box_faults, mask_faults
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.boxes import Picture
from clearsight.data.readers.drawn import CocoPolygons, CocoRuns, Drawing, Shape, length
from clearsight.data.readers.faults import Faults, Kind
from clearsight.data.readers.names import count
from clearsight.ops.rle import area, from_coco

Corners = tuple[float, float, float, float]

LONGEST = 4e6
"""Pixels beyond which no outline is as long: drawing it would take minutes."""


@dataclass
class CocoMasks:
    """The masks of a set as they are met, and what is known only of the whole."""

    unmasked: list[str] = field(default_factory=list)  # places of objects without a mask
    boxless: list[str] = field(default_factory=list)  # places of objects with a mask and no box
    shaped: bool = False  # whether some mask is more than the rectangle of its box
    faults: Faults = field(default_factory=Faults)
    objects: int = 0

    def add(
        self, picture: Picture, label: str, said: Any, box: Corners | None, where: str, crowd: bool, gathered: BoxSet
    ) -> bool:
        """One object's `segmentation`, put with its picture where it can be used; whether it was."""
        self.objects += 1
        if said is None or said == [] or said == {}:
            self.unmasked.append(picture.place(where))
            return False
        self.faults.count("masks")
        shape = self._polygons(said, picture, where) if isinstance(said, list) else self._runs(said, picture, where)
        if shape is None:
            self.shaped = True
            return False
        self.shaped = self.shaped or not _is_rectangle(shape, box)
        picture.masks.append(Drawing(label, shape, where, crowd))
        return True

    def settle(self, gathered: BoxSet) -> None:
        """Decide, when all files are read, whether there are masks; put faults and notes with the others."""
        masked = any(picture.masks for picture in gathered.pictures)
        if not self.shaped and masked:
            for picture in gathered.pictures:
                picture.masks.clear()
            what = "polygons that are but the rectangles of their boxes are not read as masks"
            gathered.notes.append(f"{what}: {count(self.faults.totals['masks'], 'polygon')}")
            return
        gathered.faults.take(self.faults)
        gathered.faults.count("objects", self.objects)
        for place in self.unmasked if masked else ():
            gathered.faults.add(mask_faults.NO_MASK, place)
        for place in self.boxless if any(picture.boxes for picture in gathered.pictures) else ():
            gathered.refuse(box_faults.NO_BOX, place)

    def _polygons(self, said: list[Any], picture: Picture, where: str) -> Shape | None:
        parts: list[array[float]] = []
        wrong: dict[Kind, None] = {}
        for part in said:
            numbers = _numbers(part)
            if numbers is None:
                wrong[mask_faults.NO_OUTLINE] = None
            elif len(numbers) < 6:
                wrong[mask_faults.SHORT] = None
            else:
                parts.append(numbers)
        for kind in wrong:
            self._refuse(kind, picture, where)
        if parts and not length(parts) < LONGEST:
            self._refuse(mask_faults.NO_OUTLINE, picture, where)
            return None
        return CocoPolygons(tuple(parts)) if parts else None

    def _runs(self, said: Any, picture: Picture, where: str) -> Shape | None:
        try:
            runs = from_coco(said if isinstance(said, Mapping) else {})
        except ValueError:
            self._refuse(mask_faults.NO_RUNS, picture, where)
            return None
        if picture.said not in (None, (runs.height, runs.width)):
            self._refuse(mask_faults.OTHER_SIZE, picture, where)
            return None
        if not area(runs):
            self._refuse(mask_faults.EMPTY, picture, where)
            return None
        counts = said["counts"]
        return CocoRuns(runs.height, runs.width, counts if isinstance(counts, str) else array("Q", counts))

    def _refuse(self, kind: Kind, picture: Picture, where: str) -> None:
        self.faults.add(kind, picture.place(where))


def _numbers(part: Any) -> array[float] | None:
    """The coordinates of one part; None where they are none, or no pairs."""
    if not isinstance(part, list) or len(part) % 2 or not all(type(value) in (int, float) for value in part):
        return None
    try:
        numbers = array("d", part)
    except OverflowError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _is_rectangle(shape: Shape, box: Corners | None) -> bool:
    """Whether a mask is four or five points at the corners of its box, which says no more than the box."""
    if box is None or not isinstance(shape, CocoPolygons) or len(shape.parts) > 1 or len(shape.parts[0]) > 10:
        return False
    (part,), (x1, y1, x2, y2) = shape.parts, box
    found = {(round(x, 3), round(y, 3)) for x, y in zip(part[::2], part[1::2], strict=True)}
    return found == {(round(x, 3), round(y, 3)) for x in (x1, x2) for y in (y1, y2)}
