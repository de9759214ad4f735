"""What is wrong with annotations of boxes, by kind, and counted: shared by all readers that have boxes.

What is certain is put right and counted: corners exchanged, a box that reaches beyond its picture. What is not is left
out and named. Nothing of it stops the reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from clearsight.core.reader import Fault


@dataclass(frozen=True)
class Kind:
    """A kind of fault: the fields of `Fault` that are the same for all of it."""

    what: str
    done: str
    hint: str
    level: Literal["note", "warning", "many"] = "many"
    of: str = "boxes"  # what it is counted among


NO_NUMBERS = Kind("boxes whose coordinates are no numbers", "left out", "write them as numbers")
NEGATIVE = Kind("boxes of a width or height below 0", "left out", "write them anew")
EXCHANGED = Kind(
    "boxes whose second corner lies before the first",
    "turned round",
    "see that their file means these corners",
    "warning",
)
EMPTY = Kind("boxes without area", "left out", "draw them anew or remove them", "warning")
OUTSIDE = Kind("boxes wholly outside their picture", "left out", "see whether they belong to it, and their units")
BEYOND = Kind("boxes that reach beyond their picture", "clipped to it", "see if that is meant", "warning")
TWICE = Kind("boxes that are there twice", "left out once", "remove the copies", "warning")
NO_CLASS = Kind("boxes of a class that is not declared", "left out", "declare the class or correct its number")
NO_LABEL = Kind("boxes without a label", "left out", "give them one")
NO_PICTURE = Kind("boxes of a picture that is not listed", "left out", "list the picture or remove them")
NO_BOX = Kind("annotations without a box", "left out", "draw boxes if they are to be found")
NO_LINE = Kind("lines that are no box", "left out", "write class, centre and size, five numbers a line")
MISSING = Kind(
    "pictures that are listed but not there",
    "kept as unreadable",
    "bring them or take them off the list",
    "note",
    "pictures",
)
UNLISTED = Kind(
    "pictures that no annotation names", "left out", "annotate them if they belong", "note", "pictures there"
)
UNMARKED = Kind("pictures without an annotation file", "taken as not annotated", "annotate them", "warning", "pictures")
ORPHANS = Kind(
    "annotation files without a picture", "left out", "bring the pictures or remove them", "warning", "files"
)


class Faults:
    """Faults as they are met, in the order of their kinds' first."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        """How many boxes, pictures, files there are, by `Kind.of`."""
        self._items: dict[Kind, list[str]] = {}

    def add(self, kind: Kind, item: str) -> None:
        """One more; `item` says where, with the file and the line or number."""
        self._items.setdefault(kind, []).append(item)

    def count(self, of: str, number: int = 1) -> None:
        """So many more boxes, pictures, files."""
        self.totals[of] = self.totals.get(of, 0) + number

    def all(self) -> tuple[Fault, ...]:
        """What was met."""
        found = []
        for kind, items in self._items.items():
            total = max(self.totals.get(kind.of, 0), len(items))
            found.append(Fault(kind.what, kind.done, kind.hint, tuple(items), total, kind.level))
        return tuple(found)

    def met(self) -> Mapping[Kind, list[str]]:
        """Where each kind was met."""
        return self._items

    def numbers(self) -> Mapping[Kind, int]:
        """How many of each kind."""
        return {kind: len(items) for kind, items in self._items.items()}
