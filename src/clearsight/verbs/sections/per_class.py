"""How good the model is at each class, label or value, the weakest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section
from clearsight.verbs.sections.summary import FIGURES

OPEN = 30
"""Rows shown at once; the others are folded away."""

WORDS: Mapping[str, str] = {"f1": "F1", "support": "Pictures"}

NUMBERS = frozenset({"threshold"}) | {name for name, (_, share, _) in FIGURES.items() if not share}
"""Figures that are no shares, and so have no bar."""

ORDERS = ("f1", "r2")
"""What rows are put in order by: the first of these that they have."""


def render(context: Context) -> Section | None:
    """A table with a row for each class."""
    if context.evaluation is None or not context.evaluation.result.per_class:
        return None
    rows = context.evaluation.result.per_class
    columns = list(next(iter(rows.values())))
    order = next((name for name in ORDERS if name in columns), columns[0])
    one = context.evaluation.result.per
    many = html.plurals(one)
    # A class without a picture has no figures worth a first place.
    ranked = sorted(rows.items(), key=lambda item: (not item[1].get("support", 1), item[1][order]))
    head = (one.capitalize(), *map(_name, columns))
    lines: list[list[Any]] = [[label, *(_cell(name, row) for name in columns)] for label, row in ranked]
    numeric = range(1, len(head))
    parts = [html.table(head, lines[:OPEN], numeric=numeric)]
    if len(lines) > OPEN:
        rest = html.table(head, lines[OPEN:], numeric=numeric)
        parts.append(html.details(f"The other {len(lines) - OPEN:,} {many}", rest))
    return Section(many.capitalize(), html.join(parts), f"Weakest first, by {_name(order)}.")


def _name(column: str) -> str:
    known = FIGURES[column][0] if column in FIGURES else column.replace("_", " ").capitalize()
    return WORDS.get(column, known)


def _cell(name: str, row: Mapping[str, float]) -> Any:
    value = row[name]
    if name == "support":
        return f"{value:,.0f}"
    if not row.get("support", 1):
        return "–"
    if name in NUMBERS:
        return f"{value:.4g}"
    return Markup('<span class="bar" style="--share:{}">{}</span>').format(
        f"{min(max(value, 0.0), 1.0):.3f}", html.percent(value)
    )
