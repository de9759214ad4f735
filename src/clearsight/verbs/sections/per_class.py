"""How good the model is at each class, label or value, the weakest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from clearsight.core.metric import Result
from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section

OPEN = 30
"""Rows shown at once; the others are folded away."""


def render(context: Context) -> Section | None:
    """A table with a row for each class."""
    if context.evaluation is None or not context.evaluation.result.per_class:
        return None
    result = context.evaluation.result
    columns = list(next(iter(result.per_class.values())))
    order = result.weakest_by if result.weakest_by in columns else columns[0]
    many = html.plurals(result.per)
    # A class without a picture has no figures worth a first place.
    ranked = sorted(result.per_class.items(), key=lambda item: (not item[1].get("support", 1), item[1][order]))
    head = (result.per.capitalize(), *(_title(result, name) for name in columns))
    lines: list[list[Any]] = [[label, *(_cell(result, name, row) for name in columns)] for label, row in ranked]
    numeric = range(1, len(head))
    parts = [html.table(head, lines[:OPEN], numeric=numeric)]
    if len(lines) > OPEN:
        rest = html.table(head, lines[OPEN:], numeric=numeric)
        parts.append(html.details(f"The other {len(lines) - OPEN:,} {many}", rest))
    return Section(many.capitalize(), html.join(parts), f"Weakest first, by {_title(result, order)}.")


def _title(result: Result, column: str) -> str:
    return "Pictures" if column == "support" and column not in result.figures else result.figure(column).title


def _cell(result: Result, name: str, row: Mapping[str, float]) -> Any:
    value = row[name]
    if name == "support":
        return f"{value:,.0f}"
    if not row.get("support", 1):
        return "–"
    if not result.figure(name).share:
        return f"{value:.4g}"
    return Markup('<span class="bar" style="--share:{}">{}</span>').format(
        f"{min(max(value, 0.0), 1.0):.3f}", html.percent(value)
    )
