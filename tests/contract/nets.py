"""Every net of the registries with a small configuration, and small real data for its task."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch

from clearsight.core.net import Net
from clearsight.core.registry import find, names
from clearsight.core.sample import ArrayImage, Sample
from clearsight.core.task import Task

SMALL = {"classify.timm": {"model": "test_resnet"}}
"""Configurations for families that need one; a net not listed is built as it stands."""

ALL = list(names("nets"))


def samples_for(task_name: str, count: int = 8) -> list[Sample]:
    """Real pictures for a task, annotated."""
    return {"classify": digits}[task_name](count)


@cache
def digits(count: int) -> list[Sample]:
    """Handwritten digits of unequal shapes, in colour: cut to 7×8 and 8×7 for some."""
    from sklearn.datasets import load_digits

    data = load_digits()
    samples = []
    for i in range(count):
        grey = np.round(data.images[i] * 255 / 16).astype(np.uint8)
        grey = np.repeat(np.repeat(grey, 4, 0), 4, 1)
        grey = grey[2:-2] if i % 3 == 1 else grey[:, 2:-2] if i % 3 == 2 else grey
        pixels = np.repeat(grey[:, :, None], 3, axis=2)
        samples.append(Sample(f"digit/{i:03}", ArrayImage(pixels, f"digit/{i:03}"), (str(data.target[i]),)))
    return samples


def make_task(name: str) -> Task[Any]:
    """A task for ten digits at 32 px."""
    task: Task[Any] = find("tasks", name)(labels=tuple("0123456789"), size=32)
    return task


def make_net(name: str, task: Task[Any]) -> Net:
    """The net with weights drawn from seed 0."""
    torch.manual_seed(0)
    net: Net = find("nets", name).build(task, SMALL.get(name, {}))
    return net
