"""What the cells of a table's label columns say: a label, several of them, or whether the column's name applies.

A set of labels is () where nothing applies and None where it is not annotated:

    cell                             labels
    cat                              ("cat",)
    ["cat", "dog"], cat;dog          ("cat", "dog")
    [], a lone ;                     ()
    empty, null                      None
    columns cat and dog with 0, 1    ("dog",)
"""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.sample import printable
from clearsight.data.readers.columns import SEPARATORS
from clearsight.data.readers.names import count, few
from clearsight.data.readers.sheet import Row
from clearsight.data.readers.values import is_empty

PLURALS = frozenset({"labels", "tags", "classes", "categories"})
_TRUTH = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}


@dataclass(frozen=True)
class Reading:
    """How the label columns of a data set are read."""

    columns: tuple[str, ...]
    indicators: bool = False  # each column says with 0 or 1 whether its name applies
    separators: Mapping[str, str] = field(default_factory=dict)  # of columns with several labels to a cell
    lists: frozenset[str] = frozenset()  # columns whose cells are lists written as text

    def labels(self, row: Row, where: str) -> tuple[str, ...] | None:
        """The labels of a row, each once; None where all its cells are empty. Raises `InputError` with `where`."""
        cells = [(column, row.get(column)) for column in self.columns]
        if all(is_empty(cell) for _, cell in cells):
            return None
        if self.indicators:
            return tuple(column for column, cell in cells if not is_empty(cell) and _truth(cell))
        found: dict[str, None] = {}
        for column, cell in cells:
            for value in self._parts(column, cell):
                if isinstance(value, (dict, list, bytes)):
                    raise InputError(f"{where}: {column!r} must hold a label or a list of labels")
                if not is_empty(value):
                    found[_text(value)] = None
        return tuple(found)

    def _parts(self, column: str, cell: Any) -> list[Any]:
        if isinstance(cell, list):
            return cell
        if isinstance(cell, str) and column in self.lists:
            return _listed(cell) or []
        if isinstance(cell, str) and column in self.separators:
            return cell.split(self.separators[column])
        return [cell]


def decide(
    columns: Sequence[str], rows: Sequence[Row], asked: Mapping[str, str], whole: Iterable[str], name: str
) -> tuple[Reading, list[str]]:
    """How label columns are read, and notes that say so. `asked` are separators that the user gave, `whole` the
    columns whose labels have names of their own and are never parted. Raises `InputError` for indicators of −1.

    Several columns that hold nothing but 0 and 1 are indicators. A column is parted at ; or | where the user asks for
    it, where its name is a plural (labels, tags) and some cell holds one, or where labels clearly combine: more than
    half of the parts are in two different cells or more, and one of them is at different places, or a cell of its own.
    """
    notes: list[str] = []
    texts = {column: Counter(_texts(rows, column)) for column in columns}
    if len(columns) > 1 and _are_indicators(columns, rows, name):
        notes.append(f"{name}: {few(columns, 5)} hold 0 and 1; a picture's labels are the columns with 1")
        blank = sum(any(map(is_empty, cells)) and not all(map(is_empty, cells)) for cells in _cells(rows, columns))
        if blank:
            notes.append(f"{name}: {count(blank, 'row')} with empty cells among {few(columns, 5)}, read as 0")
        return Reading(tuple(columns), indicators=True), notes
    lists = frozenset(column for column in columns if texts[column] and all(map(_listed_or_none, texts[column])))
    separators = dict(asked)
    for column in columns:
        if column in (*asked, *lists, *whole):
            continue
        held = [mark for mark in SEPARATORS if any(mark in text for text in texts[column])]
        if clear := [mark for mark in held if _clear(column, texts[column], mark)]:
            separators[column] = clear[0]
            notes.append(f"{name}: {column!r} holds several labels to a cell, parted at {clear[0]!r}")
        elif held:
            number = sum(times for text, times in texts[column].items() if held[0] in text)
            cells = f"{count(number, 'cell')} of {column!r} with {held[0]!r}"
            notes.append(f"{name}: {cells} kept whole; if it parts labels, say --label-column '{column}{held[0]}'")
    notes += _blank(columns, rows, separators, lists, name)
    return Reading(tuple(columns), False, separators, lists), notes


def indicators_among(columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """The columns that hold nothing but 0 and 1, for a hint."""
    found = []
    for column in columns:
        cells = [row.get(column) for row in rows if not is_empty(row.get(column))]
        if cells and all(_truth(cell) is not None for cell in cells):
            found.append(column)
    return found


def _blank(
    columns: Sequence[str], rows: Sequence[Row], separators: Mapping[str, str], lists: Iterable[str], name: str
) -> Iterator[str]:
    """Says how empty cells are read where several labels, or none, may apply."""
    if not separators and not lists:
        return
    blank = sum(all(map(is_empty, cells)) for cells in _cells(rows, columns))
    if blank:
        mark = next(iter(separators.values()), "[]")
        rows_are = f"{count(blank, 'row')} without labels taken as not annotated"
        yield f"{name}: {rows_are}; write {mark!r} into the cell where none applies"


def _clear(column: str, texts: Mapping[str, int], mark: str) -> bool:
    """Whether a mark in the cells of a column parts labels, by the rule of `decide`."""
    if column.strip().casefold() in PLURALS:
        return True
    joined = [[part.strip() for part in text.split(mark)] for text in texts if mark in text]
    cells = Counter(part for parts in joined for part in set(parts) if part)
    alone = {text for text in texts if mark not in text}
    places: dict[str, set[int]] = {}
    for parts in joined:
        for place, part in enumerate(parts):
            places.setdefault(part, set()).add(place)
    common = [part for part, times in cells.items() if times + (part in alone) > 1]
    return 2 * len(common) > len(cells) and any(part in alone or len(places[part]) > 1 for part in common)


def _are_indicators(columns: Sequence[str], rows: Sequence[Row], name: str) -> bool:
    cells = [(column, row.get(column)) for row in rows for column in columns if not is_empty(row.get(column))]
    odd = [(column, str(cell)) for column, cell in cells if _truth(cell) is None]
    if cells and odd and {cell for _, cell in odd} <= {"-1", "-1.0"}:
        column, cell = odd[0]
        raise InputError(f"{name}: {column!r} holds {cell}; write 0 where it does not apply, 1 where it does")
    return bool(cells) and not odd


def _cells(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[list[Any]]:
    return ([row.get(column) for column in columns] for row in rows)


def _texts(rows: Iterable[Row], column: str) -> Iterator[str]:
    return (cell for row in rows if isinstance(cell := row.get(column), str) and cell.strip())


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():  # pandas writes integers so where some are missing
        value = int(value)
    return printable(str(value).strip())


def _truth(cell: Any) -> bool | None:
    return _TRUTH.get(str(cell).strip().casefold())


def _listed(text: str) -> list[Any] | None:
    """The list that a cell holds as JSON or as Python writes it; None where it holds none."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, list):
            return found
    return None


def _listed_or_none(text: str) -> bool:
    return _listed(text) is not None
