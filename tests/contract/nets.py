"""Every net of the registries with a small configuration, and small real data for its task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
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

TAPLESS = {"feedforward", "recurrent"}
"""Nets of which no layer keeps the picture's plan."""

HEAVY = {
    *("detect.ssd", "detect.retinanet", "detect.fcos", "detect.faster-rcnn", "detect.dfine", "instances.mask-rcnn"),
    *("segment.unet", "segment.unetplusplus", "segment.deeplabv3plus", "segment.fpn", "segment.segformer"),
    *("segment.upernet", "segment.fcn"),
}
"""Nets that need ten seconds and more to learn, to be exported or to be loaded anew: `.ci/run` does that, with all that is
slow; of each task one or two are tried every time."""


def marked(cases: list[Any]) -> list[Any]:
    """Cases, each a net's name or begun by it, as parameters: slow ones of nets that are heavy. One process tries all of a
    net, which it then need not train anew."""
    values = [(case,) if isinstance(case, str) else case for case in cases]
    marks = [[pytest.mark.xdist_group(each[0]), *([pytest.mark.slow] if each[0] in HEAVY else [])] for each in values]
    return [pytest.param(*each, marks=its) for each, its in zip(values, marks, strict=True)]


SIDES = ("96x64", "64x96")


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


def tagged(sample: Sample) -> Sample:
    """A digit with those of three tags that apply to it."""
    (digit,) = sample.labels or ("",)
    applies = {"even": digit in "02468", "round": digit in "0689", "seven": digit == "7"}
    return replace(sample, labels=tuple(label for label, true in applies.items() if true))


def measured(sample: Sample) -> Sample:
    """A digit with two numbers: which it is, and how bright the picture."""
    (digit,) = sample.labels or ("",)
    return replace(sample, labels=None, values={"digit": float(digit), "ink": float(sample.image.load().mean())})


@dataclass(frozen=True)
class Case:
    """What a task is tried with."""

    labels: tuple[str, ...]  # what is asked of the pictures
    size: int  # longer side of the canvas, pixels
    samples: Callable[[int], list[Sample]]  # so many pictures, annotated
    figure: str  # what shows whether eight of them were learnt by heart
    good: float  # and from which value on
    fits: tuple[str | None, ...] = (None,)  # how pictures meet the square, each tried; None where the task has one way


DIGITS = tuple("0123456789")
FITS = ("squash", "crop")

CASES = {
    "classify": Case(DIGITS, 32, digits, "accuracy", 1.0, FITS),
    "multilabel": Case(
        ("even", "round", "seven"), 32, lambda count: [tagged(s) for s in digits(count)], "mAP", 1.0, FITS
    ),
    "regress": Case(("digit", "ink"), 32, lambda count: [measured(s) for s in digits(count)], "mae", 0.3, FITS),
    "detect": Case(shapes.LABELS, 96, partial(scenes, least=10), "map50", 0.95),
    # A net whose map is eight times coarser than the picture blurs the rims of small objects.
    "segment": Case(("background", *shapes.LABELS), 96, partial(scenes, least=16), "miou", 0.85),
    "instances": Case(shapes.LABELS, 96, partial(scenes, least=10), "map50", 0.95),
}
"""By the task's name."""

GOOD = {"segment.fcn": 0.75}
"""For nets that cannot be as good as their task asks: this one's map is eight times coarser than the picture."""

OVERFIT = [(name, fit) for name in ALL for fit in CASES[name.split(".")[0]].fits]


def samples_for(task_name: str, count: int = 8) -> list[Sample]:
    """Pictures for a task, annotated: handwritten digits, or drawn scenes where objects are to be found."""
    return CASES[task_name].samples(count)


def make_task(name: str, **settings: Any) -> Task[Any]:
    """The task of that name, for digits or for drawn scenes."""
    case = CASES[name]
    task: Task[Any] = find("tasks", name)(labels=case.labels, size=case.size, **settings)
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
