"""What a writer is: a module in `data/writers` with what the protocol below asks for. The mirror of a reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clearsight.core.sample import Sample

HOLDABLE: Mapping[str, str] = {
    "labels": "labels of whole pictures",
    "several": "several labels of one picture, or that none applies",
    "none": "that none of the labels applies, apart from not annotated with labels",
    "unlabelled": "that a picture with boxes is not annotated with labels",
    "boxes": "boxes",
    "masks": "masks of objects",
    "semantic": "the class of each pixel",
    "overlap": "masks that overlap",
    "ignored": "pixels where no mask is judged",
    "apart": "boxes and masks that are not of the same objects",
    "each": "that a picture is annotated with boxes and not with masks, or the other way round",
    "corners": "boxes other than those round their masks, where an object has both, and objects without a mask among others",
    "crowd": "which boxes and masks are crowds",
    "difficult": "which boxes are difficult",
    "area": "the areas of objects, where they are not those of their boxes",
    "unannotated": "that a picture is not annotated, apart from nothing being there",
    "classes": "all classes in their order, those too that nothing bears",
    "extra": "further columns",
    "city": "the city that a picture's name begins with, up to the first _",
}
"""What a format may be able to hold, in words."""


@dataclass(frozen=True)
class Placed:
    """One sample whose picture is written."""

    sample: Sample  # as the format can hold it
    picture: str  # where the picture is, relative to the folder, with forward slashes
    size: tuple[int, int]  # (height, width) of the upright picture, pixels
    digest: str  # of the bytes written


class Writer(Protocol):
    """What a writer module has."""

    HOLDS: frozenset[str]
    """What the format can hold: words of `HOLDABLE`."""

    TAKEN: frozenset[str]
    """Names that further columns cannot have, as the format has its own of these names: in small letters, without blanks,
    dots, - and _."""

    def place(self, sample: Sample, split: str, name: str) -> str:
        """Where a picture goes, relative to the folder. `name` is unique among all pictures, with its ending and without.
        Raises `InputError` where the sample cannot be written, with what to do."""

    def write(
        self, folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]
    ) -> None:
        """Write the annotations of pictures, which lie there already, by split. `classes` are those of the fields of Sample that
        are written, "labels", "boxes" and "masks".
        Raises `InputError` for what cannot be written."""
