"""The objects found on one photograph, each with its mask. numpy and Pillow only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from clearsight.core.sample import Array
from clearsight.ops.rle import Runs, area, moved, to_coco, to_mask, union
from clearsight.ops.tiling import Window
from clearsight.tasks.instances.grids import Grids, picked
from clearsight.tasks.objects.prediction import Objects, unpadded

if TYPE_CHECKING:
    from PIL.Image import Image


class Instance(NamedTuple):
    """One object."""

    box: tuple[float, float, float, float]  # x1, y1, x2, y2 in photo pixels
    score: float
    label: str
    mask: Runs  # its pixels on the photograph


@dataclass(frozen=True, eq=False, repr=False)
class Instances(Objects[Instance]):
    """Objects with boxes, scores, classes and masks, the best score first: see `Objects`.

    A mask is the run lengths of its pixels on the whole photograph (`ops.rle.Runs`), made when it is asked for. Masks may
    overlap, and may be empty where a net finds nothing in a box.
    """

    finals: ClassVar[Mapping[str, str]] = {
        "boxes": "D 4",
        "mask_boxes": "D 4",
        "scores": "D",
        "classes": "D",
        "shown": "D",
        "masks": "D M M",
        "extent": "2",
    }
    columns: ClassVar[tuple[str, ...]] = (*Objects.columns, "masks")

    masks: Sequence[Runs] = field(kw_only=True)  # N of them

    def __post_init__(self) -> None:
        if len(self.masks) != len(self.scores):
            raise ValueError(f"{len(self.scores)} objects need as many masks, these are {len(self.masks)}")
        super().__post_init__()

    @classmethod
    def from_arrays(cls, final: Mapping[str, Array], labels: Sequence[str]) -> Self:
        """Wrap `boxes` (D, 4) within the photograph, `mask_boxes` (D, 4), which may reach beyond it, `masks` (D, M, M),
        probabilities on grids over these, `scores`, `classes` and `shown` (D,), and `extent` (2,), the photograph's height and
        width. Padding, of class −1, is left out. Raises `ValueError` where they do not fit each other or the labels."""
        real, columns = unpadded(final)
        height, width = (round(float(side)) for side in final["extent"])
        grids, boxes = (np.asarray(final[name], np.float32)[real] for name in ("masks", "mask_boxes"))
        return cls(**columns, names=tuple(labels), masks=Grids(grids, boxes, height, width))

    def _one(self, place: int) -> Instance:
        x1, y1, x2, y2 = self.boxes[place].tolist()
        return Instance((x1, y1, x2, y2), float(self.scores[place]), self.names[self.classes[place]], self.masks[place])

    def _rows(self, which: Any) -> dict[str, Any]:
        boxes = {name: getattr(self, name)[which] for name in Objects.columns}
        return {**boxes, "masks": picked(self.masks, which)}

    @property
    def areas(self) -> Array:
        """How many pixels each object covers, int64 (N,)."""
        return np.array([area(mask) for mask in self.masks], np.int64)

    def _more_moved(self, window: Window, whole: Window) -> Sequence[Runs]:
        left, top, _, _ = map(round, window)
        _, _, width, height = map(round, whole)
        return [moved(mask, left, top, height, width) for mask in self.masks]

    @classmethod
    def _more_joined(cls, more: Sequence[Any], groups: Sequence[Array]) -> dict[str, Any]:
        """The mask of an object that was put together from pieces is all that these cover."""
        return {"masks": tuple(union([more[row] for row in group]) for group in groups)}

    def _more_to_dict(self, place: int) -> dict[str, Any]:
        """`{"area", "mask": {"size": [height, width], "counts"}}`, the mask as COCO writes it compressed."""
        mask = self.masks[place]
        return {"area": area(mask), "mask": to_coco(mask)}

    def _more_to_coco(self, place: int) -> dict[str, Any]:
        """`{"segmentation": {"size", "counts"}}`."""
        return {"segmentation": to_coco(self.masks[place])}

    def _more_for_supervision(self) -> dict[str, Any]:
        masks = [to_mask(mask) for mask in self.masks]
        return {"mask": np.stack(masks) if masks else None}

    def draw(self, image: Any) -> Image:
        """The photograph, uint8 (H, W, 3), with the mask of each object shown."""
        from clearsight.tasks.instances.draw import draw_masks

        return draw_masks(image, self.visible)
