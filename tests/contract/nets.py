"""Every net of the registries with a small configuration, and small real data for its task."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from clearsight.core.learner import Learner
from clearsight.core.net import Net
from clearsight.core.reader import Location
from clearsight.core.registry import find, names
from clearsight.core.sample import ArrayImage, Sample
from clearsight.core.task import Task
from clearsight.data.readers import shapes

SMALL: dict[str, dict[str, Any]] = {
    "classify.timm": {"model": "test_resnet"},
    "classify.vit": {"width": 32, "depth": 2, "heads": 2, "inner": 64},
    "classify.resnet20": {"blocks": 1, "width": 8},
    "classify.resnet56": {"blocks": 1, "width": 8},
    "detect.yolo": {"backbone": "test_resnet", "width": 32},
    "detect.ssd": {"backbone": "test_efficientnet", "width": 32},
    "detect.retinanet": {"backbone": "test_byobnet", "width": 64, "anchor": 1.5},
    "detect.fcos": {"backbone": "test_efficientnet", "width": 64, "depth": 1},
    "detect.faster-rcnn": {"backbone": "test_efficientnet", "width": 32, "hidden": 128, "anchor": 2.5, "tried": 200}
    | {"proposals": 50, "regions": 64},
    "detect.dfine": {"scale": "tiny", "queries": 200, "denoising": 20},
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

STEPS: dict[str, int] = {
    "detect.ssd": 50,
    "detect.fcos": 60,
    "detect.retinanet": 100,
    "detect.faster-rcnn": 80,
}
"""Steps that a net needs to learn eight pictures by heart; by default 120."""

LABELS = {"multilabel": ("even", "round", "seven"), "regress": ("digit", "ink"), "detect": shapes.LABELS}
"""What is asked of the pictures; by default which digit it is."""

SIZES = {"detect": 96}
"""Side of the canvas; by default 32."""

GOOD = {
    "classify": ("accuracy", 1.0),
    "multilabel": ("mAP", 1.0),
    "regress": ("mae", 0.3),
    "detect": ("map50", 0.95),
}
"""The figure, and its value, that show that eight pictures were learnt by heart."""

FITS: dict[str, list[dict[str, Any]]] = {"detect": [{}]}
"""Settings of a task that the eight pictures are learnt with; by default both ways that they meet the square."""

OVERFIT = [(name, fit) for name in ALL for fit in FITS.get(name.split(".")[0], [{"fit": "squash"}, {"fit": "crop"}])]


def samples_for(task_name: str, count: int = 8) -> list[Sample]:
    """Pictures for a task, annotated: handwritten digits, or drawn scenes where objects are to be found."""
    if task_name in SCENES:
        return scenes(count)
    return [ANNOTATED[task_name](sample) for sample in digits(count)]


@cache
def scenes(count: int) -> list[Sample]:
    """Drawn scenes with boxes, few and large ones so that they are soon learnt, wide and high ones in turn."""
    drawn = (shapes.read(Location(Path(f"shapes:train={40 * count},side={side}")), "train") for side in SIDES)
    wide, high = ([sample for sample in each if _easy(sample)] for each in drawn)
    return [high[i] if i % 2 else wide[i] for i in range(count)]


def _easy(sample: Sample) -> bool:
    assert sample.boxes is not None
    sides = sample.boxes.xyxy[:, 2:] - sample.boxes.xyxy[:, :2]
    return len(sides) in (2, 3) and bool(sides.min() >= 10)


def _tagged(sample: Sample) -> Sample:
    digit = (sample.labels or ("",))[0]
    applies = {"even": digit in "02468", "round": digit in "0689", "seven": digit == "7"}
    return replace(sample, labels=tuple(label for label, true in applies.items() if true))


def _measured(sample: Sample) -> Sample:
    digit = float((sample.labels or ("",))[0])
    return replace(sample, labels=None, values={"digit": digit, "ink": float(sample.image.load().mean())})


SCENES = {"detect"}
SIDES = ("96x64", "64x96")

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
    """A task for ten digits at 32 px, or for drawn scenes at 96."""
    labels, size = LABELS.get(name, tuple("0123456789")), SIZES.get(name, 32)
    task: Task[Any] = find("tasks", name)(labels=labels, size=size, **settings)
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
