"""The tasks in Label Studio's exports, "JSON" and "JSON-MIN" alike, each with the one annotation that counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.sample import printable
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.columns import LABEL_COLUMNS
from clearsight.data.readers.faults import other

CHOICES = ("choice", "choices", *LABEL_COLUMNS)
"""Names that a control of choices goes by; JSON-MIN does not tell one choice from a column of text."""

SKIPPED = other("skipped or cancelled annotations", "submit them if they are meant", "annotations")
BESIDE = other(
    "annotations beside the ground truth or the newest",
    "mark another as the ground truth if it is meant",
    "annotations",
)

_OWN = frozenset(
    {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "was_cancelled", "ground_truth"}
)


@dataclass(frozen=True)
class Task:
    """One picture's data and the results of its annotation, as the JSON export has them."""

    number: Any
    data: Mapping[str, Any]
    results: list[Any] | None  # None: not annotated


def tasks_of(rows: Any, wanted: Sequence[str], gathered: BoxSet, where: str) -> list[Task]:
    """The tasks of an export that was read. `wanted` are controls of choices that the user named.

    Of several annotations the ground truth counts, else the newest; the others are named in `gathered`.
    Raises `InputError` with `where` where it is no export.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{where} is no list of tasks; export it from Label Studio as JSON")
    if not rows:
        raise InputError(f"{where} holds no tasks; export it again")
    if any("annotations" in row for row in rows):
        return [_full(row, gathered, where) for row in rows]
    by_task: dict[str, list[Mapping[str, Any]]] = {}
    for number, row in enumerate(rows, 1):
        by_task.setdefault(str(row.get("id", f"row {number}")), []).append(row)
    texts = Counter(name for row in rows for name, value in row.items() if isinstance(value, str))
    known = wanted or [name for name in texts if name.casefold() in CHOICES]
    return [_short(number, several, known, gathered, where) for number, several in by_task.items()]


def _full(row: Mapping[str, Any], gathered: BoxSet, where: str) -> Task:
    number, data, annotations = row.get("id", "?"), row.get("data"), row.get("annotations") or []
    place = printable(f"{where}: task {number}")
    if not isinstance(data, dict) or not isinstance(annotations, list):
        raise InputError(f"{where}: task {number} has no 'data' with a picture; export it again")
    for what in ("drafts", "predictions"):
        if isinstance(row.get(what), list):
            for _ in row[what]:
                gathered.faults.add(other(what, "submit them if they are meant", what), place)
    best = _best([found for found in annotations if isinstance(found, dict)], place, gathered)
    results = None if best is None else best.get("result") or []
    if results is not None and not (isinstance(results, list) and all(isinstance(item, dict) for item in results)):
        raise InputError(f"{where}: task {number} has no list of results; export it again")
    return Task(number, data, results)


def _short(number: str, rows: Sequence[Mapping[str, Any]], known: Sequence[str], gathered: BoxSet, where: str) -> Task:
    """The rows of JSON-MIN for one task, an annotation each, whose controls lie among the data."""
    best = _best(rows, printable(f"{where}: task {number}"), gathered)
    results: list[Any] = []
    data: dict[str, Any] = {}
    for name, value in (rows[0] if best is None else best).items():
        if isinstance(value, dict) and isinstance(value.get("choices"), list):
            results.append({"type": "choices", "from_name": name, "value": value})
        elif isinstance(value, str) and name in known:
            results.append({"type": "choices", "from_name": name, "value": {"choices": [value]}})
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            results += [_region(name, item) for item in value]
        elif name not in _OWN:
            data[name] = value
    return Task(number, data, None if best is None else results)


def _region(name: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """A region of JSON-MIN as one of JSON: its kind is the name of what it holds."""
    kind = next((key for key in item if key.endswith("labels")), "region")
    own = ("id", "original_width", "original_height", "image_rotation")
    return {"type": kind, "from_name": name, "value": item} | {key: item[key] for key in own if key in item}


def _best(annotations: Sequence[Mapping[str, Any]], place: str, gathered: BoxSet) -> Mapping[str, Any] | None:
    """The annotation that counts, None where all were cancelled; those that do not are named by their task's place."""
    good = [found for found in annotations if not found.get("was_cancelled")]
    gathered.faults.count("annotations", len(annotations))
    for _ in range(len(annotations) - len(good)):
        gathered.faults.add(SKIPPED, place)
    for _ in good[1:]:
        gathered.faults.add(BESIDE, place)
    return max(good, key=_standing, default=None)


def _standing(annotation: Mapping[str, Any]) -> tuple[bool, str]:
    return bool(annotation.get("ground_truth")), str(annotation.get("updated_at") or annotation.get("created_at") or "")
