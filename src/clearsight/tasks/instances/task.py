"""Where is each object, to the pixel? Masks, each with a class and a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, ClassVar, Self

from pydantic import Field
from torch import Tensor, nn

from clearsight.core.errors import InputError
from clearsight.core.net import Net
from clearsight.core.pipeline import Postprocess, Stages
from clearsight.core.reader import DataInfo
from clearsight.core.sample import Array, Sample
from clearsight.core.task import Situation
from clearsight.tasks.instances.answer import Answering, InstanceNet
from clearsight.tasks.instances.compare import instances_difference
from clearsight.tasks.instances.metric import InstanceMetric
from clearsight.tasks.instances.pipeline import InstanceSample, object_masks
from clearsight.tasks.instances.postprocess import InstancePostprocess
from clearsight.tasks.instances.prediction import Instances
from clearsight.tasks.instances.preview import draw_targets
from clearsight.tasks.objects.stages import judging, training
from clearsight.tasks.objects.suggest import UNFITTING
from clearsight.tasks.objects.task import ObjectTask

MOST = 1000
"""Most objects of an answer where the data decides."""

SPARE = 1.25
"""An answer may hold so many times the objects of the training picture that has most."""

PROPOSED = 10
"""Candidates for each object of an answer: so many places find an object before repeats are taken away."""


class FindInstances(ObjectTask[Instances]):
    """Masks, each of one of K classes."""

    name: ClassVar[str] = "instances"
    needs: ClassVar[frozenset[str]] = frozenset({"masks"})
    outputs: ClassVar[Mapping[str, str]] = {
        "boxes": "B D 4",
        "scores": "B D",
        "classes": "B D",
        "mask_boxes": "B D 4",
        "masks": "B D M M",
    }
    prediction: ClassVar[type[Instances]] = Instances
    unfitting: ClassVar[Mapping[str, str]] = {
        **UNFITTING,
        "mixup": "a pixel of two pictures blended would belong to two objects",
    }
    mark: ClassVar[str] = "mask"
    marks: ClassVar[str] = "masks"

    mask_size: int = Field(28, ge=4, le=112, multiple_of=2)  # masks are grids of so many cells a side

    @classmethod
    def from_data(cls, info: DataInfo, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> Self:
        if not info.instances:
            raise InputError(
                "the masks say the class of each pixel and not which object it belongs to: train --task segment"
            )
        return super().from_data(info, sizes, options)

    @classmethod
    def suits(cls, info: DataInfo) -> bool:
        """Where each object has a mask of its own."""
        return info.instances

    def fitted(self, samples: Sequence[Sample]) -> Self:
        """With answers that may hold as many objects as the training pictures do, where nobody has said how many."""
        counts = [self.marked(sample) for sample in samples]
        if samples and not any(counts):
            raise InputError("there is nothing to learn: no training picture has a mask of an object; annotate some")
        update: dict[str, int] = {}
        if "keep" not in self.model_fields_set:
            wanted = ceil(SPARE * max(counts, default=0) / 100) * 100
            update["keep"] = max(self.keep, min(wanted, MOST))
        if "candidates" not in self.model_fields_set:
            update["candidates"] = max(self.candidates, PROPOSED * update.get("keep", self.keep))
        update = {name: value for name, value in update.items() if value != getattr(self, name)}
        return self.model_copy(update=update) if update else self

    @classmethod
    def default_net(cls, size: int, situation: Situation) -> tuple[str, str]:
        return "yolo-mask", "our own one-stage net: quick on a CPU, also with hundreds of objects in a picture"

    def pipeline(self, train: bool, augment: Mapping[str, float] | None = None) -> Stages:
        sample = InstanceSample(self.preprocess(), self.labels)
        return training(self.name, sample, self.shape, augment) if train else judging(self.name, sample)

    def answering(self, net: Net) -> nn.Module:
        if not isinstance(net, InstanceNet):
            raise TypeError(f"{type(net).__name__} does not answer with masks")
        return Answering(net, self.selection())

    def postprocess(self) -> Postprocess:
        return InstancePostprocess(self.shown_from())

    def difference(self, one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
        return instances_difference(one, other, self.floor)

    def marked(self, sample: Sample) -> int:
        masks = object_masks(sample)
        return 0 if masks is None else len(masks.labels)

    def metric(self) -> InstanceMetric:
        return InstanceMetric(self.labels)

    def draw_targets(self, picture: Any, targets: Mapping[str, Tensor], zoom: float) -> Any:
        return draw_targets(picture, targets, self.labels, zoom)
