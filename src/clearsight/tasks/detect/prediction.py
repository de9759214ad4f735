"""The objects that a detector finds on one photograph. numpy and Pillow only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from clearsight.core.sample import Array
from clearsight.tasks.objects.prediction import Objects, unpadded

if TYPE_CHECKING:
    from PIL.Image import Image


class Detection(NamedTuple):
    """One object."""

    box: tuple[float, float, float, float]  # x1, y1, x2, y2 in photo pixels
    score: float
    label: str


@dataclass(frozen=True, eq=False, repr=False)
class Detections(Objects[Detection]):
    """Boxes in pixels of the photograph, each with a score and a class, the best score first: see `Objects`."""

    finals: ClassVar[Mapping[str, str]] = {"boxes": "D 4", "scores": "D", "classes": "D", "shown": "D"}

    @classmethod
    def from_arrays(cls, final: Mapping[str, Array], labels: Sequence[str]) -> Self:
        """Wrap `boxes` (D, 4), `scores` and `classes` (D,), and `shown` (D,) where it is there. Padding, of class −1, is left
        out. Raises `ValueError` where they do not fit each other or the labels."""
        _, columns = unpadded(final)
        return cls(**columns, names=tuple(labels))

    def _one(self, place: int) -> Detection:
        x1, y1, x2, y2 = self.boxes[place].tolist()
        return Detection((x1, y1, x2, y2), float(self.scores[place]), self.names[self.classes[place]])

    def draw(self, image: Any) -> Image:
        """The photograph, uint8 (H, W, 3), with a frame round each object shown."""
        from clearsight.tasks.objects.draw import draw_boxes

        return draw_boxes(image, self.visible)
