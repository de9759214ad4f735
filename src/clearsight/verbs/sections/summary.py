"""What the model is and how good it is, in a few plain words."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan

from markupsafe import Markup

from clearsight.core.task import Result
from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section

FIGURES: Mapping[str, tuple[str, bool, str]] = {
    "accuracy": ("Accuracy", True, "pictures whose most probable class is the right one"),
    "top5": ("Top-5 accuracy", True, "pictures whose right class is among the five most probable"),
    "coverage": ("Answered", True, "pictures that are not rejected as none of the classes"),
    "selective_accuracy": ("Accuracy of the answered", True, "of the pictures not rejected, those that are right"),
    "macro_f1": ("F1, macro", True, "mean over the classes, each counting the same"),
    "weighted_f1": ("F1, weighted", True, "mean over the classes, each by its pictures"),
    "macro_precision": ("Precision, macro", True, "of the pictures taken for a class, those that are of it"),
    "macro_recall": ("Recall, macro", True, "of the pictures of a class, those that are found"),
    "weighted_precision": ("Precision, weighted", True, "the same, each class by its pictures"),
    "weighted_recall": ("Recall, weighted", True, "the same, each class by its pictures"),
    "mAP": ("mAP", True, "mean over the labels of the area under precision and recall, whatever the thresholds"),
    "micro_f1": ("F1, micro", True, "of all answers together, each label of each picture counting the same"),
    "micro_precision": ("Precision, micro", True, "of all labels given, those that apply"),
    "micro_recall": ("Recall, micro", True, "of all labels that apply, those that are given"),
    "exact_match": ("Exact match", True, "pictures of which every label is right"),
    "mae": ("Mean absolute error", False, "how far off the numbers are, in their own units; 0 is best"),
    "rmse": ("Root mean squared error", False, "the same, large errors counting more"),
    "r2": ("R²", False, "share of the variance that is explained; 1 is best, 0 is as good as always saying the mean"),
    "ece": ("Calibration error", True, "mean distance of confidence and accuracy; 0 is best"),
    "nll": ("Negative log likelihood", False, "surprise at the right class, in nats; 0 is best"),
}
"""Names of figures in words, whether they are shares to show in per cent, and what they mean."""


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


def show(name: str, value: float | None) -> str:
    """A figure as text: a share in per cent, anything else with three decimals; JSON's null is no number."""
    if value is None:
        return "–"
    return html.percent(value) if FIGURES.get(name, ("", False, ""))[1] else f"{value:.3f}"


def headline(result: Result) -> tuple[str, str]:
    """The figure that the model is judged by, and what it is with its interval in words; together a sentence."""
    figure, pictures = show(result.headline, result.score), html.plural(result.count, "picture")
    low, high = (show(result.headline, bound) for bound in result.intervals.get(result.headline, (nan, nan)))
    known = f" (95 % interval {low.removesuffix(' %')} to {high})" if result.headline in result.intervals else ""
    if result.headline != "accuracy":
        words, _, _ = FIGURES.get(result.headline, (result.headline.replace("_", " "), False, ""))
        words = words if words[:2].isupper() or words[1:2].isupper() else words[0].lower() + words[1:]
        return figure, f"{words} on {pictures}{known}"
    if result.score == 1 and result.count:
        # Resampling pictures that are all right says 100 to 100: the rule of three (Hanley 1983) says what is known.
        least = html.percent(max(0.0, 1 - 3 / result.count))
        known = f"; the true share may still be as low as {least} (95 %, rule of three)"
    return figure, f"of {pictures} right{known}"


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
            facts["Picture size"] = f"{task['size']} × {task['size']} px"
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
        words, _, meaning = FIGURES.get(name, (name.replace("_", " "), False, ""))
        interval = result.intervals.get(name)
        bounds = f"{show(name, interval[0])} to {show(name, interval[1])}" if interval else "–"
        rows.append((words, show(name, value), bounds, meaning))
    return html.table(("Figure", "Value", "95 % interval", "What it is"), rows, numeric=(1, 2))
