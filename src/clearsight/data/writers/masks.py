"""Pictures with a mask each: `train/images/1.jpg`, `train/masks/1.png` with the number of each pixel's class, `classes.txt`.

Pixels that count for nothing have the number of a last class, "unlabelled". Where the data has masks of objects they are
painted, small ones in front, on a first class, "background".
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import PIL.Image

from clearsight.core.errors import InputError
from clearsight.core.sample import VOID, Array, Sample
from clearsight.core.writer import Placed
from clearsight.data.readers.mask_tables import entries_of, is_unknown
from clearsight.data.writers.putting import masked, put

HOLDS = frozenset({"semantic", "unannotated", "classes"})
"""The class of each pixel, and all classes."""

TAKEN: frozenset[str] = frozenset()

UNKNOWN = "unlabelled"


def place(sample: Sample, split: str, name: str) -> str:
    """In the folder of its split."""
    return f"{split}/images/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """A mask for each picture that has one, and the table of the classes. Raises `InputError` for names that it cannot hold."""
    labels = list(classes["masks"])
    void = False
    for picture, masks in masked(pictures):
        indices, path = masks.indices(), PurePosixPath(picture.picture)
        void = void or bool((indices == VOID).any())
        numbers = np.where(indices == VOID, np.uint8(len(labels)), indices)
        put(folder / path.parent.parent / f"masks/{path.stem}.png", png(numbers.astype(np.uint8)))
    put(folder / "classes.txt", _table([*labels, *([UNKNOWN] if void else [])], len(labels)))


def png(pixels: Array, palette: Sequence[int] | None = None) -> bytes:
    """Numbers uint8 (H, W) as PNG, with a palette of red, green, blue, red … where one is given."""
    image = PIL.Image.fromarray(pixels)
    if palette is not None:
        image.putpalette(palette)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _table(names: Sequence[str], known: int) -> str:
    """`classes.txt`: a name a line, with its number before it where names alone would be read as something else."""
    if unfit := [name for name in names[:known] if is_unknown(name)]:
        raise InputError(
            f"masks cannot have a class called {unfit[0]!r}, which means no class; rename it with --classes"
        )
    for lines in (list(names), [f"{number} {name}" for number, name in enumerate(names)]):
        if [(entry.name, entry.value) for entry in entries_of(lines)] == list(
            zip(names, range(len(names)), strict=True)
        ):
            return "".join(f"{line}\n" for line in lines)
    raise InputError(
        "classes.txt cannot hold the names of the classes as they are; rename those of numbers with --classes"
    )
