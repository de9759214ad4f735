"""The text of a table, CSV, TSV or JSON Lines, as rows with line numbers; `table` knows what they mean.

`parquet` makes the same rows of its files.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.files import ending
from clearsight.core.image import is_picture
from clearsight.core.sample import printable

SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".jsonl", ".ndjson"})
JSON_LINES = frozenset({".jsonl", ".ndjson"})

Row = dict[str, Any]


@dataclass(frozen=True)
class Sheet:
    """A table read. Cells of CSV are text, those of JSON Lines what JSON says, or not in the row.

    A cell that holds a picture itself, not its name, is an `ImageSource`.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Row], ...]  # line number, from 1, and cells by column
    notes: tuple[str, ...]
    classes: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # column -> all its labels, where they are said


def is_sheet(name: str) -> bool:
    """Whether a file's name ends like a table's."""
    return ending(name) in SUFFIXES


def parse(data: bytes, name: str) -> Sheet:
    """The whole table. Raises `InputError` with file and line where it is no table."""
    text, note = _text(data)
    columns, rows = _open(text, name)
    found = tuple(rows)
    if not found:
        raise InputError(f"{printable(name)} has no rows")
    if not columns:
        columns = tuple(dict.fromkeys(column for _, row in found for column in row))
    return Sheet(name, columns, found, (f"{printable(name)}: {note}",) if note else ())


def peek(data: bytes, name: str) -> Row:
    """The first row alone, of a table's beginning; empty where there is none."""
    columns, rows = _open(_text(data)[0], name)
    first = next(rows, None)
    return first[1] if first else dict.fromkeys(columns, "")


def _open(text: str, name: str) -> tuple[tuple[str, ...], Iterator[tuple[int, Row]]]:
    if PurePosixPath(name).suffix.lower() in JSON_LINES:
        return (), _json_lines(text, name)
    rows = _cells(text, name)
    header = next(rows, None)
    if header is None:
        raise InputError(f"{printable(name)} is empty; its first line must name the columns: image,label")
    columns = _header(header[1], f"{printable(name)}:{header[0]}")
    return columns, _table(columns, rows, name)


def _text(data: bytes) -> tuple[str, str | None]:
    """Decoded text, and a note where the encoding had to be guessed."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace"), None
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        return data.decode("latin-1"), "is not UTF-8 and was read as Latin-1; look at its accented letters"


def _cells(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    tabbed = PurePosixPath(name).suffix.lower() in (".tsv", ".tab")
    delimiter = "\t" if tabbed else max(",;\t", key=first.count)  # German spreadsheets write semicolons
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{printable(name)}:{reader.line_num}: is not a table ({error})") from None


def _header(cells: list[str], where: str) -> tuple[str, ...]:
    columns = tuple(cell.strip() or f"column{number}" for number, cell in enumerate(cells, 1))
    if any(map(is_picture, columns)):
        raise InputError(f"{where}: is a row, not a header; the first line must name the columns: image,label")
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise InputError(f"{where}: the column {twice[0]!r} is there twice; rename one")
    return columns


def _table(columns: tuple[str, ...], rows: Iterator[tuple[int, list[str]]], name: str) -> Iterator[tuple[int, Row]]:
    for line, cells in rows:
        if len(cells) != len(columns):
            has = f"has {len(cells)} cells where the header has {len(columns)}"
            raise InputError(f"{printable(name)}:{line}: {has}; put cells that hold the separator into quotes")
        yield line, {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}


def _json_lines(text: str, name: str) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{printable(name)}:{number}: is not JSON ({error})") from None
        if not isinstance(row, dict):
            kind = type(row).__name__
            raise InputError(
                f"{printable(name)}:{number}: must be a JSON object with the columns as keys, not a {kind}"
            )
        yield number, row
