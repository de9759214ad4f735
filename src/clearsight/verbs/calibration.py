"""After training: what the task fits to the net on the pictures that may be chosen on, a temperature or thresholds."""

from __future__ import annotations

from typing import Any

import torch

from clearsight.core.net import Net
from clearsight.core.sample import Sample
from clearsight.core.task import Task
from clearsight.data.batches import judge_batches
from clearsight.verbs.learning import Session, judging_batch


def calibrate(session: Session, net: Net) -> Task[Any]:
    """The task with what can be fitted on the choosing pictures; unchanged where there are none.

    It is fitted to what the task answers with: where it averages views, to their average.
    """
    task, device = session.task, session.fabric.device
    if type(task).calibrated is Task.calibrated:
        return task  # there is nothing to fit, and maps of classes for many pictures would fill the memory
    by_key = {sample.key: sample for sample in session.roles.choose}
    answer = task.answering(net.to(device).eval())
    outputs: list[dict[str, torch.Tensor]] = []
    frames: list[torch.Tensor] = []
    kept: list[Sample] = []
    with torch.inference_mode():
        for batch in judge_batches(
            session.roles.choose, task.pipeline(train=False), batch_size=judging_batch(task.size), device=device
        ):
            outputs.append({name: value.cpu() for name, value in answer(batch.images).items()})
            frames.append(batch.targets["frame"].cpu())
            kept += [by_key[key] for key in batch.keys]
    if not kept:
        return task
    merged = {name: torch.cat([part[name] for part in outputs]) for name in outputs[0]}
    return task.calibrated(merged, torch.cat(frames), kept)
