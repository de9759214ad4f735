"""Whether a folder that was written says what it was to say: read again as anyone would, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from clearsight.core.errors import BadImage, InputError
from clearsight.core.sample import Array, Boxes, Sample, printable
from clearsight.core.writer import Placed
from clearsight.data.masks_apart import masks_apart
from clearsight.data.open import Dataset, open_data
from clearsight.data.readers.names import count, few
from clearsight.data.writers.keeping import NOTHING, Keeping
from clearsight.data.writers.pictures import digest
from clearsight.data.writers.putting import decimals, text


@dataclass
class Comparison:
    """What differs, in words, and by how many pixels the corners of boxes do at most."""

    pictures: int = 0  # compared
    boxes: int = 0
    masks: int = 0  # of objects, else of pictures
    labels: int = 0
    largest: float = 0.0
    differences: list[str] = field(default_factory=list)


def read_back(
    folder: Path,
    format: str,
    pictures: Mapping[str, Sequence[Placed]],
    classes: Mapping[str, Sequence[str]],
    keeping: Keeping,
) -> Comparison:
    """Compare a folder with what was written into it, by split: bytes of pictures, labels, boxes in their order, marks,
    masks to the pixel, further columns, classes."""
    found = Comparison()
    try:
        dataset = open_data(folder, format=format)
        there = {split: _by_place(dataset.samples(split), folder) for split in dataset.info.splits}
    except InputError as error:
        found.differences.append(f"what was written cannot be read: {error}")
        return found
    found.differences += _splits(there, pictures)
    if "classes" in keeping.holds:
        found.differences += _classes(dataset, classes)
    for split, placed in pictures.items():
        for picture in placed:
            sample = there.get(split, {}).get(picture.picture)
            if sample is not None:
                differences = list(_picture(picture, sample, found))
                found.differences += [f"{picture.picture}: {difference}" for difference in differences]
    return found


def _by_place(samples: Sequence[Sample], folder: Path) -> dict[str, Sample]:
    """Samples by where their picture is in the folder."""
    root = f"{printable(str(folder))}/"
    return {sample.image.name.replace("\\", "/").removeprefix(root.replace("\\", "/")): sample for sample in samples}


def _splits(there: Mapping[str, Mapping[str, Sample]], pictures: Mapping[str, Sequence[Placed]]) -> Iterator[str]:
    for split in dict.fromkeys([*pictures, *there]):
        written = {picture.picture for picture in pictures.get(split, ())}
        for names, what in (
            (written - there.get(split, {}).keys(), "written into {} and not read there"),
            (there.get(split, {}).keys() - written, "read in {} and not written there"),
        ):
            if names:
                yield f"{count(len(names), 'picture')} {what.format(split)}: {few(sorted(names))}"


def _classes(dataset: Dataset, classes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name, wanted in classes.items():
        if (read := dataset.info.classes(name)) != tuple(wanted):
            yield f"classes are read as {few(list(read), 10)}; written were {few(list(wanted), 10)}"


def _picture(picture: Placed, read: Sample, found: Comparison) -> Iterator[str]:
    """What differs in one picture."""
    wanted = picture.sample
    found.pictures += 1
    found.labels += len(wanted.labels or ())
    try:
        same = digest(read.image.encoded() or b"") == picture.digest
    except BadImage as error:
        yield f"cannot be read ({error.reason})"
    else:
        if not same:
            yield "its bytes are others than were written"
    if _sorted(read.labels) != _sorted(wanted.labels):
        yield f"labels are read as {read.labels}, not {wanted.labels}"
    for column, value in wanted.extra.items():
        if _text(read.extra.get(column)) != _text(value):
            yield f"column {column!r} is read as {read.extra.get(column)!r}, not {value!r}"
    if (read.boxes is None) != (wanted.boxes is None):
        states = ("annotated", "not annotated")
        yield f"is read as {states[read.boxes is None]} with boxes, not as {states[wanted.boxes is None]}"
    elif read.boxes is not None and wanted.boxes is not None:
        yield from _boxes(wanted.boxes, read.boxes, found)
    if (read.masks is None) != (wanted.masks is None):
        states = ("annotated", "not annotated")
        yield f"is read as {states[read.masks is None]} with masks, not as {states[wanted.masks is None]}"
    elif read.masks is not None and wanted.masks is not None:
        try:
            yield from masks_apart(wanted.masks, read.masks)
        except BadImage as error:
            yield f"its masks cannot be read ({error.reason})"
        else:
            found.masks += len(wanted.masks.labels) if wanted.masks.kind == "instances" else 1


def _boxes(wanted: Boxes, read: Boxes, found: Comparison) -> Iterator[str]:
    found.boxes += len(wanted.labels)
    if read.labels != wanted.labels:
        yield f"boxes are read as of {few(read.labels, 8) or 'nothing'}; written were {few(wanted.labels, 8) or 'none'}"
        return
    apart = np.abs(read.xyxy.astype(np.float64) - wanted.xyxy).max(1, initial=0)
    found.largest = max(found.largest, float(apart.max(initial=0)))
    for row in np.flatnonzero(apart > NOTHING):
        yield f"box {row + 1} is read as {_corners(read.xyxy[row])}, not {_corners(wanted.xyxy[row])}"
    for name in ("crowd", "difficult"):
        if (_marks(read, name) != _marks(wanted, name)).any():
            yield f"the marks {name!r} of its boxes are others than were written"
    if wanted.labels and wanted.area is not None and (read.area is None or (read.area != wanted.area).any()):
        yield "the areas of its objects are others than were written"


def _corners(box: Array) -> str:
    return ", ".join(map(text, decimals(box[None])[0]))


def _marks(boxes: Boxes, name: str) -> Array:
    marks = getattr(boxes, name)
    return np.zeros(len(boxes.labels), bool) if marks is None else np.asarray(marks, bool)


def _sorted(labels: Sequence[str] | None) -> list[str] | None:
    return None if labels is None else sorted(labels)


def _text(value: Any) -> str:
    """A value of a further column as a table would show it."""
    return "" if value is None else str(value)
