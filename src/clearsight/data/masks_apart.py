"""What differs between two masks of one picture, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearsight.core.sample import VOID, Array, Masks
from clearsight.data.readers.names import few
from clearsight.ops import rle


def masks_apart(wanted: Masks, read: Masks) -> Iterator[str]:
    """Pixels, classes and marks. Raises `BadImage` where one cannot be loaded."""
    if wanted.kind != read.kind:
        kinds = {"instances": "masks of objects", "semantic": "a class for each pixel"}
        yield f"{kinds[wanted.kind]} were written and {kinds[read.kind]} are read"
    elif wanted.kind == "semantic":
        yield from _classes(wanted, read)
    else:
        yield from _objects(wanted, read)


def _classes(wanted: Masks, read: Masks) -> Iterator[str]:
    """The class of each pixel by its name, whatever its number."""
    old, new = wanted.indices(), read.indices()
    if old.shape != new.shape:
        yield f"its mask is read as of {new.shape[1]} x {new.shape[0]} pixels, not {old.shape[1]} x {old.shape[0]}"
        return
    names = list(dict.fromkeys((*wanted.labels, *read.labels)))
    others = int((_named(old, wanted, names) != _named(new, read, names)).sum())
    if others:
        yield f"{others:,} pixels of its mask are read as of other classes than were written"


def _named(indices: Array, masks: Masks, names: list[str]) -> Array:
    table = np.full(256, -1, np.int16)
    table[: len(masks.labels)] = [names.index(label) for label in masks.labels]
    table[VOID] = -1
    return np.asarray(table[indices])


def _objects(wanted: Masks, read: Masks) -> Iterator[str]:
    if read.labels != wanted.labels:
        old, new = (few(masks.labels, 8) or "nothing" for masks in (wanted, read))
        yield f"masks are read as of {new}; written were {old}"
        return
    for row, (old_runs, new_runs) in enumerate(zip(wanted.runs(), read.runs(), strict=True), 1):
        if not np.array_equal(rle.to_mask(old_runs), rle.to_mask(new_runs)):
            yield f"mask {row} ({wanted.labels[row - 1]}) is read with other pixels than were written"
    if (_crowd(wanted) != _crowd(read)).any():
        yield "the marks that a mask is a crowd are others than were written"
    if wanted.ignored is not None:
        new_ignored = np.False_ if read.ignored is None else rle.to_mask(read.ignored())
        if (rle.to_mask(wanted.ignored()) != new_ignored).any():
            yield "the pixels where no mask is judged are others than were written"


def _crowd(masks: Masks) -> Array:
    return np.zeros(len(masks.labels), bool) if masks.crowd is None else np.asarray(masks.crowd, bool)
