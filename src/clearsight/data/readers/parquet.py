"""Parquet tables as rows: pictures by their path or as bytes within, labels by number with names in the metadata.

The layout of the Hugging Face hub (https://huggingface.co/docs/datasets/image_dataset): a column of structs
{bytes, path} and, in the file's metadata under `huggingface`, the features with the names of a ClassLabel.
"""

from __future__ import annotations

import json
import os
import posixpath
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from threading import RLock
from typing import Any

from clearsight.core.errors import BadImage, InputError, missing_extra
from clearsight.core.files import ending
from clearsight.core.sample import ImageSource, printable
from clearsight.data.readers.names import few
from clearsight.data.readers.rows import member_stamp
from clearsight.data.readers.sheet import Row, Sheet
from clearsight.data.tree import Tree, open_tree

PIECE = 16 * 2**20
"""Bytes of pictures that are kept at a time, about: those of a row group, or of a part of one that is larger.
Arrow itself has one page of the file in memory besides."""

_kept: deque[tuple[object, str, int, Any]] = deque(maxlen=4)  # the last pieces read: file, column, first row, cells
_lock = RLock()  # files are read by one thread at a time; decoding, which takes longer, is done outside


@dataclass(frozen=True)
class ParquetImage(ImageSource):
    """A picture in a cell of a Parquet file. It pickles as a reference; each process opens the file for itself."""

    path: Path  # the folder or zip
    member: str  # the file in it
    column: str  # the leaf that holds the bytes: "image.bytes"
    row: int
    otherwise: ImageSource | None = None  # where the cell says it lies, should it hold no bytes

    @property
    def name(self) -> str:  # type: ignore[override]
        return printable(f"{self.path / self.member}[{self.row}]")

    def encoded(self) -> bytes | None:
        try:
            data = _opened(self.path, self.member).cell(self.column, self.row)
        except (InputError, OSError, IndexError) as error:
            raise BadImage(self.name, f"cannot be read ({error})") from None
        if data is None:
            if self.otherwise is None:
                raise BadImage(self.name, "the row holds no picture")
            return self.otherwise.encoded()
        return bytes(data)


def is_parquet(name: str) -> bool:
    """Whether a file's name ends like a Parquet table's."""
    return ending(name) in (".parquet", ".pq")


def parse(tree: Tree, name: str) -> Sheet:
    """All rows but for the pictures' bytes, which are read when asked. Raises `InputError` where it is no table."""
    file = _opened(tree.path, name)
    if not file.count:
        raise InputError(f"{file.name} has no rows")
    cells = {column: file.values(column) for column in file.columns if column not in file.pictures}
    for column, classes in file.classes.items():
        cells[column] = [_named(cell, classes, f"{file.name}:{row}") for row, cell in enumerate(cells[column], 1)]
    paths = {column: file.paths(column) for column in file.pictures}
    rows = []
    for row in range(file.count):
        found: Row = {column: values[row] for column, values in cells.items()}
        for column, leaf in file.pictures.items():
            path = paths[column][row]
            beside = tree.image(posixpath.join(posixpath.dirname(name), path)) if path else None
            found[column] = ParquetImage(tree.path, name, leaf, row, beside)
        rows.append((row + 1, found))
    large = [column for column in file.pictures if file.largest(column) > 16 * PIECE]
    notes = []
    if large:
        size = f"{max(map(file.largest, large)) / 2**20:,.0f} MiB"
        what = f"keeps {size} of pictures in one row group, quick to read in order and slow out of it"
        notes.append(f"{file.name} {what}; keep decoded pictures (--cache disk), or write it with smaller row groups")
    return Sheet(name, file.columns, tuple(rows), tuple(notes), file.classes)


def peek(tree: Tree, name: str) -> Row:
    """The first row alone; cells are empty where there is none."""
    file = _opened(tree.path, name)
    first: Row = {column: file.first(column) for column in file.columns if column not in file.pictures}
    held = {column: ParquetImage(tree.path, name, leaf, 0) for column, leaf in file.pictures.items()}
    return {column: held.get(column, first.get(column)) for column in file.columns}


