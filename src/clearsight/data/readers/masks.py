"""Pictures with a mask file each, for semantic segmentation: class numbers, palettes, colours, or 0 and 255.

A table such as `classes.txt` or `class_dict.csv` says what the values mean (`mask_tables`); folders and names say which mask
is whose (`mask_files`). A class called "unlabelled", "void" or the like is none: its pixels count for nothing, as does 255.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import DataInfo, Evidence, Fault, Location, by_split
from clearsight.core.sample import VOID, Masks, Sample, printable
from clearsight.data.readers import mask_faults
from clearsight.data.readers.faults import Faults
from clearsight.data.readers.mask_files import Pairs, find_pairs
from clearsight.data.readers.mask_tables import Classes, Entry, classes_of, find_table, read_table, seen_classes, told
from clearsight.data.readers.mask_values import MaskFile, packed, values_of
from clearsight.data.readers.names import few
from clearsight.data.readers.scanning import scan
from clearsight.data.tree import Tree, is_tree, open_tree

PAIRED = 0.5
"""The share of masks that must have a picture for a place to be taken for one of masks."""

NEARLY = 0.9
"""The share of masks that must hold nothing but 0 and 255 for other values to be strays, not classes."""

LOOKED_AT = 20
"""Masks that are read, spread over the set, to see how a table is meant."""


@dataclass(frozen=True)
class _Values:
    """What masks hold: numbers, colours, or some of each."""

    numbers: tuple[int, ...]
    colours: tuple[tuple[int, int, int], ...]
    binary: bool  # whether 255 is what 0 is not, and not void: nearly all masks hold nothing else


def sniff(location: Location) -> Evidence | None:
    """Sure where pictures and masks lie in folders whose names say so, and most masks have a picture."""
    if not is_tree(location.path):
        return None
    found = find_pairs(open_tree(location.path))
    masks = found.masks
    if not masks or len(masks) < PAIRED * (len(masks) + len(found.orphans)):
        return None  # masks that cannot be read are masks all the same: `info` and the loading say what is wrong
    return Evidence(0.935, f"pictures with masks: {few(masks)}")


def info(location: Location) -> DataInfo:
    """Splits, classes, faults. Raises `InputError` with the file that is not as it must be."""
    found, classes = _gather(location)
    notes = () if classes.table else (told(classes),)
    splits = by_split(Counter(pair.split for pair in found.pairs))
    annotated = frozenset({"masks"})
    return DataInfo("masks", splits, classes.labels, annotated, notes=notes, faults=_faults(found))


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in natural order, keys without the folder that wraps all."""
    found, classes = _gather(location)
    for pair in found.pairs:
        if pair.split != split:
            continue
        image, masks = found.tree.image(pair.picture), None
        if pair.mask is not None:
            file = MaskFile(image, found.tree.image(pair.mask), classes.meaning)
            masks = Masks("semantic", file, classes.labels)
        yield Sample(printable(pair.picture.removeprefix(found.tree.heart)), image, masks=masks)


def _gather(location: Location) -> tuple[Pairs, Classes]:
    tree, place = open_tree(location.path), printable(str(location.path))
    found = find_pairs(tree)
    if not found.masks:
        raise InputError(
            f"{place} holds no pictures with masks: put them into folders images and masks, under equal names"
        )
    return found, _classes(tree, found, place)


def _classes(tree: Tree, found: Pairs, place: str) -> Classes:
    table = find_table(tree, tree.heart)
    if table is None:
        seen = _seen(tree, found.masks)
        if not seen.numbers and not seen.colours:
            raise InputError(f"{place}: none of its masks can be read: {_why(tree, found.masks[0])}")
        try:
            return seen_classes(seen.numbers, seen.colours, seen.binary)
        except InputError as error:
            raise InputError(f"{place}: {error}") from None
    entries, where = read_table(tree, table), printable(str(tree.path / table))
    some = found.masks[:: max(len(found.masks) // LOOKED_AT, 1)]
    if all(entry.colour is not None for entry in entries) and _has_colours(tree, some, entries):
        return classes_of(entries, where)
    binary = len(entries) <= 2 and _seen(tree, some).binary
    return classes_of([Entry(entry.name, entry.value) for entry in entries], where, binary)


def _has_colours(tree: Tree, masks: Sequence[str], entries: Sequence[Entry]) -> bool:
    """Whether masks hold the colours of a table, in their palettes too, and not the numbers of its lines."""
    known = {entry.colour for entry in entries}
    seen = _seen(tree, masks, coloured=True)
    return bool(seen.colours) and bool(known & set(seen.colours))


def _faults(found: Pairs) -> tuple[Fault, ...]:
    faults = Faults()
    faults.count("pictures", len(found.pairs) + len(found.same_pictures))
    faults.count("mask files", len(found.masks) + len(found.orphans) + len(found.same_masks))
    for kind, names in (
        (mask_faults.MISSING, [pair.picture for pair in found.pairs if pair.mask is None]),
        (mask_faults.ORPHANS, found.orphans),
        (mask_faults.SAME_PICTURES, found.same_pictures),
        (mask_faults.SAME_MASKS, found.same_masks),
    ):
        for name in names:
            faults.add(kind, printable(name))
    return faults.all()


def _seen(tree: Tree, masks: Sequence[str], coloured: bool = False) -> _Values:
    """The values that masks hold; what cannot be read holds none. Colours that are grey in all of them are numbers, saved in
    three channels, unless `coloured` asks for colours."""
    found = scan(tree, masks, _colours_of if coloured else _values_of)
    codes = {code for _, own in found for code in own}
    colours = [(code >> 16, code >> 8 & 255, code & 255) for code in sorted(codes)]
    values = [set(own) for own, _ in found]
    if not coloured and all(len(set(colour)) == 1 for colour in colours):
        values, colours = [{*own, *(code & 255 for code in grey)} for own, grey in found], []
    values = [own for own in values if own]
    return _Values(tuple(sorted(set().union(*values))), tuple(colours), not colours and _is_binary(values))


def _is_binary(values: Sequence[set[int]]) -> bool:
    """Whether masks that hold these values have 255 for what 0 is not. Where some have 0 and 1, 255 is void."""
    some = any(VOID in own for own in values)
    numbered = any(1 in own and own <= {0, 1, VOID} for own in values)
    return some and not numbered and sum(own <= {0, VOID} for own in values) >= NEARLY * len(values)


def _why(tree: Tree, name: str) -> str:
    """Why a mask cannot be read."""
    try:
        values_of(tree.image(name))
    except BadImage as bad:
        return str(bad)
    return f"{printable(name)} has been changed meanwhile"


def _values_of(tree: Tree, name: str, coloured: bool = False) -> tuple[list[int], list[int]]:
    """The numbers and the packed colours that occur in a mask file."""
    try:
        pixels = values_of(tree.image(name), coloured)
    except BadImage:
        return [], []
    found = np.unique(packed(pixels) if pixels.ndim == 3 else pixels).tolist()
    return ([], found) if pixels.ndim == 3 else (found, [])


def _colours_of(tree: Tree, name: str) -> tuple[list[int], list[int]]:
    return _values_of(tree, name, coloured=True)
