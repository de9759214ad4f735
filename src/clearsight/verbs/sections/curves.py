"""How the training went: loss, metric and learning rate by step."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from clearsight.core.sample import Array
from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section
from clearsight.verbs.sections.summary import within

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 400
"""Most points of a curve; longer ones are averaged over neighbours."""

INK, GRID, FIRST, SECOND = "#010203", "#040506", "#070809", "#0a0b0c"
STYLES: Mapping[str, str] = {INK: "var(--muted)", GRID: "var(--line)", FIRST: "var(--blue)", SECOND: "var(--orange)"}
"""Stand-ins for colours, which the page chooses for light and for dark."""

KNOWN = frozenset({"step", "epoch", "seconds", "lr", "loss", "val_loss"})


def render(context: Context) -> Section | None:
    """Up to three small figures, side by side where there is room."""
    history = {name: np.array(values) for name, values in context.history.items()}
    step = history.get("step")
    if step is None:
        return None
    headline, title, higher = _headline(context)
    # Where the last weights became the model, a mark at the best would promise what it cannot do.
    best = higher if context.settings.get("keep", {}).get("value") == "best" else None
    losses = {"training": history.get("loss"), "held out": history.get("val_loss")}
    figures = [
        _figure(step, {name: values for name, values in losses.items() if values is not None}, "Loss"),
        _figure(step, _only(history, headline), f"Held-out {title}", best),
        _figure(step, _only(history, "lr"), "Learning rate"),
    ]
    drawn = [figure for figure in figures if figure is not None]
    if not drawn:
        return None
    return Section("Training", Markup('<div class="curves">{}</div>').format(html.join(drawn)), _intro(step))


def _only(history: Mapping[str, Array], name: str) -> dict[str, Array]:
    return {name: history[name]} if name in history else {}


def _headline(context: Context) -> tuple[str, str, bool]:
    """The column that the model is judged by, what people call it, and whether more of it is better."""
    if context.evaluation is not None:
        result = context.evaluation.result
        return result.headline, within(result.figure(result.headline).title), result.higher_is_better
    name = next((name for name in context.history if name not in KNOWN), "")
    return name, name, True


def _intro(step: Array) -> str:
    thinned = f" Curves of more than {POINTS} points are averaged over neighbours." if len(step) > POINTS else ""
    return f"By training step, {int(np.nanmax(step)):,} in all.{thinned}"


def _figure(step: Array, series: Mapping[str, Array], title: str, best: bool | None = None) -> Markup | None:
    """One figure as inline SVG with a caption that says in words what it shows; None without a number to show."""
    points = {name: thin(step, values) for name, values in series.items()}
    points = {name: pair for name, pair in points.items() if len(pair[0])}
    if not points:
        return None
    one = len(points) == 1
    words = "; ".join(f"{'' if one else name + ' '}from {y[0]:.3g} to {y[-1]:.3g}" for name, (_, y) in points.items())
    mark = None
    if best is not None:
        known = np.flatnonzero(np.isfinite(step) & np.isfinite(values := next(iter(series.values()))))
        at = known[values[known].argmax() if best else values[known].argmin()]
        mark = (float(step[at]), float(values[at]))
        words += f"; best {mark[1]:.3g} at step {mark[0]:,.0f}"
    return Markup(
        '<figure><div role="img" aria-label="{}: {}">{}</div><figcaption><strong>{}</strong> {}</figcaption></figure>'
    ).format(title, words, svg(points, title, mark), title, words)


def thin(step: Array, values: Array) -> tuple[Array, Array]:
    """The rows that hold numbers, averaged in neighbourhoods of equal length to at most `POINTS`."""
    known = np.isfinite(step) & np.isfinite(values)
    x, y = step[known], values[known]
    if len(x) <= POINTS:
        return x, y
    starts = np.arange(0, len(x), -(-len(x) // POINTS))
    sizes = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / sizes, np.add.reduceat(y, starts) / sizes


def svg(points: Mapping[str, tuple[Array, Array]], salt: str, mark: tuple[float, float] | None = None) -> Markup:
    """Lines over steps as SVG to stand in a page."""

    def paint(axes: Axes) -> None:
        for colour, (name, (x, y)) in zip((FIRST, SECOND), points.items(), strict=False):
            axes.plot(x, y, color=colour, linewidth=1.8, label=name, marker="o" if len(x) < 30 else "", markersize=3)
        if mark is not None:
            axes.plot(
                *mark, marker="o", markersize=7, markerfacecolor="none", markeredgecolor=SECOND, markeredgewidth=1.8
            )

    return drawing(paint, salt, "step", legend=len(points) > 1)


def drawing(paint: Callable[[Axes], None], salt: str, across: str, legend: bool = False, up: str = "") -> Markup:
    """What `paint` puts on axes, as SVG to stand in a page: colours and font are the page's, and nothing refers outside.

    `across` names the horizontal axis, `up` the vertical one; the salt makes the names inside of the drawing its own on the
    page, and the same at every run.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "font.size": 9}):
        figure = Figure(figsize=(3.5, 2.4), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        paint(axes)
        _style(axes, across, up)
        if legend:
            axes.legend(frameon=False, labelcolor=INK)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inline(buffer.getvalue())


def _style(axes: Axes, across: str, up: str) -> None:
    axes.set_xlabel(across, color=INK)
    axes.set_ylabel(up, color=INK)
    axes.grid(True, color=GRID, linewidth=0.8)
    axes.tick_params(color=GRID, labelcolor=INK)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(GRID)


def _inline(text: str) -> Markup:
    """The drawing without what only a file of its own needs: prologue, metadata, name spaces, names of groups."""
    text = text[text.index("<svg") :]
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # names of groups, the same in every drawing and never referred to
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', text, count=1)
    for stand_in, colour in STYLES.items():
        text = text.replace(stand_in, colour)
    return Markup(text)  # matplotlib has escaped every name in it
