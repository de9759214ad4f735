"""What a model says of one photograph. numpy and Pillow only, so that an exported model answers without torch."""

from __future__ import annotations

import copy
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from clearsight.core.sample import Array
from clearsight.ops.tiling import OVERLAP, Window

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Tiling:
    """How a photograph is looked at in parts, where answers for parts can be put together."""

    whole: bool = True
    """Whether there is a look at the whole photograph too, because what is cut in every part is found in it. Parts are then
    as large as suits the photograph; without, they show things as large as training did, by the task's field `scale`."""

    overlap: float = OVERLAP
    """Share of a part's sides that its neighbour sees too, at least."""

    answer: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the task, with the values by which an answer for a part says enough to be put together with others."""


class Prediction(ABC):
    """Base of every task's typed prediction."""

    finals: ClassVar[Mapping[str, str]]
    """Names and shapes of the final arrays it is made from, without the batch axis: {"probabilities": "K"}.
    These are also the names of an exported model's outputs."""

    tiles: ClassVar[bool] = False
    """Whether answers for parts of a photograph can be put together to one for all of it: see `merged`."""

    tiling: ClassVar[Tiling] = Tiling()
    """In what parts, where they can."""

    saved: ClassVar[tuple[str, ...]] = ()
    """Endings of the files that an answer can be written as, (".png",): see `files`."""

    photo: Any = None
    """The pixels it was made from, kept only where a caller wants it drawn (notebooks)."""

    @classmethod
    def sized(cls) -> bool:
        """Whether a final array has the photograph's height and width ("H W"): then those of several photographs have
        unlike shapes, and the photographs of a batch are answered for one by one."""
        return any({"H", "W"} <= set(shape.split()) for shape in cls.finals.values())

    @classmethod
    @abstractmethod
    def from_arrays(cls, final: Mapping[str, Array], labels: Sequence[str]) -> Self:
        """Wrap one photograph's final arrays."""

    @classmethod
    def merged(cls, parts: Iterable[Self], windows: Sequence[Window], task: Mapping[str, Any]) -> Self:
        """One answer for a photograph from those for parts of it, each in pixels of its part.

        `parts` are worked out as they are taken, once and in order, so that an answer that lets them go needs no memory for
        all of them. `windows` say where they lie, x1, y1, x2, y2 in pixels of the photograph, which a part may show smaller
        than it is. The first window is the whole photograph: the first part is an answer for it where `tiling.whole` says
        so, or where there is no other window. `task` are the task's fields, as the user has them.
        """
        raise TypeError(f"{cls.__name__} is for a photograph as a whole")

    def files(self) -> dict[str, bytes]:
        """This answer as files, by their endings: those of `saved`."""
        return {}

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
