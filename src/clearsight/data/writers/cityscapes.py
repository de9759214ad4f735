"""Cityscapes' layout: `leftImg8bit/train/aachen/1_leftImg8bit.png`, `gtFine/train/aachen/1_gtFine_labelIds.png`.

For data whose classes are of the 19 of its benchmark, for tools that know no other layout. A picture's city is what its name
begins with, up to the first "_", as in Cityscapes' own names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.sample import VOID, Sample
from clearsight.core.writer import Placed
from clearsight.data.readers.cityscapes import IDS
from clearsight.data.writers.masks import png
from clearsight.data.writers.putting import masked, put

HOLDS = frozenset({"semantic", "unannotated", "city"})
"""The class of each pixel, and the city in a picture's name; the classes are always the same."""

TAKEN: frozenset[str] = frozenset()

PICTURES, PICTURE = "leftImg8bit", "_leftImg8bit"
MASKS, MASK = "gtFine", "_gtFine_labelIds"
UNLABELLED = 0
"""The number of what counts for nothing."""


def place(sample: Sample, split: str, name: str) -> str:
    """In the folder of its city, with which its name begins, whatever was put before it to make it unique."""
    path = PurePosixPath(name)
    stem = path.stem.removesuffix(PICTURE)
    city = sample.extra.get("city", stem.split("_")[0])
    if stem.split("_")[0] != city:
        stem = f"{city}_{stem}"
    return f"{PICTURES}/{split}/{city or 'pictures'}/{stem}{PICTURE}{path.suffix}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """A mask for each picture that has one. Raises `InputError` for a class that Cityscapes does not have."""
    foreign = [label for label in classes["masks"] if label not in IDS]
    if foreign:
        raise InputError(
            f"Cityscapes has no class {foreign[0]!r}: rename it with --classes, or write masks; it has {', '.join(IDS)}"
        )
    for picture, masks in masked(pictures):
        numbers = np.full(VOID + 1, UNLABELLED, np.uint8)
        numbers[: len(masks.labels)] = [IDS[label] for label in masks.labels]
        name, _, _ = picture.picture.removeprefix(f"{PICTURES}/").rpartition(PICTURE)
        put(folder / f"{MASKS}/{name}{MASK}.png", png(numbers[masks.indices()]))
