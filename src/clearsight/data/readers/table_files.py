"""Where the tables of a place lie, which split each is of, and what a cell with a path or a split says."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.reader import SPLITS, Location
from clearsight.core.sample import printable
from clearsight.data.readers import parquet
from clearsight.data.readers.box_columns import box_columns
from clearsight.data.readers.columns import choose
from clearsight.data.readers.names import few, split_of
from clearsight.data.readers.sheet import Row, is_sheet, peek
from clearsight.data.tree import FolderTree, Tree, is_tree, open_tree

HEAD = 2**16
"""Bytes of a table that sniffing looks at."""

SHARD = re.compile(
    r"[-_.]?(?P<number>\d+)(-of-(?P<total>\d+))?(-[0-9a-f]{8}[0-9a-f-]*)?([-.]c\d+)?(\.(snappy|gz|zstd))?$"
)
"""How the name of one Parquet file of several ends: `train-00000-of-00002`, `0001`, `part-00000-<hash>`."""

Tables = dict[str, list[list[str]]]
"""The tables of a place by the split that names them ("" where none does), each in its files' order."""


def find(location: Location) -> tuple[Tree, Tables]:
    """The tree that paths are relative to and its tables by split. Raises `InputError`."""
    path = location.path
    if path.is_file() and not is_tree(path):
        return FolderTree(path.parent), {split_named(path.name): [[path.name]]}
    tree = open_tree(path)
    tables = tables_of(tree, location)
    place = printable(str(path))
    if not tables:
        raise InputError(f"{place} holds no table (.csv, .tsv, .jsonl, .parquet) with a column of pictures")
    if unclear(tables):
        raise InputError(f"{place} holds several tables, {few(names_of(tables))}; name the one that is meant")
    return tree, {split: tables[split] for split in ("", *SPLITS) if split in tables}


def names_of(tables: Tables) -> list[str]:
    """All files of some tables."""
    return [name for several in tables.values() for series in several for name in series]


def unclear(tables: Tables) -> bool:
    """Whether it is unclear which table is meant: more than one, and not one for each split."""
    return ("" in tables and len(tables) > 1) or any(len(several) > 1 for several in tables.values())


def tables_of(tree: Tree, location: Location) -> Tables:
    """The uppermost tables with a column of pictures, and Parquet tables however deep, in one file or in shards."""
    series: dict[tuple[str, str, str], list[str]] = {}  # (folder, base, split) -> files
    for name in tree.files:
        folder, _, file = name.removeprefix(tree.heart).rpartition("/")
        if parquet.is_parquet(name):
            if split_of(PurePosixPath(folder).name):
                folder = posixpath.dirname(folder)
            base = SHARD.sub("", PurePosixPath(file).stem)
            series.setdefault((folder, base, split_named(name)), []).append(name)
        elif is_sheet(name) and not folder:
            series[("", file, split_named(name))] = [name]
    tables: Tables = {}
    unread: InputError | None = None
    for (_, _, split), names in series.items():
        try:
            row = first_row(tree, names[0])
        except InputError as error:
            unread = unread or (error if location.image_column or parquet.is_parquet(names[0]) else None)
            continue
        try:
            choose(tuple(row), row, location, names[0])
        except InputError:
            if location.image_column is None:
                continue  # a table of something else
            raise
        tables.setdefault(split, []).append(names)
    if unread is not None and not tables:
        raise unread
    return tables


def is_table(name: str) -> bool:
    """Whether a file's name ends like a table's, Parquet among them."""
    return is_sheet(name) or parquet.is_parquet(name)


def split_named(name: str) -> str:
    """The split that a table's name says, or the folder of a Parquet file; "" where neither does."""
    path = PurePosixPath(name)
    if not parquet.is_parquet(name):
        return split_of(path.stem) or ""
    return split_of(SHARD.sub("", path.stem)) or split_of(path.parent.name) or ""


def absent(names: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Says which files of a table in shards are not there."""
    there: dict[tuple[str, int], set[int]] = {}
    for _, name in names:
        match = SHARD.search(name.rpartition(".")[0]) if parquet.is_parquet(name) else None
        if match and match["total"]:
            there.setdefault((name[: match.start()], int(match["total"])), set()).add(int(match["number"]))
    for (base, total), numbers in there.items():
        if len(numbers) < total:
            yield f"{printable(base)}: {len(numbers)} of its {total} files are there; fetch the others for all of its rows"


def first_row(tree: Tree, name: str) -> Row:
    """The first row of a table: of a long text only its beginning is looked at."""
    if parquet.is_parquet(name):
        return parquet.peek(tree, name)
    data = tree.head(name, HEAD)
    return peek(data if len(data) < HEAD else data[: data.rfind(b"\n") + 1], name)


def hold_boxes(tree: Tree, names: Sequence[str]) -> bool:
    """Whether each of these tables has columns for the corners of boxes; False where one cannot be read."""
    try:
        return all(box_columns(tuple(first_row(tree, name))) is not None for name in names)
    except InputError:
        return False


def picture_path(cell: Any, where: str) -> str:
    """The path in a cell. Raises `InputError` with `where`, file and line, for an empty one."""
    if not isinstance(cell, str) or not cell or "\0" in cell:
        raise InputError(f"{where}: names no picture; give its path or remove the row")
    return cell.replace("\\", "/") if "/" not in cell else cell  # Windows wrote the table


def split_cell(cell: Any, where: str) -> str:
    """The split that a cell names. Raises `InputError` with `where`."""
    split = split_of(str(cell)) if cell else None
    if split is None:
        raise InputError(f"{where}: the split {str(cell or '')!r} is not known; write train, val or test")
    return split
