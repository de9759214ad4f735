"""A table that names or holds pictures: CSV, TSV, JSON Lines or Parquet, alone or in a folder or zip with its pictures.

One row is one picture: a column with its path, relative to the table, or its bytes; columns with its labels or its
numbers; perhaps one called `split`; every further column is kept in `Sample.extra`. Tables called train, val and test
are splits. `columns` says what each column is for, `labels` what the cells of a label column say.
"""

from __future__ import annotations

import math
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo, Evidence, Location, by_split
from clearsight.core.sample import ImageSource, Sample, printable
from clearsight.data.readers import parquet
from clearsight.data.readers.columns import Columns, choose, without_foreign_split
from clearsight.data.readers.labels import Reading, decide, indicators_among
from clearsight.data.readers.names import count, few, natural_order
from clearsight.data.readers.sheet import Sheet, parse
from clearsight.data.readers.table_files import (
    absent,
    find,
    hold_boxes,
    is_table,
    names_of,
    picture_path,
    split_cell,
    tables_of,
    unclear,
)
from clearsight.data.tree import FolderTree, Tree, is_tree, open_tree

COLUMNS = frozenset({"image_column", "label_column", "value_column"})


@dataclass
class _Content:
    """The tables of a place as samples."""

    splits: dict[str, list[Sample]] = field(default_factory=dict)
    declared: dict[str, None] = field(default_factory=dict)  # labels that are said to be there, in their order
    labels: set[str] = field(default_factory=set)
    values: dict[str, None] = field(default_factory=dict)  # an ordered set
    extra: dict[str, None] = field(default_factory=dict)
    annotated: set[str] = field(default_factory=set)
    several: bool = False
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    keys: Counter[str] = field(default_factory=Counter)
    rows: int = 0


@dataclass(frozen=True)
class _Part:
    """A table read: its rows, and what its columns are for."""

    name: str
    shown: str
    split: str
    sheet: Sheet
    columns: Columns


def sniff(location: Location) -> Evidence | None:
    """Sure of a table; of a folder or zip where its one table, or one for each split, names pictures. Where rows hold
    boxes, `boxes` is surer, unless numbers are asked for."""
    asked = (location.image_column, location.label_column, location.value_column) != (None, None, None)
    path, whole = location.path, location.value_column is not None
    if path.is_file() and is_table(path.name):
        boxed = not whole and hold_boxes(FolderTree(path.parent), [path.name])
        return Evidence(0.5 if boxed else 0.95, f"a table by its name: {path.name}")
    if not is_tree(path):
        return None
    tree = open_tree(path)
    tables = tables_of(tree, location)
    if not tables:
        return None
    if unclear(tables):
        return Evidence(0.2, f"several tables that name pictures: {few(names_of(tables))}")
    boxed = not whole and hold_boxes(tree, names_of(tables))
    return Evidence(0.5 if boxed else 0.99 if asked else 0.85, f"a table that names pictures: {few(names_of(tables))}")


def info(location: Location) -> DataInfo:
    """Splits, labels, columns; how many pictures are missing. Raises `InputError` with file and line."""
    content = _load(location, look=True)
    splits = {split: len(found) for split, found in by_split(content.splits).items()}
    notes = list(content.notes)
    if repeated := [key for key, times in content.keys.items() if times > 1]:
        notes.append(f"{count(len(repeated), 'picture')} named by several rows, told apart as #2, #3: {few(repeated)}")
    if content.missing:
        hint = "; paths are relative to the table" if len(content.missing) == content.rows else ""
        what = f"of {content.rows:,} rows name a picture that is not there: {few(content.missing)}{hint}"
        notes.append(f"{len(content.missing):,} {what}")
    labels = (*content.declared, *natural_order(content.labels - content.declared.keys()))
    annotated, extra, values = frozenset(content.annotated), tuple(content.extra), tuple(content.values)
    return DataInfo("table", splits, labels, annotated, extra, tuple(notes), content.several, values)


def read(location: Location, split: str) -> Iterator[Sample]:
    """The rows of a split in their order."""
    yield from _load(location, look=False).splits.get(split, [])


