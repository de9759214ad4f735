"""A table of boxes, CSV, TSV or JSON Lines: a row for each box, with its picture's path, its class and four numbers.

Rows of one picture belong together wherever they stand. A row whose four cells are empty says that nothing is there.
`box_columns` knows the columns by their names; the others are found as `table` finds them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import ImageSource, Sample, printable
from clearsight.data.readers import box_faults, parquet
from clearsight.data.readers.box_columns import BoxColumns, box_columns
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.boxes import Box, Picture
from clearsight.data.readers.columns import Columns, choose, without_foreign_split
from clearsight.data.readers.labels import indicators_among
from clearsight.data.readers.names import few
from clearsight.data.readers.sheet import Row, Sheet, parse
from clearsight.data.readers.table_files import (
    find,
    hold_boxes,
    is_table,
    names_of,
    picture_path,
    split_cell,
    tables_of,
    unclear,
)
from clearsight.data.readers.values import FAR, centred, cornered, is_empty, name_of, number
from clearsight.data.tree import FolderTree, Tree, around, is_tree, open_tree

COLUMNS = frozenset({"image_column", "label_column"})

LABELS = frozenset({"name", "object", "objectname", "objectclass", "classid", "categoryid"})
"""Names of a label column beside those that `table` knows."""

MARKS = {"crowd": "crowd", "iscrowd": "crowd", "difficult": "difficult"}
"""Names of columns of 0 and 1 that mark boxes, without case, blanks, - and _."""

WHOLE = 1.5
"""Where no coordinate of a box is larger it is in shares of the picture's sides: in pixels it would be all but nothing."""


@dataclass(frozen=True)
class _Part:
    """A table read, and what its columns are for."""

    name: str
    shown: str
    split: str
    sheet: Sheet
    columns: Columns
    boxes: BoxColumns
    marks: Mapping[str, str]  # crowd, difficult -> column


def sniff(location: Location) -> Evidence | None:
    """Sure of a table whose header names the corners of boxes, or their corner or centre and size."""
    path = location.path
    if location.value_column is not None:
        return None
    if path.is_file() and is_table(path.name):
        boxed = hold_boxes(FolderTree(path.parent), [path.name])
        return Evidence(0.98, f"a table with columns of boxes: {path.name}") if boxed else None
    if not is_tree(path):
        return None
    tree = open_tree(path)
    tables = tables_of(tree, location)
    if not tables or unclear(tables) or not hold_boxes(tree, names_of(tables)):
        return None
    return Evidence(0.925, f"a table with columns of boxes: {few(names_of(tables))}")


