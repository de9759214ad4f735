"""After training: what the task fits to the net on the pictures that may be chosen on, a temperature or thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from clearsight.core.net import Net
from clearsight.core.pipeline import Answered
from clearsight.core.task import Task
from clearsight.data.batches import judge_batches
from clearsight.verbs.learning import Session
from clearsight.verbs.looks import judging_batch


def calibrate(session: Session, net: Net) -> Task[Any]:
    """The task with what can be fitted on the choosing pictures; unchanged where there are none.

    It is fitted to what the task answers with: where it averages views, to their average.
    """
    return session.task.calibrated(_answers(session, net))


def _answers(session: Session, net: Net) -> Iterator[Answered]:
    """What the task answers with on the choosing pictures, batch by batch as it is asked for: maps or masks of all of them
    would fill the memory, and a task that fits nothing asks for none."""
    task, device = session.task, session.fabric.device
    by_key = {sample.key: sample for sample in session.roles.choose}
    answer = task.answering(net.to(device).eval())
    for batch in judge_batches(
        session.roles.choose, task.pipeline(train=False), batch_size=judging_batch(task.size), device=device
    ):
        with torch.inference_mode():
            outputs = {name: value.cpu() for name, value in answer(batch.images).items()}
        yield Answered(outputs, batch.targets["frame"].cpu(), [by_key[key] for key in batch.keys])
