"""What a model says of one photograph. numpy and Pillow only, so that an exported model answers without torch."""

from __future__ import annotations

import copy
import io
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from clearsight.core.sample import Array

if TYPE_CHECKING:
    from PIL.Image import Image


class Prediction(ABC):
    """Base of every task's typed prediction."""

    finals: ClassVar[Mapping[str, str]]
    """Names and shapes of the final arrays it is made from, without the batch axis: {"probabilities": "K"}.
    These are also the names of an exported model's outputs."""

    tiles: ClassVar[bool] = False
    """Whether answers for parts of a photograph can be put together to one for all of it: see `merged`."""

    photo: Any = None
    """The pixels it was made from, kept only where a caller wants it drawn (notebooks)."""

    @classmethod
    @abstractmethod
    def from_arrays(cls, final: Mapping[str, Array], labels: Sequence[str]) -> Self:
        """Wrap one photograph's final arrays."""

    @classmethod
    def merged(
        cls, parts: Sequence[Self], windows: Sequence[tuple[int, int, int, int]], task: Mapping[str, Any]
    ) -> Self:
        """One answer for a photograph from those for parts of it, each in pixels of its part. `windows` say where the parts
        lie, x1, y1, x2, y2 in whole pixels; the first is the whole photograph. `task` are the task's fields."""
        raise TypeError(f"{cls.__name__} is for a photograph as a whole")

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: one line of `predict`'s JSON Lines, one row of its table."""

    @abstractmethod
    def headline(self) -> str:
        """A few words for a table or a caption: "bee 0.98"."""

    @abstractmethod
    def draw(self, image: Any) -> Image:
        """The photograph, uint8 (H, W, 3), annotated with this prediction."""

    def on(self, photo: Any) -> Self:
        """This prediction with its photograph at hand, uint8 (H, W, 3): a notebook then shows it drawn."""
        shown = copy.copy(self)
        object.__setattr__(shown, "photo", photo)  # predictions are frozen for everybody else
        return shown

    def __repr__(self) -> str:
        """What a shell shows: "Classification(bee 0.98)"."""
        return f"{type(self).__name__}({self.headline()})"

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows: the annotated photograph, where the pixels are at hand."""
        if self.photo is None:
            return None
        buffer = io.BytesIO()
        self.draw(self.photo).save(buffer, "PNG")
        return buffer.getvalue()
