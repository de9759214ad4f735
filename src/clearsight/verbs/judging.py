"""Judge a model on samples, photographs decoded and taken through the very modules that predict and export use."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from clearsight.core.errors import BadImage
from clearsight.core.files import write_json
from clearsight.core.metric import Metric, Mistake, Result, worst
from clearsight.core.sample import Sample
from clearsight.data.decode import load_fast
from clearsight.engine.predictor import Predictor
from clearsight.verbs.answers import answers
from clearsight.verbs.thumbnails import jpeg, thumbnail

PICTURES = 24  # mistakes kept with their picture


class Pictured(NamedTuple):
    """A mistake with a picture of it, JPEG or PNG."""

    mistake: Mistake
    picture: bytes
    beside: bool = False  # whether photograph, annotation and answer are beside each other


@dataclass
class Judgement:
    """What judging found."""

    result: Result
    bad: Sequence[BadImage]  # pictures that could not be judged
    pictures: Sequence[Pictured]  # the worst mistakes


def judge(
    predictor: Predictor,
    samples: Sequence[Sample],
    resamples: int = 1000,
    progress: Callable[[int, int], None] | None = None,
) -> Judgement:
    """Predict every sample and compare. Pictures that cannot be read, or whose masks cannot, are left out and listed."""
    metric = predictor.task.metric()
    bad: list[BadImage] = []
    pictures = (sample.image for sample in samples)
    for done, (sample, answer) in enumerate(zip(samples, answers(pictures, predictor, load_fast), strict=True), 1):
        if answer.prediction is None:
            bad.append(BadImage(answer.picture, answer.reason))
        else:
            try:
                metric.update([answer.prediction], [sample])
            except BadImage as unreadable:  # its annotation is a picture too, and may be bad itself
                bad.append(unreadable)
        if progress is not None:
            progress(done, len(samples))
    result = metric.result(resamples=resamples)
    return Judgement(result, bad, _pictures(worst(result.mistakes, PICTURES), samples, metric))


def _pictures(mistakes: Sequence[Mistake], samples: Sequence[Sample], metric: Metric[Any]) -> list[Pictured]:
    """A thumbnail of each mistake, or the picture that the metric makes of it. A picture with several of them is read once."""
    wanted = {mistake.key for mistake in mistakes}
    pixels = {sample.key: sample.image.load() for sample in samples if sample.key in wanted}
    found = []
    for mistake in mistakes:
        photo = pixels[mistake.key]
        beside = metric.beside(mistake.key, photo)
        if beside is None:
            found.append(Pictured(mistake, thumbnail(photo, mistake.marks)))
        else:  # which shows more than frames would
            found.append(Pictured(replace(mistake, marks=()), jpeg(beside, fine=True), beside=True))
    return found


def write_evaluation(path: Path, judgement: Judgement, data: str, split: str, role: str) -> None:
    """evaluation.json of a run: the result, and the worst mistakes as pictures for the report."""
    mistakes = [
        {**one.mistake.to_dict(), "picture": base64.b64encode(one.picture).decode(), "beside": one.beside}
        for one in judgement.pictures
    ]
    bad = [{"name": item.name, "reason": item.reason} for item in judgement.bad]
    content = {"data": data, "split": split, "role": role, "result": judgement.result.to_dict(), "bad_pictures": bad}
    write_json(path, {**content, "mistakes": mistakes})
