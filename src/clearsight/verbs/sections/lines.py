"""Curves that judging has found, such as precision over recall."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from markupsafe import Markup

from clearsight.core.metric import Curves
from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.curves import FIRST, INK, SECOND, drawing
from clearsight.verbs.sections.html import Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (FIRST, SECOND, "#009e73", "#cc79a7", "#8b8000", "#56b4e9")
"""The first two are the page's; the others show on a light and on a dark ground (after Okabe and Ito 2002)."""

STYLES = ("-", "-", "--", "-.", ":", (0, (5, 1)))
"""Of each line, as colours alone do not tell them apart for everybody."""

NAMED = len(COLOURS)
"""Lines that have a colour and a name; where there are more, all but the first are thin and grey."""


def render(context: Context) -> Section | None:
    """A figure for each set of curves, side by side where there is room."""
    if context.evaluation is None or not context.evaluation.result.curves:
        return None
    figures = html.join(_figure(curves) for curves in context.evaluation.result.curves if curves.lines)
    return Section("Curves", Markup('<div class="curves">{}</div>').format(figures), "On the pictures judged.")


def _figure(curves: Curves) -> Markup:
    few = len(curves.lines) <= NAMED
    named = list(curves.lines.items())[: NAMED if few else 1]
    words = f"{curves.up} by {curves.across}, on average: "
    words += "; ".join(f"{name} {fmean(y for _, y in points):.3f}" for name, points in named)
    if not few:
        words += f"; in grey {len(curves.lines) - 1:,} others"

    def paint(axes: Axes) -> None:
        for place, (name, points) in reversed(list(enumerate(curves.lines.items()))):
            across, up = zip(*points, strict=True)
            if few:
                axes.plot(across, up, color=COLOURS[place], linestyle=STYLES[place], linewidth=1.8, label=name)
            elif place:
                axes.plot(across, up, color=INK, linewidth=0.6, alpha=0.5)
            else:
                axes.plot(across, up, color=FIRST, linewidth=2.2)
        handles, names = axes.get_legend_handles_labels()
        if handles:
            axes.legend(handles[::-1], names[::-1], frameon=False, labelcolor=INK)

    return Markup(
        '<figure><div role="img" aria-label="{}: {}">{}</div><figcaption><strong>{}</strong> {}</figcaption></figure>'
    ).format(curves.title, words, drawing(paint, curves.title, curves.across, up=curves.up), curves.title, words)