def info(location: Location) -> DataInfo:
    """Splits, classes, columns, faults. Raises `InputError` with file and line."""
    return _gather(location).info("boxes")


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the order in which rows first name them."""
    return _gather(location).samples(split)


def _gather(location: Location) -> BoxSet:
    tree, tables = find(location)
    gathered = BoxSet()
    named = [(split, name) for split, several in tables.items() for series in several for name in series]
    parts = [_part(tree, name, split, location, gathered) for split, name in named]
    gathered.corners = all(part.boxes.form == "corners" for part in parts)
    entries: dict[tuple[str, str], Picture] = {}
    varying: set[str] = set()
    for part in parts:
        for line, row in part.sheet.rows:
            picture = _picture(part, line, row, tree, entries, gathered)
            _add(part, line, row, picture, gathered)
            own = {column: row.get(column) for column in part.columns.extra}
            varying |= {column for column, cell in own.items() if picture.extra.setdefault(column, cell) != cell}
    members = {member for _, member in entries}
    gathered.columns = tuple(dict.fromkeys(c for part in parts for c in part.columns.extra if c not in varying))
    if varying:
        what = "columns that differ between the boxes of a picture are not kept"
        gathered.notes.append(f"{what}: {few(sorted(varying), 10)}")
    for picture in gathered.pictures:
        picture.extra = {column: cell for column, cell in picture.extra.items() if column not in varying}
    _settle_units(gathered)
    gathered.name_unlisted(around(location.path, tree, members), members)
    return gathered


def _part(tree: Tree, name: str, split: str, location: Location, gathered: BoxSet) -> _Part:
    """One table, its notes added to those of the set. Raises `InputError` where it has no boxes or no labels."""
    shown = printable(str(tree.path / name))
    sheet = parquet.parse(tree, name) if parquet.is_parquet(name) else parse(tree.read(name), shown)
    boxes = box_columns(sheet.columns)
    if boxes is None:
        has = ", ".join(sheet.columns)
        raise InputError(f"{shown} has no columns of boxes among {has}; call them xmin, ymin, xmax, ymax")
    others = [column for column in sheet.columns if column not in (*boxes.box, *(boxes.size or ()))]
    columns = choose(others, sheet.rows[0][1], location, shown)
    if not columns.labels:
        named = [column for column in columns.extra if column.casefold().replace("_", "") in LABELS][:1]
        columns = replace(columns, labels=tuple(named), extra=tuple(c for c in columns.extra if c not in named))
    if len(columns.labels) != 1:
        has = (
            "must have one column of labels" if columns.labels else "has no column of labels that is known by its name"
        )
        raise InputError(f"{shown} {has}; say --label-column")
    if without_foreign_split(columns, [row for _, row in sheet.rows]):
        note = f"the column {columns.split!r} names none of train, val, test; kept as a further column"
        gathered.notes.append(f"{shown}: {note}")
        columns = replace(columns, split=None, extra=(*columns.extra, str(columns.split)))
    gathered.notes += sheet.notes
    truths = indicators_among(columns.extra, [row for _, row in sheet.rows])
    marks = {MARKS[plain]: column for column in truths if (plain := re.sub(r"[\s_-]", "", column.casefold())) in MARKS}
    columns = replace(columns, extra=tuple(column for column in columns.extra if column not in marks.values()))
    return _Part(name, shown, split, sheet, columns, boxes, marks)


def _picture(
    part: _Part, line: int, row: Row, tree: Tree, entries: dict[tuple[str, str], Picture], gathered: BoxSet
) -> Picture:
    """The picture of a row: that of an earlier row of the same path and split, or a new one."""
    where, cell = f"{part.shown}:{line}", row.get(part.columns.image)
    split = split_cell(row.get(part.columns.split), where) if part.columns.split else part.split or "train"
    if isinstance(cell, ImageSource):  # a row that holds its picture is a picture of its own
        member, image = f"{part.name}/{line - 1:05d}", cell
    else:
        path = name_of(picture_path(cell, where), where)
        member = posixpath.normpath(posixpath.join(posixpath.dirname(part.name), path))
        image = tree.image(member)
    if (split, member) not in entries:
        if not isinstance(cell, ImageSource) and not tree.has(member):
            gathered.faults.add(box_faults.MISSING, f"{where}: {printable(member)}")
        picture = Picture(gathered.key(member), image, split, source=part.shown)
        if part.boxes.size is not None:
            height, width = map(row.get, part.boxes.size)
            gathered.say_size(picture, height, width, f"line {line}")
        entries[split, member] = picture
        gathered.pictures.append(picture)
    return entries[split, member]


def _add(part: _Part, line: int, row: Row, picture: Picture, gathered: BoxSet) -> None:
    """The box of a row, where it has one."""
    cells = [row.get(column) for column in part.boxes.box]
    if all(map(is_empty, cells)):
        return
    label = _label(row.get(part.columns.labels[0]))
    a, b, c, d = map(number, cells)
    form = part.boxes.form
    corners = (a, b, c, d) if form == "corners" else (cornered if form == "corner and size" else centred)(a, b, c, d)
    crowd, difficult = (_marked(row, part.marks.get(mark)) for mark in ("crowd", "difficult"))
    gathered.add(picture, Box(label, corners, f"line {line}", crowd, difficult))


def _marked(row: Row, column: str | None) -> bool:
    """Whether a box is marked in a column of 0 and 1."""
    return column is not None and str(row.get(column)).strip().casefold() in ("1", "1.0", "true")


def _settle_units(gathered: BoxSet) -> None:
    """Pixels or shares, as most boxes of the set have it; those of the other kind are named, here or as outside their picture,
    and so are all that are smaller than any object where most are: position and size are in two units."""
    boxes = [(picture, box) for picture in gathered.pictures for box in picture.boxes]
    corners = np.array([box.corners for _, box in boxes], np.float64).reshape(-1, 4)
    corners[np.logical_not(np.abs(corners) < FAR)] = np.nan  # no numbers, which say nothing of the units
    known = np.logical_not(np.isnan(corners).all(1))
    within = known & np.logical_not((np.abs(corners) > WHOLE).any(1))
    small, total = int(within.sum()), int(known.sum())
    if small and 2 * small >= total:
        gathered.shares = True
        which = "no coordinate is" if small == total else f"in {small:,} of {total:,} boxes no coordinate is"
        gathered.notes.append(f"{which} larger than {WHOLE:g}: read as shares of the pictures' width and height")
        return
    sides = np.abs(corners[:, 2:] - corners[:, :2]).max(1)
    tiny = (sides > 0) & (sides < WHOLE)
    kind, told = (box_faults.TINY, tiny) if 2 * tiny.sum() > total else (box_faults.MIXED, within)
    for row in np.flatnonzero(told):
        picture, box = boxes[row]
        gathered.faults.add(kind, picture.place(box.where))


def _label(cell: Any) -> str:
    if is_empty(cell) or isinstance(cell, (dict, list, bytes, ImageSource)):
        return ""
    if isinstance(cell, float) and cell.is_integer():  # pandas writes integers so where some are missing
        cell = int(cell)
    return printable(str(cell).strip())
