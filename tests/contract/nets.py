"""Every net of the registries with a small configuration, and small real data for its task."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch

from clearsight.core.learner import Learner
from clearsight.core.net import Net
from clearsight.core.registry import find, names
from clearsight.core.sample import ArrayImage, Sample
from clearsight.core.task import Task

SMALL: dict[str, dict[str, Any]] = {
    "classify.timm": {"model": "test_resnet"},
    "classify.vit": {"width": 32, "depth": 2, "heads": 2, "inner": 64},
    "classify.resnet20": {"blocks": 1, "width": 8},
    "classify.resnet56": {"blocks": 1, "width": 8},
}
"""Configurations for families that need one, or are slow without; a net not listed is built as it stands."""

BORROWED = [
    f"{task}.{net}"
    for task in names("tasks")
    if (find("tasks", task).nets or task) != task
    for net in ("feedforward", "lenet")
]
"""Of tasks that take another's nets, two of these: it is the task that is tried."""

ALL = [*names("nets"), *BORROWED]

LABELS = {"multilabel": ("even", "round", "seven"), "regress": ("digit", "ink")}
"""What is asked of the digits; by default which it is."""

GOOD = {"classify": 1.0, "multilabel": 1.0, "regress": 0.3}
"""The headline that shows that eight pictures were learnt by heart."""


def samples_for(task_name: str, count: int = 8) -> list[Sample]:
    """Real pictures for a task, annotated."""
    return [ANNOTATED[task_name](sample) for sample in digits(count)]


def _tagged(sample: Sample) -> Sample:
    digit = (sample.labels or ("",))[0]
    applies = {"even": digit in "02468", "round": digit in "0689", "seven": digit == "7"}
    return replace(sample, labels=tuple(label for label, true in applies.items() if true))


def _measured(sample: Sample) -> Sample:
    digit = float((sample.labels or ("",))[0])
    return replace(sample, labels=None, values={"digit": digit, "ink": float(sample.image.load().mean())})


ANNOTATED = {"classify": lambda sample: sample, "multilabel": _tagged, "regress": _measured}


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


def make_task(name: str, **settings: Any) -> Task[Any]:
    """A task for ten digits at 32 px."""
    task: Task[Any] = find("tasks", name)(labels=LABELS.get(name, tuple("0123456789")), size=32, **settings)
    return task.fitted(samples_for(name))


def make_learner(task: Task[Any], net: Net) -> Learner:
    """The net with the loss that the task chooses where nothing is said."""
    return net.learner(task.loss_options({}, samples_for(task.name)))


def make_net(name: str, task: Task[Any]) -> Net:
    """The net with weights drawn from seed 0."""
    torch.manual_seed(0)
    own = f"{task.nets or task.name}.{name.partition('.')[2]}"
    net: Net = find("nets", own).build(task, SMALL.get(own, {}))
    return net
