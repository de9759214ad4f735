"""The objects of Cityscapes, by `--format cityscapes-objects`: `gtFine/train/aachen/x_gtFine_instanceIds.png`.

A value from 1,000 on is an object: its label times 1,000, and its number. Of the benchmark's classes eight have objects. A
value below, which is the label of such a class, is a crowd of them that nobody told apart. What is of none of the benchmark's
19 classes, a caravan or the own car, is judged by nobody; a value of no label at all is a fault too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import VOID, Masks, Sample, printable
from clearsight.data.readers import mask_faults
from clearsight.data.readers.cityscapes import IDS, LARGEST, Found, find, sample_of, what_lacks
from clearsight.data.readers.index_objects import IndexObjects, Valued, objects_in
from clearsight.data.readers.names import few
from clearsight.data.readers.scanning import scan
from clearsight.data.tree import Tree, is_tree, open_tree

THINGS = ("person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle")
"""The benchmark's classes that have objects, in their order."""

FIRST = 1000
"""The smallest value of an object."""


def sniff(location: Location) -> Evidence | None:
    """Sure where there are objects and no masks of classes; where there are both, those of classes are read unless the user
    says otherwise."""
    if not is_tree(location.path):
        return None
    found = find(open_tree(location.path))
    known = [name for name in found.pictures if name in found.objects]
    return Evidence(0.5 if found.masks else 0.97, f"objects of Cityscapes: {few(known)}") if known else None


def info(location: Location) -> DataInfo:
    """Splits, the eight classes, faults. Raises `InputError` where there is no picture with its objects."""
    found = _gather(location)
    notes, faults = what_lacks(found, set(found.objects))
    for name, values in _values(found).items():
        if unknown := [str(value) for value in values if _number(value) > LARGEST and value != VOID]:
            faults.add(mask_faults.NO_CLASS, f"{printable(found.objects[name])}: {few(unknown, 10)}")
    return DataInfo(
        "cityscapes-objects",
        found.splits(),
        THINGS,
        frozenset({"masks"}),
        ("city",),
        notes=notes,
        faults=faults.all(),
        instances=True,
    )


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in natural order. Which objects there are is read from their files, once."""
    found = _gather(location)
    values = _values(found)
    for name in found.of_split(split):
        image, masks = found.tree.image(found.pictures[name][0]), None
        if name in values:
            things = [(value, label) for value in values[name] if (label := _label(value)) is not None]
            objects = IndexObjects(image, found.tree.image(found.objects[name]), tuple(value for value, _ in things))
            crowd = np.array([value < FIRST for value, _ in things], bool)
            labels, void = tuple(label for _, label in things), tuple(filter(_is_void, values[name]))
            ignored = Valued(image, objects.mask, void) if void else None
            masks = Masks("instances", objects, labels, crowd if crowd.any() else None, ignored)
        yield sample_of(found, name, image, masks)


def _values(found: Found) -> dict[str, tuple[int, ...]]:
    """The values in the file of each picture that has one."""
    names = [name for name in found.pictures if name in found.objects]
    return dict(zip(names, scan(found.tree, [found.objects[name] for name in names], _values_in), strict=True))


def _values_in(tree: Tree, name: str) -> tuple[int, ...]:
    """The values in a file; none where it cannot be read, which is told when it is loaded."""
    try:
        return tuple(objects_in(tree.image(name)).tolist())
    except BadImage:
        return ()


def _label(value: int) -> str | None:
    """The class of an object or a crowd; None for what has no objects."""
    return next((label for label in THINGS if IDS[label] == _number(value)), None)


def _is_void(value: int) -> bool:
    """Whether a value is of none of the benchmark's classes: a caravan, the own car, what nobody labelled, or no label at all."""
    return _number(value) not in IDS.values()


def _number(value: int) -> int:
    """The number of the label that a value is of."""
    return value // FIRST if value >= FIRST else value


def _gather(location: Location) -> Found:
    found = find(open_tree(location.path))
    if not any(name in found.objects for name in found.pictures):
        place = printable(str(location.path))
        raise InputError(f"{place} holds no …_gtFine_instanceIds.png of its pictures: unpack gtFine beside leftImg8bit")
    return found
