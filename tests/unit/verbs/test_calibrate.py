from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch

from clearsight.core.registry import net_family
from clearsight.core.sample import ArrayImage, Sample
from clearsight.data.batches import judge_batches
from clearsight.tasks.multilabel.task import Multilabel
from clearsight.verbs.calibration import calibrate
from clearsight.verbs.learning import Session


def session_of(task: Multilabel, samples: list[Sample]) -> Session:
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
    fitted = task.calibrated({"logits": (one + mirrored) / 2}, frames, samples)
    np.testing.assert_allclose(found, fitted.thresholds, atol=1e-6)
    assert not np.allclose(found, task.calibrated({"logits": one}, frames, samples).thresholds, atol=1e-4)


def test_without_pictures_to_choose_on_nothing_is_fitted() -> None:
    task = Multilabel(labels=("a", "b"), size=16, channels=3)
    net = net_family(task.name, "lenet")[0].build(task, {})
    assert calibrate(session_of(task, []), net) is task
