"""A table that names pictures: CSV, TSV or JSON Lines, alone or in a folder or zip with its pictures.

One row is one picture: a column with its path, relative to the table; columns with its labels; perhaps one
called `split`; every further column is kept in `Sample.extra`. Tables called train, val and test are splits.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.core.reader import SPLITS, DataInfo, Evidence, Location
from clearsight.core.sample import Sample, printable
from clearsight.data.readers.names import count, few, natural_order, split_of
from clearsight.data.readers.sheet import Row, is_sheet, parse, peek
from clearsight.data.tree import FolderTree, Tree, is_tree, open_tree

# Names that columns go by, likeliest first, compared without case, blanks, - and _.
_IMAGE = "image imagepath imagefile imagename path filepath file filename img imgpath photo photopath picture"
_LABEL = "label labels labelname class classname category categoryname target species breed tag y"
IMAGE_COLUMNS, LABEL_COLUMNS = tuple(_IMAGE.split()), tuple(_LABEL.split())
SPLIT_COLUMNS = ("split", "subset")

HEAD = 2**16
"""Bytes of a table that sniffing looks at."""


@dataclass(frozen=True)
class _Columns:
    """What each column of a table is for."""

    image: str
    labels: tuple[str, ...]
    split: str | None
    extra: tuple[str, ...]


@dataclass
class _Content:
    """The tables of a place as samples."""

    splits: dict[str, list[Sample]] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    extra: dict[str, None] = field(default_factory=dict)  # an ordered set
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    keys: Counter[str] = field(default_factory=Counter)
    rows: int = 0


def sniff(location: Location) -> Evidence | None:
    """Sure of a table; of a folder or zip where its one table, or one for each split, names pictures."""
    asked = location.image_column is not None or location.label_column is not None
    if location.path.is_file() and is_sheet(location.path.name):
        return Evidence(0.95, f"a table by its name: {location.path.name}")
    if not is_tree(location.path):
        return None
    tree = open_tree(location.path)
    tables = _tables_of(tree, location)
    if not tables:
        return None
    names = [name for several in tables.values() for name in several]
    if _several(tables):
        return Evidence(0.2, f"several tables that name pictures: {few(names)}")
    return Evidence(0.99 if asked else 0.85, f"a table that names pictures: {few(names)}")


def info(location: Location) -> DataInfo:
    """Splits, labels, columns; how many pictures are missing. Raises `InputError` with file and line."""
    content = _load(location, look=True)
    splits = {split: len(content.splits[split]) for split in SPLITS if split in content.splits}
    notes = list(content.notes)
    if repeated := [key for key, times in content.keys.items() if times > 1]:
        notes.append(f"{count(len(repeated), 'picture')} named by several rows, told apart as #2, #3: {few(repeated)}")
    if content.missing:
        hint = "; paths are relative to the table" if len(content.missing) == content.rows else ""
        what = f"of {content.rows:,} rows name a picture that is not there: {few(content.missing)}{hint}"
        notes.append(f"{len(content.missing):,} {what}")
    annotated = frozenset({"labels"}) if content.labels else frozenset[str]()
    labels = natural_order(content.labels)
    return DataInfo("table", splits, labels, annotated, tuple(content.extra), tuple(notes))


def read(location: Location, split: str) -> Iterator[Sample]:
    """The rows of a split in their order."""
    yield from _load(location, look=False).splits.get(split, [])


def _load(location: Location, *, look: bool) -> _Content:
    """All rows as samples; `look` asks the disk for each picture."""
    tree, tables = _find(location)
    content = _Content()
    for split, names in tables.items():
        for name in names:
            _load_table(tree, name, split, location, content, look)
    return content


def _load_table(tree: Tree, name: str, split: str, location: Location, content: _Content, look: bool) -> None:
    shown = printable(str(tree.path / name))
    sheet = parse(tree.read(name), shown)
    columns = _choose(sheet.columns, sheet.rows[0][1], location, shown)
    columns = _without_foreign_splits(columns, [row for _, row in sheet.rows], content.notes, shown)
    content.notes += sheet.notes
    if not columns.labels:
        content.notes.append(f"{shown} has no column of labels that is known by its name; say --label-column")
    content.extra.update(dict.fromkeys(columns.extra))
    beside = posixpath.dirname(name)
    for line, row in sheet.rows:
        where = f"{shown}:{line}"
        path = _path(row.get(columns.image), where)
        labels = _labels(row, columns.labels, where)
        part = _split(row.get(columns.split), where) if columns.split else split or "train"
        content.keys[path] += 1
        content.rows += 1
        content.labels.update(labels or ())
        times = content.keys[path]
        key = printable(path) if times == 1 else f"{printable(path)}#{times}"
        member = posixpath.join(beside, path)
        if look and not tree.has(member):
            content.missing.append(path)
        extra = {column: row.get(column) for column in columns.extra}
        content.splits.setdefault(part, []).append(Sample(key, tree.image(member), labels=labels, extra=extra))


def _find(location: Location) -> tuple[Tree, dict[str, list[str]]]:
    """The tree that paths are relative to and its tables by split. Raises `InputError`."""
    path = location.path
    if path.is_file() and not is_tree(path):
        return FolderTree(path.parent), {split_of(path.stem) or "": [path.name]}
    tree = open_tree(path)
    tables = _tables_of(tree, location)
    place = printable(str(path))
    if not tables:
        raise InputError(f"{place} holds no table (.csv, .tsv, .jsonl) with a column of pictures")
    if _several(tables):
        names = [name for several in tables.values() for name in several]
        raise InputError(f"{place} holds several tables, {few(names)}; name the one that is meant")
    return tree, {split: tables[split] for split in ("", *SPLITS) if split in tables}


def _several(tables: Mapping[str, Sequence[str]]) -> bool:
    """Whether it is unclear which table is meant: more than one, and not one for each split."""
    return "" in tables and (len(tables) > 1 or len(tables[""]) > 1)


def _tables_of(tree: Tree, location: Location) -> dict[str, list[str]]:
    """The uppermost tables with a column of pictures, by the split that names them; "" where none does."""
    tables: dict[str, list[str]] = {}
    for name in tree.files:
        if not is_sheet(name) or "/" in name.removeprefix(tree.heart):
            continue
        try:
            row = peek(_head(tree, name), name)
            _choose(tuple(row), row, location, name)
        except InputError:
            if location.image_column is None:
                continue  # a table of something else
            raise
        tables.setdefault(split_of(PurePosixPath(name).stem) or "", []).append(name)
    return tables


def _head(tree: Tree, name: str) -> bytes:
    """The beginning of a table, whole lines where it is longer."""
    data = tree.read(name)
    return data if len(data) < HEAD else data[: data.rfind(b"\n", 0, HEAD) + 1]


def _choose(columns: Sequence[str], first: Row, location: Location, name: str) -> _Columns:
    """What each column is for: as the user said, else by its name, else by what the first row holds."""
    image = _asked(location.image_column, columns, name)[:1] or _known(columns, IMAGE_COLUMNS)
    image = image or [column for column in columns if is_picture(str(first.get(column, "")))][:1]
    if not image:
        has = ", ".join(columns)
        raise InputError(f"{printable(name)} has no column of pictures among {has}; say --image-column")
    rest = [column for column in columns if column != image[0]]
    labels = _asked(location.label_column, columns, name) or _known(rest, LABEL_COLUMNS)
    rest = [column for column in rest if column not in labels]
    split = _known(rest, SPLIT_COLUMNS)
    rest = [column for column in rest if column not in split]
    if not labels and len(rest) == 1:  # the only other column, whatever it is called
        labels, rest = rest, []
    return _Columns(image[0], tuple(labels), split[0] if split else None, tuple(rest))


def _asked(option: str | None, columns: Sequence[str], name: str) -> list[str]:
    """The columns of an option, each of which must be there."""
    if option is None:
        return []
    wanted = [option] if option in columns else [part.strip() for part in option.split(",")]
    for column in wanted:
        if column not in columns:
            close = get_close_matches(column, columns, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise InputError(f"{printable(name)} has no column {column!r}, it has {', '.join(columns)}{hint}")
    return wanted


def _known(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The column with the likeliest of the names, as a list of one, or none."""
    plain = {column: re.sub(r"[\s_-]", "", column.casefold()) for column in columns}
    found = sorted((names.index(short), column) for column, short in plain.items() if short in names)
    return [found[0][1]] if found else []


