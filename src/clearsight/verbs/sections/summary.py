"""What the model is and how good it is, in a few plain words."""

from __future__ import annotations

from math import nan

from markupsafe import Markup

from clearsight.core.metric import Result
from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section


def render(context: Context) -> Section | None:
    """The headline, how it was judged, and the facts of the model."""
    facts = _facts(context)
    if context.evaluation is None and not facts:
        return None
    tiles = html.join(Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(name, value) for name, value in facts.items())
    parts = [Markup('<dl class="tiles">{}</dl>').format(tiles)] if facts else []
    if context.evaluation is not None:
        result = context.evaluation.result
        figure, words = headline(result)
        parts.insert(0, Markup('<p class="lead"><strong>{}</strong> {}</p>').format(figure, words))
        parts.insert(1, Markup("<p>{}</p>").format(_judged(context)))
        parts.append(html.details("All figures", _figures(result), unfolded=True))
    return Section("Summary", html.join(parts))


def show(result: Result, name: str, value: float | None) -> str:
    """A figure as text: a share in per cent, anything else with three decimals; JSON's null is no number."""
    if value is None:
        return "–"
    return html.percent(value) if result.figure(name).share else f"{value:.3f}"


def within(title: str) -> str:
    """A figure's title within a sentence: "accuracy", "mAP50", but "F1"."""
    return title if title[:2].isupper() or title[1:2].isupper() else title[:1].lower() + title[1:]


def headline(result: Result) -> tuple[str, str]:
    """The figure that the model is judged by, and what it is with its interval in words; together a sentence."""
    name, pictures = result.headline, html.plural(result.count, "picture")
    figure, value = result.figure(name), show(result, name, result.score)
    low, high = (show(result, name, bound) for bound in result.intervals.get(name, (nan, nan)))
    known = f" (95 % interval {low.removesuffix(' %')} to {high})" if name in result.intervals else ""
    if not figure.said:
        return value, f"{within(figure.title)} on {pictures}{known}"
    if result.score == 1 and result.count:
        # Resampling pictures that are all right says 100 to 100: the rule of three (Hanley 1983) says what is known.
        least = html.percent(max(0.0, 1 - 3 / result.count))
        known = f"; the true share may still be as low as {least} (95 %, rule of three)"
    return value, f"of {pictures} {figure.said}{known}"


def _judged(context: Context) -> str:
    assert context.evaluation is not None
    found = context.evaluation
    text = f"{found.role[:1].upper()}{found.role[1:].rstrip('.')}. " if found.role else ""
    where = ", ".join(part for part in (found.data, found.split) if part)
    text += f"Judged on: {where}. " if where else ""
    if found.result.left_out:
        text += f"{html.plural(found.result.left_out, 'picture')} without an annotation left out."
    return text


def _facts(context: Context) -> dict[str, str]:
    facts: dict[str, str] = {}
    if context.model is not None:
        task, net = context.model["task"], context.model["net"]
        facts["Model"] = str(context.settings.get("net", {}).get("value") or net.get("name", "?"))
        facts["Task"] = str(task.get("name", "?"))
        if task.get("labels"):
            asked = context.evaluation.result.per if context.evaluation is not None else "class"
            facts[html.plurals(asked).capitalize()] = f"{len(task['labels']):,}"
        if task.get("size"):
            height, width = task.get("canvas") or (task["size"], task["size"])
            facts["Picture size"] = f"{width} × {height} px"
        if context.model["weights"].get("bytes"):
            facts["Weights"] = html.size(context.model["weights"]["bytes"])
    parameters = (context.manifest.get("net") or {}).get("parameters")
    if parameters:
        facts["Parameters"] = f"{parameters:,}"
    seconds = _seconds(context)
    if seconds is not None:
        facts["Training time"] = html.duration(seconds)
    if context.manifest.get("created"):
        facts["Date"] = html.date(str(context.manifest["created"]))
    return facts


def _seconds(context: Context) -> float | None:
    stated = (context.manifest.get("training") or {}).get("seconds")
    if stated is not None:
        return float(stated)
    logged = [value for value in context.history.get("seconds", ()) if value == value]
    return max(logged) if logged else None


def _figures(result: Result) -> Markup:
    rows = []
    for name, value in result.values.items():
        figure, interval = result.figure(name), result.intervals.get(name)
        bounds = f"{show(result, name, interval[0])} to {show(result, name, interval[1])}" if interval else "–"
        rows.append((figure.title, show(result, name, value), bounds, figure.about))
    return html.table(("Figure", "Value", "95 % interval", "What it is"), rows, numeric=(1, 2))
