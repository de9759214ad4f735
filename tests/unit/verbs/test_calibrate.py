from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Self, cast

import numpy as np
import pytest
import torch

from clearsight.core.net import Net
from clearsight.core.pipeline import Answered
from clearsight.core.registry import net_family
from clearsight.core.sample import ArrayImage, Sample
from clearsight.core.task import Task
from clearsight.data.batches import judge_batches
from clearsight.tasks.multilabel.task import Multilabel
from clearsight.tasks.segment.task import Segment
from clearsight.verbs import calibration
from clearsight.verbs.calibration import calibrate
from clearsight.verbs.learning import Session


def session_of(task: Task[Any], samples: list[Sample]) -> Session:
    fabric, roles = SimpleNamespace(device=torch.device("cpu")), SimpleNamespace(choose=samples)
    return cast(Session, SimpleNamespace(task=task, fabric=fabric, roles=roles))


def samples_of(count: int) -> list[Sample]:
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (count, 16, 16, 3)).astype(np.uint8)
    labels: list[Any] = [("a",), ("b",), ("a", "b"), ()]
    return [Sample(str(i), ArrayImage(pixels[i], str(i)), labels=labels[i % 4]) for i in range(count)]


def test_what_is_fitted_fits_the_average_of_the_views_that_the_task_answers_with() -> None:
    torch.manual_seed(0)
    task = Multilabel(labels=("a", "b"), size=16, channels=3, fit="squash", tta="flip")
    net = net_family(task.name, "lenet")[0].build(task, {}).eval()
    samples = samples_of(40)
    (batch,) = judge_batches(samples, task.pipeline(train=False), batch_size=40, device=torch.device("cpu"))
    with torch.inference_mode():
        frames = batch.targets["frame"]
        one, mirrored = (net(images)["logits"] for images in (batch.images, batch.images.flip(-1)))
    found = calibrate(session_of(task, samples), net).thresholds
    fitted = task.calibrated([Answered({"logits": (one + mirrored) / 2}, frames, samples)])
    np.testing.assert_allclose(found, fitted.thresholds, atol=1e-6)
    plain = task.calibrated([Answered({"logits": one}, frames, samples)])
    assert not np.allclose(found, plain.thresholds, atol=1e-4)


def test_without_pictures_to_choose_on_nothing_is_fitted() -> None:
    task = Multilabel(labels=("a", "b"), size=16, channels=3)
    net = net_family(task.name, "lenet")[0].build(task, {})
    assert calibrate(session_of(task, []), net) is task


def test_answers_are_worked_out_batch_by_batch_as_they_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or masks of all pictures would be in memory at once; a task that fits nothing has none worked out."""
    asked: list[int] = []  # pictures of each batch that the net was asked for
    taken: list[tuple[int, int]] = []  # pictures of each batch that the task took, and how many had been asked for then

    class Asked(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
            asked.append(len(images))
            return {"logits": torch.zeros(len(images), 2)}

    class Taking(Multilabel):
        def calibrated(self, answers: Iterable[Answered]) -> Self:
            taken.extend((len(answer.samples), len(asked)) for answer in answers)
            return self

    monkeypatch.setattr(calibration, "judging_batch", lambda size: 16)
    net = cast(Net, Asked())
    for task in (Taking(labels=("a", "b"), size=16, fit="squash"), Segment(labels=("a", "b"), size=32)):
        assert calibrate(session_of(task, samples_of(40)), net) is task
    assert taken == [(16, 1), (16, 2), (8, 3)]
    assert asked == [16, 16, 8]
