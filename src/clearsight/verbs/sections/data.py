"""What the model was made from: the pictures of each split and class, and those that could not be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section

OPEN = 30
"""Classes shown at once; beyond that the table is folded away."""


def render(context: Context) -> Section | None:
    """Counts by split and class, notes, and bad pictures by name. From the manifest's `data` and `bad`."""
    data: Mapping[str, Any] = context.manifest.get("data") or {}
    bad = context.manifest.get("bad") or []
    if not data and not bad:
        return None
    counts = data.get("counts") or {}
    totals = {split: _total(count) for split, count in counts.items()}
    parts = []
    classes = {split: count for split, count in counts.items() if isinstance(count, Mapping)}
    if classes:
        parts.append(_classes(classes))
    if data.get("notes"):
        items = html.join(Markup("<li>{}</li>").format(note) for note in data["notes"])
        parts.append(Markup("<h3>Notes</h3><ul>{}</ul>").format(items))
    if bad:
        rows = [(row.get("name", "?"), row.get("reason", "")) if isinstance(row, Mapping) else (row, "") for row in bad]
        parts.append(Markup("<h3>{} that could not be used</h3>").format(html.plural(len(bad), "picture")))
        parts.append(html.table(("Picture", "What is wrong with it"), rows))
    return Section("Data", html.join(parts), _intro(data, totals))


def _intro(data: Mapping[str, Any], totals: Mapping[str, int]) -> str:
    name = data.get("path") or data.get("name")
    kind = f" ({data['format']})" if data.get("format") else ""
    words = ", ".join(f"{count:,} {split}" for split, count in totals.items())
    where = f"{name}{kind}: " if name else ""
    return f"{where}{words} pictures." if words else f"{where.rstrip(': ')}."


def _total(count: Any) -> int:
    return sum(count.values()) if isinstance(count, Mapping) else int(count or 0)


def _classes(counts: Mapping[str, Mapping[str, int]]) -> Markup:
    labels = list(dict.fromkeys(label for rows in counts.values() for label in rows))
    most = max((count for rows in counts.values() for count in rows.values()), default=1) or 1
    rows: list[list[Any]] = [
        [label, *(_bar(split.get(label, 0), most) for split in counts.values())] for label in labels
    ]
    rows.append(["All", *(Markup("<strong>{}</strong>").format(f"{_total(split):,}") for split in counts.values())])
    shown = html.table(("Class", *counts), rows, numeric=range(1, len(counts) + 1))
    return html.details(f"Pictures of each of the {len(labels):,} classes", shown) if len(labels) > OPEN else shown


def _bar(count: int, most: int) -> Markup:
    return Markup('<span class="bar" style="--share:{}">{}</span>').format(f"{count / most:.3f}", f"{count:,}")
