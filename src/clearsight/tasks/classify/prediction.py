"""A classifier's answer for one photograph. numpy and Pillow only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from clearsight.core.prediction import Prediction
from clearsight.core.sample import Array

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False, repr=False)
class Classification(Prediction):
    """What is on a photograph: a probability for every class."""

    finals: ClassVar[Mapping[str, str]] = {"probabilities": "K", "rejected": ""}

    probabilities: Array  # float32 (K,), each in [0, 1], together 1
    labels: Sequence[str]  # the K class names, in the order of the probabilities
    rejected: bool | None = None  # whether it is likely none of them; None where the model has no threshold for that
    photo: Any = None  # uint8 (H, W, 3), kept only for notebooks

    def __post_init__(self) -> None:
        if self.probabilities.shape != (len(self.labels),):
            shape = self.probabilities.shape
            raise ValueError(f"{len(self.labels)} labels need probabilities of shape (K,), these are {shape}")

    @classmethod
    def from_arrays(cls, final: Mapping[str, Array], labels: Sequence[str]) -> Self:
        """Wrap `probabilities`, (K,), and `rejected`, a bool, where it is there. Raises `ValueError` where there are not as
        many probabilities as labels."""
        rejected = bool(final["rejected"]) if "rejected" in final else None
        return cls(np.asarray(final["probabilities"], np.float32), tuple(labels), rejected)

    @property
    def index(self) -> int:
        """The most probable class, as a position in `labels`; of equal ones the first."""
        return int(self.probabilities.argmax())

    @property
    def label(self) -> str:
        """The name of the most probable class."""
        return self.labels[self.index]

    @property
    def score(self) -> float:
        """Its probability."""
        return float(self.probabilities[self.index])

    def top(self, k: int = 5) -> list[tuple[str, float]]:
        """The k most probable classes with their probabilities, best first; fewer where there are fewer."""
        order = np.argsort(-self.probabilities, kind="stable")[:k]
        return [(self.labels[i], float(self.probabilities[i])) for i in order]

    def to_dict(self) -> dict[str, Any]:
        """`{"label", "score", "rejected", "top": [{"label", "score"}, … at most 5]}`; "rejected" only where the model can."""
        top = [{"label": label, "score": score} for label, score in self.top(5)]
        rejected = {} if self.rejected is None else {"rejected": self.rejected}
        return {"label": self.label, "score": self.score, **rejected, "top": top}

    def headline(self) -> str:
        """Such as "bee 0.98", or "none of these (bee 0.41)"."""
        best = f"{self.label} {self.score:.2f}"
        return f"none of these ({best})" if self.rejected else best

    def draw(self, image: Any) -> Image:
        """The photograph, uint8 (H, W, 3), with its three most probable classes in a band below."""
        from clearsight.tasks.picture.draw import draw_classes

        return draw_classes(image, self.top(3), "none of these" if self.rejected else "")
