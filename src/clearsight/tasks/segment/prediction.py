"""The class of each pixel of one photograph. numpy and Pillow only."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.files import write_bytes
from clearsight.core.prediction import Prediction, Tiling
from clearsight.core.sample import BACKGROUND, Array
from clearsight.ops import rle
from clearsight.ops.outline import polygons
from clearsight.ops.tiling import Window
from clearsight.tasks.picture.words import percent

if TYPE_CHECKING:
    from PIL.Image import Image

TOLD = 3
"""Classes that a caption names."""

STRIP = 4_000_000
"""Pixels that are counted at once."""


@dataclass(frozen=True, eq=False, repr=False)
class Segmentation(Prediction):
    """A class for each pixel of the photograph, and on request how probable each class is there."""

    finals: ClassVar[Mapping[str, str]] = {"mask": "H W", "probabilities": "K H W"}
    saved: ClassVar[tuple[str, ...]] = (".png",)
    tiles: ClassVar[bool] = True
    tiling: ClassVar[Tiling] = Tiling(whole=False, overlap=0.25, answer={"probabilities": True})

    mask: Array  # uint8 (H, W), places in `names`
    names: Sequence[str]  # the K classes that the model knows
    probabilities: Array | None = None  # float32 (K, H, W), with a sum of 1 at each pixel; None where nobody asked
    photo: Any = None  # uint8 (H, W, 3), kept only for notebooks

    def __post_init__(self) -> None:
        if self.mask.ndim != 2 or self.mask.dtype != np.uint8:
            raise ValueError(f"a mask is uint8 (H, W), this is {self.mask.dtype} {self.mask.shape}")
        if self.mask.size and self.mask.max() >= len(self.names):
            raise ValueError(f"classes must be from 0 to {len(self.names) - 1}, there is {self.mask.max()}")
        wanted = (len(self.names), *self.mask.shape)
        if self.probabilities is not None and self.probabilities.shape != wanted:
            raise ValueError(f"probabilities must be {wanted}, these are {self.probabilities.shape}")

    @classmethod
    def from_arrays(cls, final: Mapping[str, Array], labels: Sequence[str]) -> Self:
        """Wrap `mask` (H, W), and `probabilities` (K, H, W) where they are there. Raises `ValueError` where they do not fit
        each other or the labels."""
        shares = final.get("probabilities")
        found = None if shares is None else np.asarray(shares, np.float32)
        return cls(np.asarray(final["mask"], np.uint8), tuple(labels), found)

    @classmethod
    def merged(cls, parts: Iterable[Self], windows: Sequence[Window], task: Mapping[str, Any]) -> Self:
        """The photograph's classes from the probabilities that overlapping parts give, blended: see `tasks.segment.blend`. A
        mask alone: the probabilities of a large photograph would fill the memory. Raises `ValueError` for parts without
        probabilities."""
        from clearsight.tasks.segment.blend import blended

        parts = iter(parts)
        first = next(parts)
        if len(windows) == 1:
            return first if task.get("probabilities") else replace(first, probabilities=None)
        mask = np.zeros((round(windows[0][3]), round(windows[0][2])), np.uint8)
        shares = (part._shares() for part in chain([first], parts))
        for rows, columns, found in blended(shares, windows):
            mask[rows, columns] = found.argmax(0)
        return cls(mask, first.names)

    @cached_property
    def pixels(self) -> dict[str, int]:
        """How many pixels each class has, the largest first; of equal ones in the order of `names`. Those without one are not
        there."""
        strips = np.array_split(self.mask, 1 + self.mask.size // STRIP)  # bincount makes eight bytes of each
        counts = np.sum([np.bincount(strip.ravel(), minlength=len(self.names)) for strip in strips], axis=0).tolist()
        there = sorted((k for k, count in enumerate(counts) if count), key=lambda k: (-counts[k], k))
        return {self.names[k]: counts[k] for k in there}

    def area(self, label: str) -> int:
        """How many pixels are of a class. Raises `InputError` for one that the model does not know."""
        self._number(label)
        return self.pixels.get(label, 0)

    def share(self, label: str) -> float:
        """Which part of the photograph is of a class, 0 to 1. Raises `InputError` for one that the model does not know."""
        return self.area(label) / self.mask.size

    def where(self, label: str) -> Array:
        """Which pixels are of a class, bool (H, W). Raises `InputError` for one that the model does not know."""
        found: Array = self.mask == self._number(label)
        return found

    def polygons(self, label: str) -> list[list[Array]]:
        """The parts of a class, each as its outline and then those of its holes, float64 (N, 2) in photo pixels: see
        `ops.outline`. Raises `InputError` for a class that the model does not know."""
        return polygons(self.where(label))

    def to_png(self, path: str | Path) -> None:
        """Write the mask as a PNG whose pixels are the places of the classes in `names`, shown in their colours."""
        write_bytes(Path(path), self.files()[".png"])

    def files(self) -> dict[str, bytes]:
        """The mask as `to_png` writes it."""
        from clearsight.tasks.segment.draw import with_palette

        buffer = io.BytesIO()
        with_palette(self.mask, self.names).save(buffer, "PNG")
        return {".png": buffer.getvalue()}

    def to_dict(self) -> dict[str, Any]:
        """`{"size": [H, W], "classes": [{"label", "pixels", "share", "rle": {"size", "counts"}}, …]}`, the largest first; masks
        are COCO's compressed run lengths."""
        numbers = [self.names.index(label) for label in self.pixels]
        runs = rle.from_indices(self.mask, numbers)
        return {
            "size": list(self.mask.shape),
            "classes": [
                {"label": label, "pixels": count, "share": count / self.mask.size, "rle": rle.to_coco(one)}
                for (label, count), one in zip(self.pixels.items(), runs, strict=True)
            ],
        }

    def headline(self) -> str:
        """Such as "road 41 %, sky 22 %, tree 9.2 %", the largest classes but for the background; or "nothing"."""
        shown = [label for label in self.pixels if label != BACKGROUND][:TOLD]
        return ", ".join(f"{label} {percent(self.share(label))}" for label in shown) or "nothing"

    def draw(self, image: Any) -> Image:
        """The photograph, uint8 (H, W, 3), under the colours of its classes, with a legend."""
        from clearsight.tasks.segment.draw import draw_classes

        return draw_classes(image, self)

    def _shares(self) -> Array:
        if self.probabilities is None:
            raise ValueError("parts are put together by their probabilities, and these have none")
        return self.probabilities

    def _number(self, label: str) -> int:
        if label not in self.names:
            raise InputError(f"there is no class {label!r}; the model knows {', '.join(self.names)}")
        return list(self.names).index(label)
