"""What `reject` measures: scores of pictures of known and of unknown kinds, the error rates of a threshold, the curves."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from clearsight.core.artifact import Artifact
from clearsight.core.errors import BadImage, InputError
from clearsight.core.prediction import Prediction
from clearsight.core.sample import Array, ImageSource, Sample
from clearsight.metrics import selective

FIGURES: Mapping[str, str] = {
    "known_rejected": "known pictures rejected",
    "accuracy_answered": "accuracy of the answered",
    "accuracy_all": "accuracy of all, were none rejected",
    "unknown_accepted": "unknown pictures answered",
    "auroc": "AUROC, known against unknown",
}
"""What a threshold comes to, in words."""

POINTS = 200
"""Most points of a curve in rejection.json."""


@dataclass(frozen=True)
class Known:
    """Pictures of known classes: scores by name, float64 (N,), which answers are right, and which half tunes."""

    scores: Mapping[str, Array]
    right: Array  # bool (N,)
    tuning: Array  # bool (N,)
    bad: Sequence[BadImage]


def score_pictures(
    model: Artifact, samples: Sequence[Sample], device: str | None, batch_size: int, group: str | None = None
) -> Known:
    """Score samples; those without the annotation that judging needs are left out."""
    from clearsight.data.splits import divide

    able = [s for s in samples if all(getattr(s, name) for name in model.task.needs)]
    scores, predictions, bad = scores_of(model, [s.image for s in able], device, batch_size, "scoring")
    names = {item.name for item in bad}
    read = [s for s in able if s.image.name not in names]
    metric = model.task.metric()
    metric.update(predictions, read)
    wrong = {mistake.key for mistake in metric.result(resamples=0).mistakes} if read else set()
    digests = {s.key: s.image.digest() for s in read}
    halves = divide(read, digests, {"tune": 0.5, "judge": 0.5}, group=group, salt="reject") if read else None
    tune = {s.key for s in halves.parts["tune"]} if halves else set()
    return Known(
        scores, np.array([s.key not in wrong for s in read], bool), np.array([s.key in tune for s in read], bool), bad
    )


def scores_of(
    model: Artifact, pictures: Sequence[ImageSource], device: str | None, batch_size: int, what: str
) -> tuple[dict[str, Array], list[Prediction], list[BadImage]]:
    """The scores of pictures that can be read, each float64 (N,), by name; what the model answers; the others."""
    from clearsight.data.decode import load_fast
    from clearsight.engine.predictor import Predictor
    from clearsight.engine.runtime import choose_device
    from clearsight.verbs.answers import decoded
    from clearsight.verbs.progress import bar

    predictor = Predictor(model.task, model.net, choose_device(device)[0], batch_size)
    found: dict[str, list[Array]] = {}
    predictions: list[Prediction] = []
    bad: list[BadImage] = []
    with bar(what) as progress:

        def photos() -> Iterator[Any]:
            for done, (_, pixels) in enumerate(decoded(pictures, load_fast), 1):
                progress(done, len(pictures))
                if isinstance(pixels, BadImage):
                    bad.append(pixels)
                else:
                    yield pixels

        for batch in _batches(photos(), batch_size):
            outputs, answers = predictor.outputs(batch)
            predictions += answers
            for name, values in model.task.rejection_scores(outputs).items():
                found.setdefault(name, []).append(values.double().cpu().numpy())
    return {name: np.concatenate(parts) for name, parts in found.items()}, predictions, bad


def _batches(photos: Iterable[Any], size: int) -> Iterator[list[Any]]:
    source = iter(photos)
    while batch := list(islice(source, size)):
        yield batch


def judge(
    known: Known, unknown: Mapping[str, Array], score: str, share: float
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The threshold of one score with its error rates, and the figures of every score. All but the threshold comes from
    the half that did not set it. Raises `InputError` where the score is the same for every picture."""
    values = known.scores[score]
    if np.ptp(values) == 0:
        raise InputError(f"--score {score} is the same for every picture, so it tells none apart: choose another")
    below = selective.threshold_at(values[known.tuning], share)
    judged, right = values[~known.tuning], known.right[~known.tuning]
    answered = judged >= below
    found: dict[str, Any] = {
        "score": score,
        "below": below,
        "asked": share,
        "tuned_on": int(known.tuning.sum()),
        "known_rejected": _share(int((~answered).sum()), len(judged)),
        "accuracy_answered": _share(int(right[answered].sum()), int(answered.sum())),
        "accuracy_all": _share(int(right.sum()), len(judged)),
    }
    if unknown:
        found["unknown_accepted"] = _share(int((unknown[score] >= below).sum()), len(unknown[score]))
        found["auroc"] = _auroc(judged, unknown[score])
    scores = {}
    for name, own in known.scores.items():
        part = own[~known.tuning]
        interval = selective.aurc_interval(part, right)
        area = {"value": selective.aurc(part, right), "interval": list(interval), "count": len(part)}
        scores[name] = {"aurc": area} | ({"auroc": _auroc(part, unknown[name])} if unknown else {})
    return found, scores


