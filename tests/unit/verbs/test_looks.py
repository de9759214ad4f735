"""Looks while training: answers are judged batch by batch, by the task without what only fills memory."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from clearsight.core.errors import BadImage
from clearsight.core.pipeline import Batch
from clearsight.core.sample import ArrayImage, Masks, Sample
from clearsight.tasks.segment.metric import SegmentMetric
from clearsight.tasks.segment.task import Segment
from clearsight.verbs import looks
from clearsight.verbs.looks import HeldOut

TASK = Segment(labels=("left", "right"), size=32, probabilities=True)
TRUTH = np.repeat(np.array([[0, 1]], np.uint8), 32, 0).repeat(16, 1)


class Halves(nn.Module):
    """A net that answers with a class for either half."""

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        logits = torch.zeros(len(images), 2, 32, 32)
        logits[:, 1, :, 16:] = 1
        logits[:, 0, :, :16] = 1
        return {"logits": logits}


def truth() -> np.ndarray:
    return TRUTH


def test_answers_are_judged_as_they_come_and_without_probabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [Sample(str(n), ArrayImage(TRUTH), masks=Masks("semantic", truth, TASK.labels)) for n in range(6)]
    frame = torch.tensor([[1.0, 1.0, 0.0, 0.0, 32.0, 32.0]] * 2)
    batches = [Batch(torch.zeros(2, 3, 32, 32), {"frame": frame}, [str(n), str(n + 1)]) for n in (0, 2, 4)]

    def given(*_: Any, bad: list[BadImage], **more: Any) -> list[Batch]:
        return batches

    monkeypatch.setattr(looks, "judge_batches", given)
    seen: list[int] = []
    watch = SegmentMetric.watch

    def watched(self: SegmentMetric, predictions: Any, samples: Any) -> None:
        seen.append(len(predictions))
        assert all(one.probabilities is None for one in predictions)
        watch(self, predictions, samples)

    monkeypatch.setattr(SegmentMetric, "watch", watched)
    fabric = SimpleNamespace(device="cpu", world_size=1, global_rank=0)
    session: Any = SimpleNamespace(fabric=fabric, task=TASK, bad={})
    store: Any = SimpleNamespace(samples=samples)
    net: Any = Halves()
    for choosing in (True, False):
        seen.clear()
        score, figures = HeldOut(session, store, TASK.pipeline(train=False), choosing)(net)
        assert seen == [2, 2, 2]
        assert figures == {"miou": 1.0} and score == (1.0 if choosing else None)
