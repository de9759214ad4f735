"""Every net of the registries with a small configuration, and small real data for its task."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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
    "segment.lite": {"width": 48},
    "segment.unet": {"backbone": "test_efficientnet", "width": 128},
    "segment.unetplusplus": {"backbone": "test_efficientnet", "width": 128},
    "segment.deeplabv3plus": {"backbone": "test_efficientnet", "width": 64},
    "segment.fpn": {"backbone": "test_efficientnet", "width": 32},
    "segment.segformer": {"backbone": "test_efficientnet", "width": 64},
    "segment.upernet": {"backbone": "test_efficientnet", "width": 32},
    "segment.fcn": {"backbone": "test_resnet", "stride": 8},
    "instances.yolo-mask": {"backbone": "test_resnet", "width": 32},
    "instances.mask-rcnn": {"backbone": "test_efficientnet", "width": 32, "hidden": 128, "anchor": 2.5, "tried": 200}
    | {"proposals": 50, "regions": 64},
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
    "segment.lite": 100,
    "segment.unet": 150,
    "segment.unetplusplus": 100,
    "segment.deeplabv3plus": 70,
    "segment.fpn": 70,
    "segment.segformer": 60,
    "segment.upernet": 70,
}
"""Steps that a net needs to learn eight pictures by heart; by default 120."""

LABELS = {
    "multilabel": ("even", "round", "seven"),
    "regress": ("digit", "ink"),
    "detect": shapes.LABELS,
    "segment": ("background", *shapes.LABELS),
    "instances": shapes.LABELS,
}
"""What is asked of the pictures; by default which digit it is."""

SIZES = {"detect": 96, "segment": 96, "instances": 96}
"""Side of the canvas; by default 32."""

GOOD = {
    "classify": ("accuracy", 1.0),
    "multilabel": ("mAP", 1.0),
    "regress": ("mae", 0.3),
    "detect": ("map50", 0.95),
    "segment": ("miou", 0.85),
    "segment.fcn": ("miou", 0.75),
    "instances": ("map50", 0.95),
}
"""The figure, and its value, that show that eight pictures were learnt by heart: by task, or for a net alone, whose map is
eight times coarser than the picture, say."""

FITS: dict[str, list[dict[str, Any]]] = {"detect": [{}], "segment": [{}], "instances": [{}]}
"""Settings of a task that the eight pictures are learnt with; by default both ways that they meet the square."""

OVERFIT = [(name, fit) for name in ALL for fit in FITS.get(name.split(".")[0], [{"fit": "squash"}, {"fit": "crop"}])]


HEAVY = {
    *("detect.ssd", "detect.retinanet", "detect.fcos", "detect.faster-rcnn", "detect.dfine", "instances.mask-rcnn"),
    *("segment.unet", "segment.unetplusplus", "segment.deeplabv3plus", "segment.fpn", "segment.segformer"),
    *("segment.upernet", "segment.fcn"),
}
"""Nets that need ten seconds and more to learn, to be exported or to be loaded anew: `.ci/run` does that, with all that is
slow; of each task one or two are tried every time."""


def marked(cases: list[Any]) -> list[Any]:
    """Cases, each a net's name or begun by it, as parameters: slow ones of nets that are heavy."""
    values = [(case,) if isinstance(case, str) else case for case in cases]
    return [pytest.param(*each, marks=pytest.mark.slow if each[0] in HEAVY else ()) for each in values]


def samples_for(task_name: str, count: int = 8) -> list[Sample]:
    """Pictures for a task, annotated: handwritten digits, or drawn scenes where objects are to be found."""
    if task_name in SCENES:
        return scenes(count, LEAST.get(task_name, 10))
    return [ANNOTATED[task_name](sample) for sample in digits(count)]


@cache
def scenes(count: int, least: int) -> list[Sample]:
    """Drawn scenes of few objects with sides of so many pixels at least, so that they are soon learnt; wide and high ones in
    turn."""
    drawn = (shapes.read(Location(Path(f"shapes:train={6 * least * count},side={side}")), "train") for side in SIDES)
    wide, high = ([sample for sample in each if _easy(sample, least)] for each in drawn)
    return [high[i] if i % 2 else wide[i] for i in range(count)]


def _easy(sample: Sample, least: int) -> bool:
    assert sample.boxes is not None
    sides = sample.boxes.xyxy[:, 2:] - sample.boxes.xyxy[:, :2]
    return len(sides) in (2, 3) and bool(sides.min() >= least)


def _tagged(sample: Sample) -> Sample:
    digit = (sample.labels or ("",))[0]
    applies = {"even": digit in "02468", "round": digit in "0689", "seven": digit == "7"}
    return replace(sample, labels=tuple(label for label, true in applies.items() if true))


def _measured(sample: Sample) -> Sample:
    digit = float((sample.labels or ("",))[0])
    return replace(sample, labels=None, values={"digit": digit, "ink": float(sample.image.load().mean())})


SCENES = {"detect", "segment", "instances"}
SIDES = ("96x64", "64x96")
LEAST = {"segment": 16}
"""Least side of the objects, pixels; by default 10. A net whose map is eight times coarser blurs the rims of small ones."""

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