def _without_foreign_splits(columns: _Columns, rows: Sequence[Row], notes: list[str], name: str) -> _Columns:
    """A column `split` that never names one of our splits means something else, and is kept as any other."""
    if columns.split is None or any(split_of(str(row.get(columns.split))) for row in rows):
        return columns
    notes.append(f"{name}: the column {columns.split!r} names none of train, val, test; kept as a further column")
    return _Columns(columns.image, columns.labels, None, (*columns.extra, columns.split))


def _path(cell: Any, where: str) -> str:
    if not isinstance(cell, str) or not cell or "\0" in cell:
        raise InputError(f"{where}: names no picture; give its path or remove the row")
    return cell.replace("\\", "/") if "/" not in cell else cell  # Windows wrote the table


def _labels(row: Mapping[str, Any], columns: Sequence[str], where: str) -> tuple[str, ...] | None:
    """The labels in a row's label columns; None where they are all empty. A JSON list gives several."""
    found: list[str] = []
    for column in columns:
        cell = row.get(column)
        for value in cell if isinstance(cell, list) else [cell]:
            if isinstance(value, (dict, list)):
                raise InputError(f"{where}: {column!r} must hold a label or a list of labels")
            if value is not None and str(value).strip():
                found.append(printable(str(value).strip()))
    return tuple(found) or None


def _split(cell: Any, where: str) -> str:
    split = split_of(str(cell)) if cell else None
    if split is None:
        raise InputError(f"{where}: the split {str(cell or '')!r} is not known; write train, val or test")
    return split
