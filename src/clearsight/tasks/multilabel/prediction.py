"""The labels of one photograph, each of which applies or does not. numpy and Pillow only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from clearsight.core.prediction import Prediction
from clearsight.core.sample import Array

if TYPE_CHECKING:
    from PIL.Image import Image

DRAWN = 3
"""Labels drawn at least: those that apply, and the next probable ones."""

MOST = 8
"""Labels drawn at most."""


@dataclass(frozen=True, eq=False, repr=False)
class LabelSet(Prediction):
    """Which labels apply to a photograph: those whose probability reaches their threshold."""

    finals: ClassVar[Mapping[str, str]] = {"probabilities": "K", "thresholds": "K"}

    probabilities: Array  # float32 (K,), each in [0, 1] by itself
    thresholds: Array  # float32 (K,), from which probability on a label applies
    labels: Sequence[str]  # the K names, in the order of the probabilities
    photo: Any = None  # uint8 (H, W, 3), kept only for notebooks

    def __post_init__(self) -> None:
        if not self.probabilities.shape == self.thresholds.shape == (len(self.labels),):
            shapes = f"{self.probabilities.shape} and {self.thresholds.shape}"
            raise ValueError(f"{len(self.labels)} labels need probabilities and thresholds of shape (K,), not {shapes}")

    @classmethod
    def from_arrays(cls, final: Mapping[str, Array], labels: Sequence[str]) -> Self:
        """Wrap `probabilities` and `thresholds`, each (K,). Raises `ValueError` where there are not as many as labels."""
        probabilities, thresholds = (np.asarray(final[name], np.float32) for name in ("probabilities", "thresholds"))
        return cls(probabilities, thresholds, tuple(labels))

    @property
    def applies(self) -> Array:
        """Which labels apply, bool (K,)."""
        reached: Array = self.probabilities >= self.thresholds
        return reached

    @property
    def found(self) -> list[tuple[str, float]]:
        """The labels that apply with their probabilities, the most probable first; perhaps none."""
        return [(label, score) for index, label, score in self._ranked() if self.applies[index]]

    def to_dict(self) -> dict[str, Any]:
        """`{"labels": [those that apply], "scores": {label: probability, for every label}}`, the most probable first."""
        return {
            "labels": [label for label, _ in self.found],
            "scores": {label: score for _, label, score in self._ranked()},
        }

    def headline(self) -> str:
        """Such as "beach 0.98, people 0.71", or "no label"."""
        return ", ".join(f"{label} {score:.2f}" for label, score in self.found) or "no label"

    def draw(self, image: Any) -> Image:
        """The photograph, uint8 (H, W, 3), with its labels in a band below: bright those that apply."""
        from clearsight.tasks.picture.draw import draw_classes

        applying, rest = self.found[:MOST], [row for row in self._ranked() if not self.applies[row[0]]]
        others = [(label, score) for _, label, score in rest][: max(0, DRAWN - len(applying))]
        return draw_classes(image, [*applying, *others], bright=len(applying))

    def _ranked(self) -> list[tuple[int, str, float]]:
        order = np.argsort(-self.probabilities, kind="stable")
        return [(int(i), self.labels[i], float(self.probabilities[i])) for i in order]
