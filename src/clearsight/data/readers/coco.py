"""COCO's JSON: `annotations/instances_train2017.json` with pictures in `train2017`, and the layouts that others make of it.

Boxes are kept to the number: [x, y, width, height] is x, y, x + width, y + height. Masks, polygons or run lengths, are drawn
as COCO's own tools do (`coco_masks`). Format: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import Sample, printable
from clearsight.data.readers import box_faults
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.boxes import Box, Picture
from clearsight.data.readers.coco_files import HEAD, CocoFile, CocoFiles, find, looks_right
from clearsight.data.readers.coco_masks import CocoMasks
from clearsight.data.readers.names import few
from clearsight.data.readers.values import cornered, name_of, number, read_json
from clearsight.data.tree import beside

Entry = Mapping[str, Any]


def sniff(location: Location) -> Evidence | None:
    """Sure of JSON files that begin with COCO's tables; less where two are of one split."""
    found = find(location)
    if found is None or not found.files or not looks_right(found.tree.head(found.files[0].name, HEAD)):
        return None
    names = few([file.name for file in found.files])
    return Evidence(0.5, f"several files of COCO's for one split: {names}") if found.unclear else Evidence(0.96, names)


def info(location: Location) -> DataInfo:
    """Splits, classes in the order of their numbers, faults. Raises `InputError` with the file that is not as it must be."""
    return _gather(location).info("coco")


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the order of the file."""
    return _gather(location).samples(split)


def _gather(location: Location) -> BoxSet:
    found = find(location)
    place = printable(str(location.path))
    if found is None or not found.files:
        raise InputError(f"{place} holds no JSON file of COCO's, with 'images', 'annotations' and 'categories'")
    if found.unclear:
        names = few([file.name for file in found.files], 6)
        raise InputError(f"{place} holds several files of COCO's for one split: {names}; name the one that is meant")
    gathered, members, masks = BoxSet(corners=False), set[str](), CocoMasks()
    for file in found.files:
        tables = _tables(found, file)
        _pictures(found, file, tables, gathered, members)
        _objects(tables, gathered, masks)
    masks.settle(gathered)
    if not gathered.pictures:
        raise InputError(f"{place}: its annotation files list no picture; list some in 'images', or export them again")
    if found.others:
        gathered.notes.append(f"JSON files that are not read: {few(found.others, 6)}")
    guessed = [file.name for file in found.files if file.guessed]
    if guessed and len(found.files) > 1:
        gathered.notes.append(f"files whose names say none of train, val, test are read as train: {few(guessed)}")
    gathered.name_unlisted(found.tree.files if found.listed else beside(found.tree, members), members)
    return gathered


@dataclass
class _Tables:
    """One file: its three tables, checked, and what is made of two of them."""

    where: str
    images: list[Entry]
    annotations: list[Entry] | None  # None: not annotated
    classes: dict[Any, str] = field(default_factory=dict)  # id -> name, in the order of the ids
    pictures: dict[Any, Picture] = field(default_factory=dict)  # by id


def _tables(found: CocoFiles, file: CocoFile) -> _Tables:
    data = read_json(found.tree, file.name)
    where = printable(str(found.tree.path / file.name))
    if not isinstance(data, dict):
        raise InputError(f"{where} is no file of COCO's: it must be an object with images, annotations and categories")
    images, annotations, categories = (
        _entries(data, table, where) for table in ("images", "annotations", "categories")
    )
    if images is None:
        raise InputError(f"{where} has no list of 'images'; export it again")
    if annotations is not None and categories is None:
        raise InputError(f"{where} has no list of 'categories', which name its classes; export it again")
    tables = _Tables(where, images, annotations)
    for position, entry in enumerate(categories or (), 1):
        name = entry.get("name")
        if not isinstance(name, (str, int)) or not str(name).strip():
            raise InputError(f"{where}: category {position} has no name; give it one")
        key = _id(entry.get("id"), f"{where}: category {position}")
        if key in tables.classes:
            raise InputError(f"{where}: two categories have the id {key}; give each its own")
        tables.classes[key] = printable(str(name).strip())
    if all(isinstance(key, (int, float)) for key in tables.classes):
        tables.classes = dict(sorted(tables.classes.items()))
    return tables


def _entries(data: Mapping[str, Any], table: str, where: str) -> list[Entry] | None:
    entries = data.get(table)
    if entries is None:
        return None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{where}: {table!r} must be a list of objects; export it again")
    return entries


def _id(value: Any, where: str) -> int | float | str:
    """An id, by which others refer to it. Raises `InputError` with `where`."""
    if isinstance(value, (int, float, str)):
        return value
    raise InputError(f"{where} has no id that is a number or a text; export it again")


def _pictures(found: CocoFiles, file: CocoFile, tables: _Tables, gathered: BoxSet, members: set[str]) -> None:
    for position, entry in enumerate(tables.images, 1):
        here = f"{tables.where}: image {_said(entry.get('id', position))}"
        key = _id(entry.get("id"), here)
        if key in tables.pictures:
            raise InputError(f"{here}: two pictures have this id; give each its own")
        member = found.picture(file, name_of(entry.get("file_name"), here))
        if not found.tree.has(member):
            gathered.faults.add(box_faults.MISSING, f"{here}: {printable(member)}")
        members.add(member)
        picture = Picture(
            gathered.key(member),
            found.tree.image(member),
            file.split,
            annotated=tables.annotations is not None,
            source=tables.where,
        )
        gathered.say_size(picture, entry.get("height"), entry.get("width"), f"image {_said(key)}")
        tables.pictures[key] = picture
        gathered.pictures.append(picture)


def _objects(tables: _Tables, gathered: BoxSet, masks: CocoMasks) -> None:
    """The annotations of one file, each with its box and its mask."""
    gathered.declare(list(tables.classes.values()), "categories", tables.where)
    for position, entry in enumerate(tables.annotations or (), 1):
        where = f"annotation {_said(entry.get('id', position))}"
        picture = _found(tables.pictures, entry.get("image_id"))
        label = _found(tables.classes, entry.get("category_id"))
        if picture is None:
            what = f"image_id {_said(entry.get('image_id'))}"
            gathered.refuse(box_faults.NO_PICTURE, f"{tables.where}: {where}: {what}")
        elif label is None:
            what = f"category_id {_said(entry.get('category_id'))}"
            gathered.refuse(box_faults.NO_CLASS, picture.place(f"{where}: {what}"))
        else:
            _object(picture, label, entry, where, gathered, masks)


def _object(picture: Picture, label: str, entry: Entry, where: str, gathered: BoxSet, masks: CocoMasks) -> None:
    """One object: what of its box and its mask can be used."""
    bbox, crowd = entry.get("bbox"), entry.get("iscrowd") in (1, "1")
    boxed = isinstance(bbox, list) and len(bbox) == 4
    corners = cornered(*map(number, bbox)) if isinstance(bbox, list) and boxed else None
    masked = masks.add(picture, label, entry.get("segmentation"), corners, where, crowd, gathered)
    if corners is not None:
        area = number(entry.get("area"))
        known = area if 0 < area < math.inf else None
        drawn = hash(repr(picture.masks[-1].shape)) if masked else 0
        gathered.add(picture, Box(label, corners, where, crowd=crowd, area=known, drawn=drawn))
    elif masked:
        masks.boxless.append(picture.place(where))
    else:
        gathered.refuse(box_faults.NO_BOX, picture.place(where))


def _found(table: Mapping[Any, Any], key: Any) -> Any:
    """What a table has under a key of whatever kind; None where it has nothing."""
    return table.get(key) if isinstance(key, (int, float, str)) else None


def _said(value: Any) -> str:
    """An id for a person, whatever it is."""
    return printable(str(value))[:40] if isinstance(value, (int, float, str)) else f"no id ({type(value).__name__})"
