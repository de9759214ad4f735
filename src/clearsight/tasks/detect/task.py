"""Where is what? Boxes around the objects in a picture, each with a class and a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Postprocess, Stages
from clearsight.core.reader import DataInfo
from clearsight.core.sample import Array, Sample
from clearsight.core.task import Situation
from clearsight.tasks.detect.metric import DetectMetric
from clearsight.tasks.detect.pipeline import DetectSample
from clearsight.tasks.detect.postprocess import DetectPostprocess
from clearsight.tasks.detect.prediction import Detections
from clearsight.tasks.objects.compare import objects_difference
from clearsight.tasks.objects.stages import judging, training
from clearsight.tasks.objects.task import ObjectTask


class Detect(ObjectTask[Detections]):
    """Boxes, each of one of K classes."""

    name: ClassVar[str] = "detect"
    needs: ClassVar[frozenset[str]] = frozenset({"boxes"})
    outputs: ClassVar[Mapping[str, str]] = {"boxes": "B N 4", "scores": "B N", "classes": "B N"}
    prediction: ClassVar[type[Detections]] = Detections
    mark: ClassVar[str] = "box"
    marks: ClassVar[str] = "boxes"
    kept: ClassVar[float] = (
        0.5  # a box survives shrinking better than a mask does, and half the side is a quarter of the time
    )

    @classmethod
    def suits(cls, info: DataInfo) -> bool:
        """Not where objects have masks, which say more."""
        return not info.instances

    def fitted(self, samples: Sequence[Sample]) -> Self:
        if samples and not any(map(self.marked, samples)):
            raise InputError("there is nothing to learn: no training picture has a box; annotate some")
        return self

    @classmethod
    def default_net(cls, size: int, situation: Situation) -> tuple[str, str]:
        return "yolo", "our own one-stage detector: quick on a CPU, and learns from few pictures"

    def pipeline(self, train: bool, augment: Mapping[str, float] | None = None) -> Stages:
        sample = DetectSample(self.preprocess(), self.labels)
        return training(self.name, sample, self.shape, augment) if train else judging(self.name, sample)

    def postprocess(self) -> Postprocess:
        return DetectPostprocess(self.selection(), self.shown_from())

    def difference(self, one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
        return objects_difference(one, other, self.floor)

    def marked(self, sample: Sample) -> int:
        return 0 if sample.boxes is None else len(sample.boxes.labels)

    def metric(self) -> DetectMetric:
        return DetectMetric(self.labels)
