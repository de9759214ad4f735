"""Numbers read off pictures: how old, how many, how heavy?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import model_validator
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Postprocess
from clearsight.core.reader import DataInfo
from clearsight.core.sample import Array, Sample
from clearsight.core.task import Situation, Task
from clearsight.losses.named import number
from clearsight.tasks.picture.task import PictureTask
from clearsight.tasks.regress.metric import RegressMetric
from clearsight.tasks.regress.pipeline import Numbers, RegressPostprocess, numbers
from clearsight.tasks.regress.prediction import Values

MOVING = frozenset({"flip", "alternate", "upside", "turn", "crop", "shift", "rotate", "scale", "shear"}) | {
    "randaugment",
    "trivialaugment",
}
"""Augmentations that change where, how large or on which side things are."""


class Regress(PictureTask[Values]):
    """K numbers for each picture. `labels` are their names; the net learns them less their mean, by their deviation."""

    name: ClassVar[str] = "regress"
    needs: ClassVar[frozenset[str]] = frozenset({"values"})
    prediction: ClassVar[type[Values]] = Values
    asked: ClassVar[str] = "values"
    caution: ClassVar[str] = "It answers with numbers for any picture, also for one that shows nothing of the kind."
    unfitting: ClassVar[Mapping[str, str]] = {
        **PictureTask.unfitting,
        "label_smoothing": "numbers have no classes to spread a share over",
        "class_weights": "numbers have no classes to weigh",
        "focal_gamma": "it is a setting of a loss for labels",
    }

    mean: tuple[float, ...] = ()  # of each value over the training pictures; none: 0 for all
    deviation: tuple[float, ...] = ()  # standard deviation of the same; none: 1 for all

    @model_validator(mode="after")
    def _one_for_each(self) -> Self:
        sizes = {len(self.mean), len(self.deviation)}
        if sizes not in ({0}, {len(self.labels)}) or not all(by > 0 for by in self.deviation):
            raise ValueError(f"{len(self.labels)} values need as many means and deviations, these above 0, or none")
        return self

    @classmethod
    def from_data(cls, info: DataInfo, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> Self:
        if not info.values:
            raise InputError("there is nothing to learn: the data has no column of numbers; say --value-column")
        return cls(labels=tuple(info.values), **cls.canvas(sizes, options))

    def fitted(self, samples: Sequence[Sample]) -> Self:
        rows = [numbers(sample, self.labels) for sample in samples]
        mean, deviation = [], []
        for name, column in zip(self.labels, zip(*rows, strict=True), strict=True):
            known = np.array([value for value in column if value is not None], np.float64)
            if not len(known):
                raise InputError(f"no training picture has a value of {name!r}: there is nothing to learn")
            if not known.std() > 0:
                raise InputError(
                    f"every training picture has the same {name!r}, {known[0]:g}: there is nothing to learn"
                )
            mean.append(float(known.mean()))
            deviation.append(float(known.std()))
        return self.model_copy(update={"mean": tuple(mean), "deviation": tuple(deviation)})

    def after(self, parent: Task[Any]) -> Self:
        if not isinstance(parent, Regress) or not parent.mean:
            return self
        known = dict(zip(parent.labels, zip(parent.mean, parent.deviation, strict=True), strict=True))
        own = zip(self.labels, self.mean, self.deviation, strict=True)
        mean, deviation = zip(*(known.get(name, (mean, by)) for name, mean, by in own), strict=True)
        return self.model_copy(update={"mean": mean, "deviation": deviation})

    def suggest(self, situation: Situation) -> Mapping[str, tuple[Any, str]]:
        why = "squared near the truth, so that it settles; straight further off, so that a few wild values do not rule"
        return {**super().suggest(situation), "loss": ("huber", why)}

    def settled(self, suggested: Mapping[str, tuple[Any, str]]) -> Mapping[str, tuple[Any, str]]:
        # A number may hang on where, how large and on which side things are, and so may not survive what moves them.
        kept = {name: pair for name, pair in super().settled(suggested).items() if name not in MOVING | {"tta"}}
        return {**kept, "flip": (0.0, "a number may change when its picture is moved, turned or mirrored")}

    def loss_options(self, settings: Mapping[str, Any], samples: Sequence[Sample]) -> dict[str, Any]:
        return {**settings, "criterion": number(settings.get("loss") or "huber"), "class_weights": None}

    def targets(self) -> Numbers:
        return Numbers(self.labels, *self._normal())

    def postprocess(self) -> Postprocess:
        return RegressPostprocess(*self._normal())

    def metric(self) -> RegressMetric:
        return RegressMetric(self.labels)

    def scales(self) -> Mapping[str, Array]:
        deviation = np.array(self._normal()[1])
        return {"numbers": deviation, "deviations": deviation}

    def question(self, prediction: Values) -> Callable[[dict[str, Tensor]], Tensor]:
        return lambda outputs: outputs["logits"][0, 0]  # the first of its values

    def _normal(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation of each value."""
        count = len(self.labels)
        return self.mean or (0.0,) * count, self.deviation or (1.0,) * count
