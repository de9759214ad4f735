"""Answers as lines: JSON Lines, CSV, or a table for a terminal; each written as soon as it is known."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from clearsight.verbs.answers import Answer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


@runtime_checkable
class Ranked(Protocol):
    """A prediction that puts its labels in an order."""

    def top(self, k: int = 5) -> list[tuple[str, float]]:
        """The k best labels with their scores, best first."""


def row(answer: Answer, top: int) -> dict[str, Any]:
    """One answer as plain JSON values: "picture" and what the prediction says, or "picture" and "error"."""
    if answer.prediction is None:
        return {"picture": answer.picture, "error": answer.reason}
    said = answer.prediction.to_dict()
    if isinstance(answer.prediction, Ranked):
        said["top"] = [{"label": label, "score": score} for label, score in answer.prediction.top(top)]
    return {"picture": answer.picture, **said}


def json_lines(answers: Iterable[Answer], top: int) -> Iterator[str]:
    """One JSON object a line."""
    for answer in answers:
        yield json.dumps(row(answer, top), ensure_ascii=False) + "\n"


def csv_lines(answers: Iterable[Answer], top: int) -> Iterator[str]:
    """A header and a line for each picture: picture, error, what the prediction says; a ranking as label_2, score_2 …

    The columns are those of the first prediction, so pictures before it that cannot be read wait for it.
    """
    waiting: list[dict[str, Any]] = []
    columns: list[str] | None = None
    for answer in answers:
        cells = _flat(row(answer, top))
        if columns is None and answer.prediction is None:
            waiting.append(cells)
            continue
        if columns is None:
            columns = ["picture", "error", *(name for name in cells if name != "picture")]
            yield _csv_line(columns)
            yield from (_csv_line([early.get(name, "") for name in columns]) for early in waiting)
            waiting.clear()
        yield _csv_line([cells.get(name, "") for name in columns])
    if waiting:
        yield _csv_line(["picture", "error"])
        yield from (_csv_line([early["picture"], early["error"]]) for early in waiting)


def print_table(answers: Iterable[Answer], top: int, width: int, console: Console) -> None:
    """A line for each picture: its name, the answer, what else it might be. `width` is that of the names."""
    width = max(1, min(width, console.width // 2))
    for answer in answers:
        console.print(_table_line(answer, top, width), no_wrap=True, overflow="ellipsis", crop=False)


def _table_line(answer: Answer, top: int, width: int) -> Text:
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    name = answer.picture
    if cell_len(name) > width:  # the end tells more than the beginning
        while cell_len(name) > width - 1:
            name = name[1:]
        name = "…" + name
    line = Text(set_cell_size(name, width) + "  ")
    if answer.prediction is None:
        return line.append(answer.reason, "red")
    line.append(answer.prediction.headline(), "bold")
    if isinstance(answer.prediction, Ranked):
        others = answer.prediction.top(top)[1:]
        line.append("".join(f"   {label} {score:.2f}" for label, score in others), "dim")
    return line


def _flat(cells: Mapping[str, Any]) -> dict[str, Any]:
    """A row for CSV: a ranking and a mapping to numbers in columns of their own, other lists and mappings as JSON."""
    flat: dict[str, Any] = {}
    for name, value in cells.items():
        if name == "top":
            for place, entry in enumerate(value[1:], 2):
                flat |= {f"{key}_{place}": item for key, item in entry.items()}
        elif isinstance(value, dict) and value and all(isinstance(item, (int, float)) for item in value.values()):
            flat |= {f"{name}_{key}": item for key, item in value.items()}
        else:
            flat[name] = json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value
    return flat


def _csv_line(cells: Iterable[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
