"""Which kinds of error there are and what each costs, the costliest first."""

from __future__ import annotations

from markupsafe import Markup

from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section


def render(context: Context) -> Section | None:
    """A table with a row for each kind of error."""
    if context.evaluation is None or not context.evaluation.result.breakdown:
        return None
    result = context.evaluation.result
    kinds = sorted(result.breakdown.items(), key=lambda item: -item[1]["cost"])
    most = max(row["cost"] for _, row in kinds)
    rows = [
        (result.figure(kind).title, f"{row['count']:,.0f}", _bar(row["cost"], most), result.figure(kind).about)
        for kind, row in kinds
    ]
    head = ("Kind", result.figure("count").title, result.figure("cost").title, "What it is")
    about = result.figure("cost").about
    intro = f"{head[2]}: {about}, each kind by itself." if about else ""
    return Section("Kinds of error", html.table(head, rows, numeric=(1, 2)), intro)


def _bar(cost: float, most: float) -> Markup:
    """A cost in per cent, on a bar as long as its share of the largest."""
    share = max(cost, 0.0) / most if most > 0 else 0.0
    return Markup('<span class="bar" style="--share:{}">{}</span>').format(f"{share:.3f}", html.percent(cost, 2))