def _share(hits: int, count: int) -> dict[str, Any]:
    """A share with its 95 % interval; of nothing it is 0, and anything is possible."""
    value = hits / count if count else 0.0
    return {"value": value, "interval": list(selective.share_interval(hits, count)), "count": count}


def _auroc(known: Array, unknown: Array) -> dict[str, Any]:
    value, interval = selective.auroc(known, unknown)
    return {"value": value, "interval": list(interval), "count": len(known) + len(unknown)}


def told(found: Mapping[str, Any]) -> str:
    """What the threshold does, in one sentence."""
    known, right = found["known_rejected"], found["accuracy_answered"]["value"]
    text = (
        f"A picture whose {found['score']} lies below {found['below']:.4g} is rejected: {known['value']:.1%} of those of "
        f"known classes; of the others {right:.1%} are right"
    )
    if accepted := found.get("unknown_accepted"):
        text += f"; {accepted['value']:.1%} of the unknown pictures are answered all the same"
    return text + "."


def curves(known: Known, unknown: Mapping[str, Array]) -> dict[str, dict[str, list[float]]]:
    """For every score, on the judging half: coverage and accuracy, and unknown against known answered."""
    shown: dict[str, dict[str, list[float]]] = {}
    for name, values in known.scores.items():
        part = values[~known.tuning]
        curve = selective.risk_coverage(part, known.right[~known.tuning])
        keep = _thinned(len(curve.coverage))
        shown[name] = {"coverage": curve.coverage[keep].tolist(), "accuracy": curve.accuracy[keep].tolist()}
        if unknown:
            wrongly, rightly = selective.roc(part, unknown[name])
            keep = _thinned(len(wrongly))
            shown[name] |= {"unknown_answered": wrongly[keep].tolist(), "known_answered": rightly[keep].tolist()}
    return shown


def _thinned(count: int) -> Array:
    """Places of at most `POINTS` of so many points, first and last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, POINTS)).round().astype(int))


def draw(found: Mapping[str, Any], shown: Mapping[str, Mapping[str, Sequence[float]]]) -> bytes:
    """rejection.png: accuracy of the answered by their share, and the ROC against the unknown where there are any."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    unknown = "unknown_accepted" in found
    figure = Figure(figsize=(9.5 if unknown else 5.5, 4.2), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    plots = figure.subplots(1, 2 if unknown else 1, squeeze=False)[0]
    colours = ("#2563eb", "#ea580c", "#16a34a", "#7c3aed")
    for colour, (name, curve) in zip(colours, shown.items(), strict=False):
        style = "-" if name == found["score"] else "--"
        plots[0].plot(curve["coverage"], curve["accuracy"], style, color=colour, linewidth=1.8, label=name)
        if unknown:
            plots[1].plot(
                curve["unknown_answered"], curve["known_answered"], style, color=colour, linewidth=1.8, label=name
            )
    at = 1 - found["known_rejected"]["value"]
    plots[0].plot([at], [found["accuracy_answered"]["value"]], "o", color="#111827", label="the threshold")
    plots[0].set_xlabel("share of pictures answered")
    plots[0].set_ylabel("accuracy of the answered")
    if unknown:
        plots[1].plot([found["unknown_accepted"]["value"]], [at], "o", color="#111827", label="the threshold")
        plots[1].plot([0, 1], [0, 1], ":", color="#9ca3af", label="chance")
        plots[1].set_xlabel("share of unknown pictures answered")
        plots[1].set_ylabel("share of known pictures answered")
    for axes in plots:
        axes.grid(True, color="#e5e7eb")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
