"""The numbers that a model reads off one photograph. numpy and Pillow only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from clearsight.core.prediction import Prediction
from clearsight.core.sample import Array

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False, repr=False)
class Values(Prediction):
    """A number for each of the values asked for, in the units of the training data."""

    finals: ClassVar[Mapping[str, str]] = {"numbers": "K", "deviations": "K"}

    numbers: Array  # float32 (K,)
    deviations: Array  # float32 (K,), of the training pictures' numbers: by them is chosen how many digits to show
    labels: Sequence[str]  # the K names of the values
    photo: Any = None  # uint8 (H, W, 3), kept only for notebooks

    def __post_init__(self) -> None:
        if not self.numbers.shape == self.deviations.shape == (len(self.labels),):
            shapes = f"{self.numbers.shape} and {self.deviations.shape}"
            raise ValueError(f"{len(self.labels)} values need numbers and deviations of shape (K,), not {shapes}")

    @classmethod
    def from_arrays(cls, final: Mapping[str, Array], labels: Sequence[str]) -> Self:
        """Wrap `numbers` and `deviations`, each (K,). Raises `ValueError` where there are not as many as values."""
        numbers, deviations = (np.asarray(final[name], np.float32) for name in ("numbers", "deviations"))
        return cls(numbers, deviations, tuple(labels))

    @property
    def values(self) -> dict[str, float]:
        """Value → number, with as many digits as float32 holds."""
        return {label: float(str(number)) for label, number in zip(self.labels, self.numbers, strict=True)}

    def to_dict(self) -> dict[str, Any]:
        """`{"values": {name: number}}`."""
        return {"values": self.values}

    def headline(self) -> str:
        """Such as "age 31.2, height 1.74"."""
        return ", ".join(f"{label} {text}" for label, text in self._shown())

    def draw(self, image: Any) -> Image:
        """The photograph, uint8 (H, W, 3), with its numbers in a band below."""
        from clearsight.tasks.picture.draw import draw_words

        return draw_words(image, self._shown())

    def _shown(self) -> list[tuple[str, str]]:
        rows = zip(self.labels, self.numbers, self.deviations, strict=True)
        return [(label, shown(float(number), float(deviation))) for label, number, deviation in rows]


def shown(number: float, deviation: float) -> str:
    """A number with as many digits as tell a thousandth of the deviation, or whole."""
    digits = max(0, 2 - floor(log10(deviation))) if deviation > 0 else 2
    return f"{round(number, digits) + 0.0:.{digits}f}"  # adding 0 turns -0 into 0
