"""What was found against what is true, for tasks that answer with numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.curves import FIRST, INK, drawing
from clearsight.verbs.sections.html import Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 12
"""Values that get a figure."""


def render(context: Context) -> Section | None:
    """A figure for each value: a dot for each picture, and the line on which all of them would lie."""
    if context.evaluation is None or not context.evaluation.result.points:
        return None
    points = context.evaluation.result.points
    figures = html.join(_figure(name, pairs) for name, pairs in list(points.items())[:MOST])
    more = f" Shown are the first {MOST} of {len(points)} values." if len(points) > MOST else ""
    intro = f"Across what is true, up what was found; on the line both are the same.{more}"
    return Section("True and found", Markup('<div class="curves">{}</div>').format(figures), intro)


def _figure(name: str, pairs: Sequence[tuple[float, float]]) -> Markup:
    truth, found = np.array(pairs, np.float64).T
    words = f"{html.plural(len(truth), 'picture')}, true from {truth.min():.4g} to {truth.max():.4g}"
    words += f", found from {found.min():.4g} to {found.max():.4g}"

    def paint(axes: Axes) -> None:
        ends = [min(truth.min(), found.min()), max(truth.max(), found.max())]
        axes.plot(ends, ends, color=INK, linewidth=1)
        axes.plot(truth, found, linestyle="", marker="o", markersize=3, alpha=0.6, color=FIRST)

    return Markup(
        '<figure><div role="img" aria-label="{}: {}">{}</div><figcaption><strong>{}</strong> {}</figcaption></figure>'
    ).format(name, words, drawing(paint, f"true {name}", "true"), name, words)
