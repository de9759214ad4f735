"""Judge a model on samples, photographs decoded and taken through the very modules that predict and export use."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearsight.core.errors import BadImage
from clearsight.core.files import write_json
from clearsight.core.metric import Result
from clearsight.core.sample import Sample
from clearsight.data.decode import load_fast
from clearsight.engine.predictor import Predictor
from clearsight.verbs.answers import answers

PICTURES = 24  # mistakes kept with their picture
SIDE = 256  # of a kept picture, pixels


@dataclass
class Judgement:
    """What judging found."""

    result: Result
    bad: Sequence[BadImage]  # pictures that could not be judged
    pictures: dict[str, bytes]  # thumbnails (JPEG or PNG) of the worst mistakes, by key


def judge(
    predictor: Predictor,
    samples: Sequence[Sample],
    resamples: int = 1000,
    progress: Callable[[int, int], None] | None = None,
) -> Judgement:
    """Predict every sample and compare. Pictures that cannot be read are left out and listed."""
    metric = predictor.task.metric()
    bad: list[BadImage] = []
    pictures = (sample.image for sample in samples)
    for done, (sample, answer) in enumerate(zip(samples, answers(pictures, predictor, load_fast), strict=True), 1):
        if answer.prediction is None:
            bad.append(BadImage(answer.picture, answer.reason))
        else:
            metric.update([answer.prediction], [sample])
        if progress is not None:
            progress(done, len(samples))
    result = metric.result(resamples=resamples)
    by_key = {sample.key: sample for sample in samples}
    thumbnails = {m.key: thumbnail(by_key[m.key].image.load()) for m in result.mistakes[:PICTURES]}
    return Judgement(result, bad, thumbnails)


def write_evaluation(path: Path, judgement: Judgement, data: str, split: str, role: str) -> None:
    """evaluation.json of a run: the result, and the worst mistakes as pictures for the report."""
    mistakes = [
        {
            "key": m.key,
            "badness": m.badness,
            "text": m.text,
            "picture": base64.b64encode(judgement.pictures[m.key]).decode(),
        }
        for m in judgement.result.mistakes[:PICTURES]
    ]
    bad = [{"name": item.name, "reason": item.reason} for item in judgement.bad]
    content = {"data": data, "split": split, "role": role, "result": judgement.result.to_dict(), "bad_pictures": bad}
    write_json(path, {**content, "mistakes": mistakes})


def thumbnail(pixels: Any) -> bytes:
    """A JPEG of at most SIDE pixels, or a PNG; tiny pictures are enlarged with their pixels kept sharp."""
    from PIL import Image

    image = Image.fromarray(pixels)
    longest = max(image.size)
    if longest < SIDE // 2:
        factor = SIDE // 2 // longest
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    elif longest > SIDE:
        image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    if longest > SIDE // 2:  # photographs
        image.save(buffer, "JPEG", quality=85)
    else:
        image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
