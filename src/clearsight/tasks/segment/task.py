"""What is what, pixel by pixel: one of K classes for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator
from torch import Tensor, nn

from clearsight.core.errors import InputError
from clearsight.core.net import Net
from clearsight.core.pipeline import Postprocess, Stages
from clearsight.core.reader import DataInfo
from clearsight.core.sample import BACKGROUND, VOID, Array, Sample
from clearsight.core.task import Situation
from clearsight.losses.segmentation import segmentation_loss
from clearsight.tasks.picture.canvas import STEP, require_stepped
from clearsight.tasks.picture.canvas_task import CanvasTask
from clearsight.tasks.segment.compare import segmentation_difference
from clearsight.tasks.segment.metric import SegmentMetric
from clearsight.tasks.segment.pipeline import SegmentSample
from clearsight.tasks.segment.postprocess import SegmentPostprocess
from clearsight.tasks.segment.prediction import Segmentation
from clearsight.tasks.segment.preview import draw_targets
from clearsight.tasks.segment.stages import PREVIEW, judging, training
from clearsight.tasks.segment.suggest import UNFITTING, suggest
from clearsight.tasks.segment.views import Mirrored, Views
from clearsight.tasks.segment.weights import class_weights


class Segment(CanvasTask[Segmentation]):
    """A class for each pixel."""

    name: ClassVar[str] = "segment"
    needs: ClassVar[frozenset[str]] = frozenset({"masks"})
    outputs: ClassVar[Mapping[str, str]] = {"logits": "B K H W"}
    prediction: ClassVar[type[Segmentation]] = Segmentation
    caution: ClassVar[str] = "It gives every pixel one of its classes, also those that show something else."
    adjustable: ClassVar[frozenset[str]] = frozenset({"probabilities", "scale"})
    usual: ClassVar[int] = 512
    unfitting: ClassVar[Mapping[str, str]] = UNFITTING

    scale: float = Field(1.0, gt=0)  # how many pixels of a photograph one of the canvas stood for in training
    probabilities: bool = False  # whether answers say how probable each class is at each pixel
    tta: Views = "none"  # views that the model averages when it answers

    @model_validator(mode="after")
    def _several(self) -> Self:
        if not 1 < len(self.labels) <= VOID:
            raise ValueError(f"there must be from 2 to {VOID} classes, these are {len(self.labels)}")
        return self

    def learnt_shape(self, side: int) -> tuple[int, int]:
        """In the canvas's shape."""
        if side == self.size:
            return self.shape
        require_stepped("train-size", side)
        height, width = (max(STEP, round(length * side / self.size / STEP) * STEP) for length in self.shape)
        return height, width

    @classmethod
    def suits(cls, info: DataInfo) -> bool:
        return not info.instances

    @classmethod
    def from_data(cls, info: DataInfo, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> Self:
        labels = tuple(info.classes("masks"))
        if info.instances and BACKGROUND not in labels:
            labels = (BACKGROUND, *labels)
        if not 1 < len(labels) <= VOID:
            there = f"{len(labels)}, {labels[0]!r}" if len(labels) == 1 else str(len(labels))
            todo = "merge some with --classes" if len(labels) > VOID else "annotate what is none of them as well"
            raise InputError(f"segmentation tells from 2 to {VOID} classes apart; the data has {there}: {todo}")
        made = cls.for_photographs(labels, sizes, options)
        height, width = made.shape
        shrunk = [max(high / height, wide / width) for high, wide in sizes]
        return made.model_copy(update={"scale": median(shrunk) if shrunk else 1.0})

    def fitted(self, samples: Sequence[Sample]) -> Self:
        if samples and not any(sample.masks is not None for sample in samples):
            raise InputError("there is nothing to learn: no training picture has a mask; annotate some")
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
        sample = SegmentSample(self.preprocess(), self.labels)
        if not train:
            return judging(sample)
        strengths = PREVIEW if augment is None else augment
        shape = self.learnt_shape(int(strengths.get("train_size", 0)) or self.size)
        return training(sample, shape, len(self.labels), strengths)

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

    def watched(self) -> Self:
        return self.model_copy(update={"probabilities": False})

    def metric(self) -> SegmentMetric:
        return SegmentMetric(self.labels)

    def question(self, prediction: Segmentation) -> Callable[[dict[str, Tensor]], Tensor]:
        """Of the class that covers most of the photograph, the background apart: its mean logit over the canvas."""
        there = sorted(prediction.pixels, key=lambda label: label == BACKGROUND)  # largest first, the background last
        index = self.labels.index(there[0])
        return lambda outputs: outputs["logits"][0, index].mean()
