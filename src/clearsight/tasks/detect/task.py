"""Where is what? Boxes around the objects in a picture, each with a class and a score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from statistics import median
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Postprocess, Stages
from clearsight.core.reader import DataInfo
from clearsight.core.sample import Array, Sample
from clearsight.core.task import Situation, Task
from clearsight.tasks.detect.augment import CLOSING
from clearsight.tasks.detect.compare import detection_difference
from clearsight.tasks.detect.metric import DetectMetric
from clearsight.tasks.detect.pipeline import DetectPreprocess, DetectSample
from clearsight.tasks.detect.postprocess import DetectPostprocess
from clearsight.tasks.detect.prediction import SHOWN, Detections
from clearsight.tasks.detect.preview import draw_targets
from clearsight.tasks.detect.stages import judging, training
from clearsight.tasks.detect.suggest import UNFITTING, suggest

STEP = 32
"""Sides of the canvas are multiples of it: the coarsest stride of the nets."""

SIDE = 512
"""Longer side of the canvas for photographs where nobody says one."""

ALIKE = 1.1
"""Photographs whose shapes differ by less than this factor share a canvas of their shape; else it is a square."""


class Detect(Task[Detections]):
    """Boxes, each of one of K classes."""

    name: ClassVar[str] = "detect"
    needs: ClassVar[frozenset[str]] = frozenset({"boxes"})
    outputs: ClassVar[Mapping[str, str]] = {"boxes": "B N 4", "scores": "B N", "classes": "B N"}
    prediction: ClassVar[type[Detections]] = Detections
    verbs: ClassVar[frozenset[str]] = frozenset(
        {"train", "evaluate", "predict", "inspect", "report", "export", "nets", "learning-curve"}
    )
    caution: ClassVar[str] = (
        "It finds only objects of the classes that it has learnt, and may miss those that are hidden."
    )
    adjustable: ClassVar[frozenset[str]] = frozenset({"floor", "iou", "soft", "keep", "thresholds"})
    usual: ClassVar[int] = 416
    closing: ClassVar[frozenset[str]] = CLOSING
    unfitting: ClassVar[Mapping[str, str]] = UNFITTING

    canvas: tuple[int, int] | None = None  # height and width, pixels; None is a square of `size`
    floor: float = Field(0.001, ge=0, le=1)  # scores below are no answer at all
    iou: float = Field(0.65, gt=0, le=1)  # boxes of a class that overlap by more are the same object; 1 keeps all
    soft: float = Field(0.0, ge=0)  # how gently repeated boxes are taken away; 0 takes them away altogether
    keep: int = Field(100, ge=1)  # most boxes of an answer
    candidates: int = Field(1000, ge=1)  # most pairs of place and class that a net proposes
    thresholds: tuple[float, ...] = ()  # of each class, from which score on a box is shown; none: 0.3 for all

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.canvas is not None and (max(self.canvas) != self.size or any(side % STEP for side in self.canvas)):
            raise ValueError(f"a canvas has sides that are multiples of {STEP}, the longer one being size")
        if len(self.thresholds) not in (0, len(self.labels)):
            raise ValueError(f"{len(self.labels)} classes need as many thresholds, or none")
        return self

    @property
    def shape(self) -> tuple[int, int]:
        return self.canvas or (self.size, self.size)

    @classmethod
    def from_data(cls, info: DataInfo, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> Self:
        labels = tuple(info.classes("boxes"))
        if not labels:
            raise InputError("there is nothing to learn: no picture has a box")
        said = {name: value for name, value in options.items() if value is not None}
        if (how := said.pop("fit", "letterbox")) != "letterbox" or said.pop("share", 1.0) != 1.0:
            raise InputError(f"--fit {how}: detection sees photographs whole, in their shape; leave it and --share out")
        size = said.pop("size", None) or _side(sizes)
        if size % STEP:
            raise InputError(
                f"--size {size}: give a multiple of {STEP}, such as {max(STEP, round(size / STEP) * STEP)}"
            )
        return cls(labels=labels, size=size, canvas=_canvas(sizes, size), **said)

    def fitted(self, samples: Sequence[Sample]) -> Self:
        if samples and not any(sample.boxes is not None and sample.boxes.labels for sample in samples):
            raise InputError("there is nothing to learn: no training picture has a box")
        return self

    @classmethod
    def default_net(cls, size: int, situation: Situation) -> tuple[str, str]:
        return "yolo", "our own one-stage detector: quick on a CPU, and learns from few pictures"

    def suggest(self, situation: Situation) -> Mapping[str, tuple[Any, str]]:
        return suggest(situation)

    def pipeline(self, train: bool, augment: Mapping[str, float] | None = None) -> Stages:
        sample = DetectSample(self.preprocess(), self.labels)
        return training(sample, self.shape, augment) if train else judging(sample)

    def preprocess(self) -> DetectPreprocess:
        return DetectPreprocess(self.shape, self.channels)

    def postprocess(self) -> Postprocess:
        thresholds = self.thresholds or (SHOWN,) * len(self.labels)
        return DetectPostprocess(self.shape, self.keep, self.floor, self.iou, self.soft, thresholds)

    def draw_targets(self, picture: Any, targets: Mapping[str, Tensor], zoom: float) -> Any:
        return draw_targets(picture, targets, self.labels, zoom)

    def difference(self, one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
        return detection_difference(one, other, self.floor)

    def calibrated(self, outputs: Mapping[str, Tensor], frames: Tensor, samples: Sequence[Sample]) -> Self:
        if not any(sample.boxes is not None and sample.boxes.labels for sample in samples):
            return self
        finals = {name: value.numpy() for name, value in self.postprocess()(dict(outputs), frames).items()}
        metric = self.metric()
        metric.update([self.wrap({name: v[i] for name, v in finals.items()}) for i in range(len(samples))], samples)
        return self.model_copy(update={"thresholds": metric.thresholds()})

    def metric(self) -> DetectMetric:
        return DetectMetric(self.labels)

    def question(self, prediction: Detections) -> Callable[[dict[str, Tensor]], Tensor]:
        return lambda outputs: outputs["scores"][0, 0]  # of the surest candidate


def _side(sizes: Sequence[tuple[int, int]]) -> int:
    """The longer side of the canvas: small pictures keep theirs, photographs get `SIDE`."""
    if not sizes:
        return SIDE
    longest = median(max(size) for size in sizes)
    return min(SIDE, max(STEP, ceil(longest / STEP) * STEP))


def _canvas(sizes: Sequence[tuple[int, int]], size: int) -> tuple[int, int] | None:
    """A canvas of the photographs' shape where they are of one: a square would be bars for a quarter of its area, and
    bars take as long to look at as pictures."""
    shapes = np.array([width / height for height, width in sizes])
    if not len(shapes) or np.quantile(shapes, 0.95) > ALIKE * np.quantile(shapes, 0.05):
        return None
    aspect = float(np.median(shapes))
    short = min(size, max(STEP, ceil(size * min(aspect, 1 / aspect) / STEP - 0.01) * STEP))
    if short == size:
        return None
    return (short, size) if aspect > 1 else (size, short)
