"""The objects that a detector finds on one photograph. numpy and Pillow only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from clearsight.core.sample import Array
from clearsight.ops.tiling import Window
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

    @classmethod
    def merged(cls, parts: Iterable[Self], windows: Sequence[Window], task: Mapping[str, Any]) -> Self:
        """The objects that parts of a photograph show, each once: see `tasks.objects.merge`. There may be more than an
        answer for one canvas can hold."""
        from clearsight.tasks.objects.merge import merge, offsets

        parts = list(parts)
        seen = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        boxes, scores, classes, shown = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("boxes", "scores", "classes", "shown")
        )
        boxes, groups = merge(boxes + offsets(windows)[seen], scores, classes, seen, np.asarray(windows))
        rows = np.array([group[0] for group in groups], np.int64)
        return cls(boxes[rows].astype(np.float32), scores[rows], classes[rows], shown[rows], parts[0].names)

    def _one(self, place: int) -> Detection:
        x1, y1, x2, y2 = self.boxes[place].tolist()
        return Detection((x1, y1, x2, y2), float(self.scores[place]), self.names[self.classes[place]])

    def to_dict(self) -> dict[str, Any]:
        """`{"objects": [{"label", "score", "box": [x1, y1, x2, y2], "shown"}, …]}`, the best score first."""
        rows = zip(self, self.shown.tolist(), strict=True)
        return {
            "objects": [
                {"label": one.label, "score": one.score, "box": list(one.box), "shown": shown} for one, shown in rows
            ]
        }

    def to_coco(self, image_id: int, category_ids: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
        """Rows of a COCO results file: `{"image_id", "category_id", "bbox": [x, y, width, height], "score"}`.

        `category_ids` says each class's number; by default they are counted from 1 in the order of `names`. Raises
        `InputError` where a class has none.
        """
        return self._coco_rows(image_id, category_ids)

    def draw(self, image: Any) -> Image:
        """The photograph, uint8 (H, W, 3), with a frame round each object shown."""
        from clearsight.tasks.objects.draw import draw_boxes

        return draw_boxes(image, self.visible)
