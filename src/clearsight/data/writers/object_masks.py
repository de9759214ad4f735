"""A folder for each picture with a mask file for each object, the layout of the Data Science Bowl 2018:
`train/1/images/1.png`, `train/1/masks/cell/0001.png`, white where the object is.

Files are numbered in the order of the objects. Those that are called but `object` need no folder of their class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from clearsight.core.files import in_words
from clearsight.core.sample import Sample
from clearsight.core.writer import Placed
from clearsight.data.readers.mask_tables import OBJECT
from clearsight.data.writers.masks import png
from clearsight.data.writers.naming import folder_of
from clearsight.data.writers.putting import masked, put
from clearsight.ops.rle import to_mask

HOLDS = frozenset({"masks", "overlap", "apart", "unannotated"})
"""Masks of objects, whatever they hide of each other; no boxes that could be of others."""

TAKEN: frozenset[str] = frozenset()

RESERVED = ("images", "masks")
"""Names of folders that mean something, and so cannot be a picture's."""


def place(sample: Sample, split: str, name: str) -> str:
    """In a folder of its own."""
    stem = PurePosixPath(name).stem
    return f"{split}/{f'picture-{stem}' if stem.casefold() in RESERVED else stem}/images/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """A folder of masks for each picture that is annotated, empty where nothing is on it. Raises `InputError` for a class that
    no folder can be called."""
    folders = {label: "" if label == OBJECT else f"{folder_of(label)}/" for label in classes["masks"]}
    for picture, masks in masked(pictures):
        own = folder / PurePosixPath(picture.picture).parent.parent / "masks"
        with in_words(own):
            own.mkdir()
        for number, (label, runs) in enumerate(zip(masks.labels, masks.runs(), strict=True), 1):
            put(own / f"{folders[label]}{number:04}.png", png(to_mask(runs).astype(np.uint8) * np.uint8(255)))