def _load(location: Location, *, look: bool) -> _Content:
    """All rows as samples; `look` asks the disk for each picture."""
    tree, tables = find(location)
    content = _Content()
    names = [(split, name) for split, several in tables.items() for series in several for name in series]
    parts = [_part(tree, name, split, location, content) for split, name in names]
    content.notes += absent(names)
    readings: dict[tuple[str, ...], Reading] = {}
    for columns in dict.fromkeys(part.columns.labels for part in parts):  # the same way in every split
        alike = [part for part in parts if part.columns.labels == columns]
        rows = [row for part in alike for _, row in part.sheet.rows]
        first = alike[0]
        readings[columns], notes = decide(columns, rows, first.columns.separators, first.sheet.classes, first.shown)
        content.notes += notes
    for part in parts:
        _add(part, readings[part.columns.labels], tree, content, look)
    return content


def _part(tree: Tree, name: str, split: str, location: Location, content: _Content) -> _Part:
    """One table, its notes added to those of the content."""
    shown = printable(str(tree.path / name))
    sheet = parquet.parse(tree, name) if parquet.is_parquet(name) else parse(tree.read(name), shown)
    columns = choose(sheet.columns, sheet.rows[0][1], location, shown)
    rows = [row for _, row in sheet.rows]
    content.notes += sheet.notes
    if columns.split is not None and without_foreign_split(columns, rows):
        note = f"the column {columns.split!r} names none of train, val, test; kept as a further column"
        content.notes.append(f"{shown}: {note}")
        columns = replace(columns, split=None, extra=(*columns.extra, columns.split))
    if columns.left_out:
        content.notes.append(f"{shown}: columns of bytes left out: {few(columns.left_out)}")
    if not columns.labels and not columns.values:
        ones = ",".join(indicators_among(columns.extra, rows))
        say = f" {ones} if these say what applies" if "," in ones else ""
        content.notes.append(f"{shown} has no column of labels that is known by its name; say --label-column{say}")
    return _Part(name, shown, split, sheet, columns)


def _add(part: _Part, reading: Reading, tree: Tree, content: _Content, look: bool) -> None:
    """The rows of a table as samples of the content."""
    columns, shown = part.columns, part.shown
    beside, stem = posixpath.dirname(part.name), part.name.rpartition(".")[0]
    content.extra.update(dict.fromkeys(columns.extra))
    content.values.update(dict.fromkeys(columns.values))
    declared = (
        columns.labels if reading.indicators else [n for c in columns.labels for n in part.sheet.classes.get(c, ())]
    )
    content.declared.update(dict.fromkeys(declared))
    lacking: Counter[str] = Counter()
    for line, row in part.sheet.rows:
        where, cell = f"{shown}:{line}", row.get(columns.image)
        if isinstance(cell, ImageSource):
            path, image = f"{stem}/{line - 1:05d}", cell
        else:
            path = picture_path(cell, where)
            member = posixpath.join(beside, path)
            image = tree.image(member)
            if look and not tree.has(member):
                content.missing.append(path)
        labels = reading.labels(row, where)
        values = {column: number for column in columns.values if (number := _number(row, column, where)) is not None}
        lacking.update(set(columns.values) - values.keys())
        split = split_cell(row.get(columns.split), where) if columns.split else part.split or "train"
        content.keys[path] += 1
        content.rows += 1
        content.labels.update(labels or ())
        content.several |= labels is not None and len(labels) != 1
        content.annotated |= ({"labels"} if labels is not None else set()) | ({"values"} if values else set())
        times = content.keys[path]
        key = printable(path) if times == 1 else f"{printable(path)}#{times}"
        extra = {column: row.get(column) for column in columns.extra}
        sample = Sample(key, image, labels=labels, extra=extra, values=values or None)
        content.splits.setdefault(split, []).append(sample)
    content.several |= any(column in columns.separators for column in columns.labels)
    for column, times in sorted(lacking.items()):
        content.notes.append(f"{shown}: {count(times, 'row')} without {column!r}, taken as not measured")


def _number(row: Mapping[str, Any], column: str, where: str) -> float | None:
    """A cell as a number; None where it is empty."""
    cell = row.get(column)
    if cell is None or cell != cell or (isinstance(cell, str) and not cell.strip()):  # NaN is not itself
        return None
    try:
        number = float(cell) if not isinstance(cell, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{where}: {column!r} holds {str(cell)[:40]!r}, no number; write one, or leave the cell empty")
    return number
