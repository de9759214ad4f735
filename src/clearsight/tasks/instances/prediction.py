"""The objects found on one photograph, each with its mask. numpy and Pillow only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from clearsight.core.sample import Array
from clearsight.ops.rle import Runs, area, to_coco, to_mask
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
        "places": "D 4",
        "scores": "D",
        "classes": "D",
        "shown": "D",
        "masks": "D M M",
        "extent": "2",
    }
    columns: ClassVar[tuple[str, ...]] = (*Objects.columns, "masks")
    saved: ClassVar[tuple[str, ...]] = (".json",)

    masks: Sequence[Runs] = field(kw_only=True)  # N of them

    def __post_init__(self) -> None:
        if len(self.masks) != len(self.scores):
            raise ValueError(f"{len(self.scores)} objects need as many masks, these are {len(self.masks)}")
        super().__post_init__()

    @classmethod
    def from_arrays(cls, final: Mapping[str, Array], labels: Sequence[str]) -> Self:
        """Wrap `boxes` (D, 4) within the photograph, `places` (D, 4), the same boxes uncut, `masks` (D, M, M), probabilities
        on grids over the places, `scores`, `classes` and `shown` (D,), and `extent` (2,), the photograph's height and
        width. Padding, of class −1, is left out. Raises `ValueError` where they do not fit each other or the labels."""
        real, columns = unpadded(final)
        height, width = (round(float(side)) for side in final["extent"])
        grids, places = (np.asarray(final[name], np.float32)[real] for name in ("masks", "places"))
        return cls(**columns, names=tuple(labels), masks=Grids(grids, places, height, width))

    @classmethod
    def merged(
        cls, parts: Iterable[Self], windows: Sequence[tuple[float, float, float, float]], task: Mapping[str, Any]
    ) -> Self:
        """The objects that parts of a photograph show, each once: see `tasks.objects.merge`. The mask of one that was put
        together from pieces is all that these cover. There may be more than an answer for one canvas can hold."""
        from clearsight.tasks.instances.merge import merged

        columns, names = merged(parts, windows)
        return cls(**columns, names=names)

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

    def to_dict(self) -> dict[str, Any]:
        """`{"objects": [{"label", "score", "box": [x1, y1, x2, y2], "shown", "area", "mask": {"size": [height, width],
        "counts"}}, …]}`, the best score first; the mask as COCO writes it compressed."""
        rows = zip(self, self.shown.tolist(), strict=True)
        return {
            "objects": [
                {
                    "label": one.label,
                    "score": one.score,
                    "box": list(one.box),
                    "shown": shown,
                    "area": area(one.mask),
                    "mask": to_coco(one.mask),
                }
                for one, shown in rows
            ]
        }

    def files(self) -> dict[str, bytes]:
        """What `to_dict` says, as JSON."""
        return {".json": json.dumps(self.to_dict(), ensure_ascii=False).encode()}

    def to_coco(self, image_id: int, category_ids: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
        """Rows of a COCO results file: `{"image_id", "category_id", "bbox": [x, y, width, height], "score", "segmentation":
        {"size", "counts"}}`.

        `category_ids` says each class's number; by default they are counted from 1 in the order of `names`. Raises
        `InputError` where a class has none.
        """
        rows = self._coco_rows(image_id, category_ids)
        return [{**row, "segmentation": to_coco(mask)} for row, mask in zip(rows, self.masks, strict=True)]

    def _more_for_supervision(self) -> dict[str, Any]:
        masks = [to_mask(mask) for mask in self.masks]
        return {"mask": np.stack(masks) if masks else None}

    def draw(self, image: Any) -> Image:
        """The photograph, uint8 (H, W, 3), with the mask of each object shown."""
        from clearsight.tasks.instances.draw import draw_masks

        return draw_masks(image, self.visible)