class _File:
    """An open Parquet file: its columns, and the cells of those that hold bytes, read piece by piece."""

    def __init__(self, source: Any, name: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.name = name
        self.file = _guarded(name, lambda: pq.ParquetFile(source, pre_buffer=False, buffer_size=2**20))
        schema = self.file.schema_arrow
        self.columns = tuple(column for column in schema.names if not column.startswith("__index_level_"))
        if twice := [column for column in self.columns if self.columns.count(column) > 1]:
            raise InputError(f"{name}: the column {twice[0]!r} is there twice; rename one")
        self.pictures: dict[str, str] = {}  # column -> its leaf of bytes
        self.with_path: set[str] = set()
        for field in (schema.field(column) for column in self.columns):
            if _is_bytes(field.type):
                self.pictures[field.name] = field.name
            elif pa.types.is_struct(field.type):
                inner = {child.name: child.type for child in field.type}
                if "bytes" in inner and _is_bytes(inner["bytes"]):
                    self.pictures[field.name] = f"{field.name}.bytes"
                    if "path" in inner:
                        self.with_path.add(field.name)
        self.classes = {
            column: names
            for column, names in _class_names(schema.metadata or {}, name).items()
            if column in self.columns and column not in self.pictures
        }
        metadata = self.file.metadata
        self.count: int = metadata.num_rows
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        self.starts = list(accumulate(sizes[:-1], initial=0))  # each row group's first row
        self._cursor: tuple[str, int, Iterator[Any], int] | None = None  # column, group, batches to come, next row

    def values(self, column: str) -> list[Any]:
        """A whole column as Python values; times as text."""
        with _lock:
            return list(_guarded(self.name, lambda: _python(self.file.read(columns=[column]).column(0))))

    def paths(self, column: str) -> list[str | None]:
        """The paths beside the bytes of a column of structs; None where there is none."""
        if column not in self.with_path:
            return [None] * self.count
        cells = ((cell or {}).get("path") for cell in self.values(f"{column}.path"))
        return [cell if isinstance(cell, str) and "\0" not in cell else None for cell in cells]

    def first(self, column: str) -> Any:
        """The first cell of a column, "" where there are no rows."""
        batch = _guarded(self.name, lambda: next(self.file.iter_batches(1, columns=[column]), None))
        return _guarded(self.name, lambda: _python(batch.column(0))[0]) if batch is not None and len(batch) else ""

    def largest(self, leaf_or_column: str) -> int:
        """Bytes of the largest row group of a column of pictures, unpacked."""
        leaf = self.pictures.get(leaf_or_column, leaf_or_column)
        return max((self._size(group, leaf) for group in range(len(self.starts))), default=0)

    def cell(self, leaf: str, row: int) -> bytes | None:
        """The bytes in a row of a leaf. A row group is read once for all the rows that are asked for in order."""
        with _lock:
            for file, column, start, cells in _kept:
                if file is self and column == leaf and start <= row < start + len(cells):
                    return _bytes(cells[row - start])
            return _bytes(_guarded(self.name, lambda: self._seek(leaf, row)))

    def _seek(self, leaf: str, row: int) -> Any:
        group = bisect_right(self.starts, row) - 1
        if self._cursor is None or self._cursor[:2] != (leaf, group) or self._cursor[3] > row:
            rows = self.file.metadata.row_group(group).num_rows
            size = max(1, min(rows, rows * PIECE // max(1, self._size(group, leaf))))
            batches = self.file.iter_batches(size, row_groups=[group], columns=[leaf])
            self._cursor = (leaf, group, batches, self.starts[group])
        _, _, batches, start = self._cursor
        for batch in batches:
            cells = batch.column(0)
            self._cursor = (leaf, group, batches, start + len(cells))
            if row < start + len(cells):
                _kept.append((self, leaf, start, cells))
                return cells[row - start]
            start += len(cells)
        raise IndexError(f"it has no row {row}")

    def _size(self, group: int, leaf: str) -> int:
        chunks = self.file.metadata.row_group(group)
        found = (chunks.column(number) for number in range(chunks.num_columns))
        return sum(chunk.total_uncompressed_size for chunk in found if chunk.path_in_schema == leaf)


def _opened(path: Path, member: str) -> _File:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise missing_extra("pyarrow", "parquet") from None
    opened = _open if path.is_dir() else _open_zipped
    return opened(path, member, member_stamp(path, member), os.getpid())


@lru_cache(maxsize=32)
def _open(path: Path, member: str, _stamp: tuple[int, int], _process: int) -> _File:
    return _File(str(path / member), printable(str(path / member)))


@lru_cache(maxsize=2)
def _open_zipped(path: Path, member: str, _stamp: tuple[int, int], _process: int) -> _File:
    """A table in a zip is unpacked to memory, as it has to be read from its end."""
    import pyarrow as pa

    name = printable(str(path / member))
    try:
        data = open_tree(path).read(member)
    except BadImage as bad:
        raise InputError(f"{name}: {bad.reason}; unpack the zip and give the folder") from None
    return _File(pa.BufferReader(data), name)


def _guarded(name: str, read: Any) -> Any:
    """What `read()` gives. Raises `InputError` where the file is damaged."""
    import pyarrow as pa

    try:
        return read()
    except FileNotFoundError:
        raise InputError(f"{name} is not there") from None
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{name} is no Parquet file, or a damaged one ({reason}); write or download it again"
        ) from None


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    views = getattr(types, "is_binary_view", lambda _: False)
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or views(kind))


def _bytes(cell: Any) -> bytes | None:
    """The bytes of an Arrow scalar, of a struct's one field where it is one."""
    value = cell.as_py()
    if isinstance(value, dict):
        value = next(iter(value.values()), None)
    return value if isinstance(value, bytes) else None


def _python(column: Any) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_temporal(column.type):
        column = column.cast(pa.string())
    return list(column.to_pylist())


def _class_names(metadata: Mapping[bytes, bytes], name: str) -> dict[str, tuple[str, ...]]:
    """Class names by column, where the metadata says them. Raises `InputError` where they cannot be read."""
    raw = metadata.get(b"huggingface")
    if raw is None:
        return {}
    try:
        features = json.loads(raw).get("info", {}).get("features", {})
        return {column: names for column, feature in features.items() if (names := _names_in(feature))}
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise InputError(
            f"{name}: its metadata under 'huggingface' is not as it must be; write the file again"
        ) from None


def _names_in(feature: Any) -> tuple[str, ...]:
    """The names of a ClassLabel, or of a list of them."""
    if isinstance(feature, list) and feature:
        return _names_in(feature[0])
    if not isinstance(feature, dict):
        return ()
    if feature.get("_type") == "ClassLabel" and feature.get("names"):
        names = feature["names"]
        ordered = [names[key] for key in sorted(names, key=int)] if isinstance(names, dict) else names
        return tuple(printable(str(label)) for label in ordered)
    return _names_in(feature.get("feature")) if feature.get("_type") in ("Sequence", "List", "LargeList") else ()


def _named(cell: Any, names: tuple[str, ...], where: str) -> Any:
    """A class index as its name, −1 as None: not annotated; lists one by one. Raises `InputError` beyond the names."""
    if isinstance(cell, list):
        return [_named(item, names, where) for item in cell]
    if cell is None or cell == -1:
        return None
    if isinstance(cell, float) and cell.is_integer():  # pandas writes integers so where some are missing
        cell = int(cell)
    if isinstance(cell, bool) or not isinstance(cell, int):
        return cell  # a name already
    if not 0 <= cell < len(names):
        raise InputError(f"{where}: the label {cell} has no name; there are {len(names)}, {few(names)}")
    return names[cell]
