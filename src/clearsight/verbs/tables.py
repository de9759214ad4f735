"""Results as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from clearsight.core.metric import Result

WIDE = 15  # classes up to which a confusion matrix fits a terminal


def result_tables(result: Result) -> list[Table]:
    """Figures with their intervals, classes, kinds of error, and the confusion matrix where it is not too wide."""
    tables = [_figures(result)]
    if result.per_class:
        tables.append(_classes(result))
    if result.breakdown:
        tables.append(_breakdown(result))
    if result.confusion is not None and len(result.confused) <= WIDE:
        tables.append(_confusion(result))
    return tables


def _figures(result: Result) -> Table:
    from rich.table import Table

    table = Table("figure", "value", "95 % interval", box=None, header_style="bold")
    for name, value in result.values.items():
        interval = result.intervals.get(name)
        shown = "" if interval is None else f"{interval[0]:.4f} to {interval[1]:.4f}"
        style = "bold" if name == result.headline else None
        table.add_row(name.replace("_", " "), f"{value:.4f}", shown, style=style)
    return table


def _classes(result: Result) -> Table:
    from rich.markup import escape
    from rich.table import Table

    columns = list(next(iter(result.per_class.values())))
    table = Table(result.per, *(name.replace("_", " ") for name in columns), box=None, header_style="bold")
    for label, row in result.per_class.items():
        table.add_row(escape(label), *(f"{v:.0f}" if name == "support" else f"{v:.3f}" for name, v in row.items()))
    return table


def _breakdown(result: Result) -> Table:
    from rich.table import Table

    table = Table("error", *(result.figure(name).title for name in ("count", "cost")), box=None, header_style="bold")
    for kind, row in sorted(result.breakdown.items(), key=lambda item: -item[1]["cost"]):
        table.add_row(result.figure(kind).title, f"{row['count']:,.0f}", f"{row['cost']:.4f}")
    return table


def _confusion(result: Result) -> Table:
    from rich.markup import escape
    from rich.table import Table

    labels = [escape(label) for label in result.confused]
    what = f"true, taken for → ({result.confused_in})" if result.confused_in else "true, taken for →"
    table = Table(what, *labels, box=None, header_style="bold")
    for i, row in enumerate(result.confusion or ()):
        cells = [f"[bold]{n}[/]" if i == j else (str(n) if n else "·") for j, n in enumerate(row)]
        table.add_row(labels[i], *cells)
    return table
