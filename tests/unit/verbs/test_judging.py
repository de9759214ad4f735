"""Judging samples: what cannot be judged is listed, and stops nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from clearsight.core.errors import BadImage
from clearsight.core.metric import Result
from clearsight.core.sample import ArrayImage, Sample
from clearsight.verbs import judging
from clearsight.verbs.answers import Answer


class Counting:
    """A metric that counts the samples it has seen; the annotation of some cannot be read."""

    seen = 0

    def update(self, predictions: Sequence[Any], samples: Sequence[Sample]) -> None:
        for sample in samples:
            if sample.key.startswith("torn"):
                raise BadImage(f"masks/{sample.key}", "the file is cut short")
            self.seen += 1

    def result(self, *, resamples: int) -> Result:
        return Result("count", True, {"count": self.seen})


def test_pictures_and_annotations_that_cannot_be_read_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    image = ArrayImage(np.zeros((2, 2), np.uint8))
    samples = [Sample(key, image) for key in ("a", "torn", "gone", "b")]

    def answered(*given: object) -> Iterator[Answer]:
        for sample in samples:
            there = sample.key != "gone"
            yield Answer(sample.key, SimpleNamespace() if there else None, reason="" if there else "no picture")  # type: ignore[arg-type]

    monkeypatch.setattr(judging, "answers", answered)
    predictor: Any = SimpleNamespace(task=SimpleNamespace(metric=Counting))
    judgement = judging.judge(predictor, samples)
    assert judgement.result.values == {"count": 2}
    assert [(bad.name, bad.reason) for bad in judgement.bad] == [
        ("masks/torn", "the file is cut short"),
        ("gone", "no picture"),
    ]
