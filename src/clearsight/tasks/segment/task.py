"""What is what, pixel by pixel: one of K classes for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator
from torch import Tensor, nn

from clearsight.core.errors import InputError
from clearsight.core.net import Net
from clearsight.core.pipeline import Postprocess, Preprocess, Stages
from clearsight.core.reader import DataInfo
from clearsight.core.sample import VOID, Array, Sample
from clearsight.core.task import Situation, Task
from clearsight.losses.segmentation import segmentation_loss
from clearsight.tasks.picture.canvas import STEP, LetterboxPreprocess, canvas_shape, canvas_side
from clearsight.tasks.segment.compare import segmentation_difference
from clearsight.tasks.segment.metric import SegmentMetric
from clearsight.tasks.segment.pipeline import SegmentSample
from clearsight.tasks.segment.postprocess import SegmentPostprocess
from clearsight.tasks.segment.prediction import Segmentation
from clearsight.tasks.segment.preview import draw_targets
from clearsight.tasks.segment.stages import judging, training
from clearsight.tasks.segment.suggest import UNFITTING, suggest
from clearsight.tasks.segment.truth import GROUND
from clearsight.tasks.segment.views import Mirrored, Views
from clearsight.tasks.segment.weights import class_weights


class Segment(Task[Segmentation]):
    """A class for each pixel."""

    name: ClassVar[str] = "segment"
    needs: ClassVar[frozenset[str]] = frozenset({"masks"})
    outputs: ClassVar[Mapping[str, str]] = {"logits": "B K H W"}
    prediction: ClassVar[type[Segmentation]] = Segmentation
    verbs: ClassVar[frozenset[str]] = frozenset(
        {"train", "evaluate", "predict", "inspect", "report", "export", "nets", "learning-curve"}
    )
    caution: ClassVar[str] = "It gives every pixel one of its classes, also those that show something else."
    adjustable: ClassVar[frozenset[str]] = frozenset({"probabilities", "scale"})
    usual: ClassVar[int] = 512
    unfitting: ClassVar[Mapping[str, str]] = UNFITTING

    canvas: tuple[int, int] | None = None  # height and width, pixels; None is a square of `size`
    scale: float = Field(1.0, gt=0)  # how many pixels of a photograph one of the canvas stood for in training
    probabilities: bool = False  # whether answers say how probable each class is at each pixel
    tta: Views = "none"  # views that the model averages when it answers

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.canvas is not None and (max(self.canvas) != self.size or any(side % STEP for side in self.canvas)):
            raise ValueError(f"a canvas has sides that are multiples of {STEP}, the longer one being size")
        if not 1 < len(self.labels) <= VOID:
            raise ValueError(f"there must be from 2 to {VOID} classes, these are {len(self.labels)}")
        return self

    @property
    def shape(self) -> tuple[int, int]:
        return self.canvas or (self.size, self.size)

    @classmethod
    def suits(cls, info: DataInfo) -> bool:
        return not info.instances

    @classmethod
    def from_data(cls, info: DataInfo, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> Self:
        labels = tuple(info.classes("masks"))
        if info.instances and GROUND not in labels:
            labels = (GROUND, *labels)
        if not 1 < len(labels) <= VOID:
            raise InputError(
                f"segmentation tells from 2 to {VOID} classes apart; the data has {len(labels)}"
                + (f", {labels[0]!r}" if len(labels) == 1 else "")
            )
        said = {name: value for name, value in options.items() if value is not None}
        if (how := said.pop("fit", "letterbox")) != "letterbox" or said.pop("share", 1.0) != 1.0:
            raise InputError(
                f"--fit {how}: segmentation sees photographs whole, in their shape; leave it and --share out"
            )
        size = said.pop("size", None) or canvas_side(sizes)
        if size % STEP:
            raise InputError(
                f"--size {size}: give a multiple of {STEP}, such as {max(STEP, round(size / STEP) * STEP)}"
            )
        made = cls(labels=labels, size=size, canvas=canvas_shape(sizes, size), **said)
        height, width = made.shape
        shrunk = [max(high / height, wide / width) for high, wide in sizes]
        return made.model_copy(update={"scale": median(shrunk) if shrunk else 1.0})

    def fitted(self, samples: Sequence[Sample]) -> Self:
        if samples and not any(sample.masks is not None for sample in samples):
            raise InputError("there is nothing to learn: no training picture has a mask")
        return self

    @classmethod
    def default_net(cls, size: int, situation: Situation) -> tuple[str, str]:
        return "lite", "our own small net: quick on a CPU, and learns from few pictures"

    def suggest(self, situation: Situation) -> Mapping[str, tuple[Any, str]]:
        return suggest(situation)

    def loss_options(self, settings: Mapping[str, Any], samples: Sequence[Sample]) -> dict[str, Any]:
        gamma, name = settings.get("focal_gamma"), settings.get("loss") or "ce+dice"
        weights = class_weights(settings.get("class_weights") or "none", samples, self.labels)
        smoothing = settings.get("label_smoothing") or 0.0
        return {**settings, "criterion": segmentation_loss(name, weights, smoothing, 2.0 if gamma is None else gamma)}

    def pipeline(self, train: bool, augment: Mapping[str, float] | None = None) -> Stages:
        sample = SegmentSample(self.preprocess(), self.shape, self.labels)
        return training(sample, len(self.labels), augment) if train else judging(sample)

    def preprocess(self) -> Preprocess:
        return LetterboxPreprocess(self.shape, self.channels)

    def postprocess(self) -> Postprocess:
        return SegmentPostprocess(self.probabilities)

    def finals(self) -> tuple[str, ...]:
        return ("mask", "probabilities") if self.probabilities else ("mask",)

    def answering(self, net: Net) -> nn.Module:
        return net if self.tta == "none" else Mirrored(net).train(net.training)

    def draw_targets(self, picture: Any, targets: Mapping[str, Tensor], zoom: float) -> Any:
        return draw_targets(picture, targets, self.labels, zoom)

    def difference(self, one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
        return segmentation_difference(one, other)

    def metric(self) -> SegmentMetric:
        return SegmentMetric(self.labels)

    def question(self, prediction: Segmentation) -> Callable[[dict[str, Tensor]], Tensor]:
        """Of the class that covers most of the photograph, the background apart: its mean logit over the canvas."""
        there = sorted(prediction.pixels, key=lambda label: label == GROUND)  # the largest first, the background last
        index = self.labels.index(there[0])
        return lambda outputs: outputs["logits"][0, index].mean()
