"""What a reader is: a module in `data/readers` with the three functions of the protocol below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from clearsight.core.sample import Sample

SPLITS = ("train", "val", "test")
"""The names a split may have; readers translate what they find (`validation`, `valid`, `testing`) to these.
A data set that has no splits of its own has one, called `train`."""

T = TypeVar("T")


def by_split(found: Mapping[str, T]) -> dict[str, T]:
    """What belongs to each split, in their order; one of which there is nothing, 0 or empty, is left out."""
    return {split: own for split in SPLITS if (own := found.get(split))}


@dataclass(frozen=True)
class Location:
    """Where a data set is and what the user said of it."""

    path: Path  # a file or a folder; for a built-in set, just its name
    image_column: str | None = None  # for tables: which column names the picture
    label_column: str | None = None  # for tables: which column holds the label; several, comma-separated
    value_column: str | None = None  # for tables: which column holds a number to predict; several, comma-separated


@dataclass(frozen=True)
class Evidence:
    """Why a reader believes that it can read a place, and how sure it is, from 0 to 1."""

    confidence: float
    why: str


@dataclass(frozen=True)
class Fault:
    """Something wrong with some of the annotations, and what the reader made of it; `inspect` tells it as
    "boxes wholly outside their picture were left out, 3 of 120: correct them"."""

    what: str  # a plural: "boxes wholly outside their picture"
    done: str  # what became of them: "left out", "clipped to it"
    hint: str  # what to do: "correct them"
    items: tuple[str, ...]  # each with its file, and its line or number there
    total: int  # how many things of the kind there are, faulty or not
    level: Literal["note", "warning", "many"] = "many"  # "many": a warning, an error if they are many


@dataclass(frozen=True)
class DataInfo:
    """What a data set holds, without a picture decoded."""

    format: str
    splits: Mapping[str, int | None]  # split -> number of samples; None for a stream whose length is unknown
    labels: tuple[str, ...]  # class names in the order of their indices
    annotated: frozenset[str]  # the Sample fields it fills: {"labels"}
    columns: tuple[str, ...] = ()  # keys of Sample.extra
    notes: tuple[str, ...] = field(default=())  # what a person should know: an empty class folder, skipped files
    several: bool = False  # whether a sample may have several labels, or none of them: {"cat", "outdoors"}
    values: tuple[str, ...] = ()  # names of Sample.values
    drawn: tuple[str, ...] = ()  # classes of boxes and masks, where `labels` are those of whole pictures and others
    faults: tuple[Fault, ...] = ()  # what is wrong with annotations
    instances: bool = False  # whether masks are of single objects, not the class of each pixel

    def classes(self, field: str) -> tuple[str, ...]:
        """The classes of a field of Sample, "labels", "boxes" or "masks", in the order of their indices."""
        return self.drawn if self.drawn and field != "labels" else self.labels


class Reader(Protocol):
    """The three functions of a reader module. One that looks at columns of `Location` names them in a set `COLUMNS`:
    {"label_column"}; where another is given, `data.open` refuses it."""

    def sniff(self, location: Location) -> Evidence | None:
        """How sure this reader is that it can read the place; None if it can't. It looks at listings (a file that lists others
        is one), the heads of a few files and at most one whole."""

    def info(self, location: Location) -> DataInfo:
        """What is there. Raises `InputError` with the file and what to do."""

    def read(self, location: Location, split: str) -> Iterable[Sample]:
        """The samples of one split, in a stable order, images unread."""


class Part(Protocol):
    """A part of a split that is read by itself, from its beginning: a shard. Picklable, for workers."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def nbytes(self) -> int:
        """Its size, by which the number of samples in parts not yet read is estimated; 0 where it is unknown."""

    def samples(self) -> Iterator[Sample]:
        """Its samples in a stable order, images unread. Raises `InputError` where it is damaged."""


class StreamReader(Reader, Protocol):
    """A reader whose splits have no known length may give them in parts, which are read in any order."""

    def parts(self, location: Location, split: str) -> Sequence[Part]:
        """The parts of a split in a stable order; what `read` yields is their samples one after another."""
