"""What is learnt from a sample that lies on its canvas as a whole, and the way of what is said of pixels onto it."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor

from clearsight.core.image import Pixels
from clearsight.core.pipeline import Example
from clearsight.core.sample import Sample
from clearsight.ops.geometry import canvas_to_photo
from clearsight.tasks.picture.canvas import LetterboxPreprocess


class CanvasSample(ABC):
    """A sample as it is learnt from and judged: the canvas of `preprocess`, rounded to 8 bits, and what is known of it, with
    `frame` (6,). Its `repr` is part of the cache's key."""

    def __init__(self, preprocess: LetterboxPreprocess, labels: tuple[str, ...]) -> None:
        self.preprocess, self.labels = preprocess, labels

    def __repr__(self) -> str:
        return f"{self.preprocess} {self.labels}"

    def __call__(self, sample: Sample, pixels: Pixels) -> Example:
        canvas, frames = self.preprocess(torch.from_numpy(np.ascontiguousarray(pixels)))
        target = {**self.targets(sample, frames[0]), "frame": frames[0].clone()}
        return Example(sample.key, (canvas[0] * 255).round().to(torch.uint8), target)

    @abstractmethod
    def targets(self, sample: Sample, frame: Tensor) -> dict[str, Tensor]:
        """What is to be learnt, `known` () among it: whether the picture is annotated. `frame` (6,) says how the photograph
        lies on the canvas. Raises `InputError` on a class that is not known, `BadImage` on a mask that does not fit."""


def photo_shape(frame: Tensor) -> tuple[int, int]:
    """Height and width of the photograph that a frame (6,) is of."""
    return int(frame[5]), int(frame[4])


def on_canvas(values: Tensor, frame: Tensor, shape: tuple[int, int], beyond: int) -> Tensor:
    """Whole numbers said of the pixels of a photograph (h, w) → those of a canvas (H, W) that lies on it as the frame (6,)
    says: each takes the number at its middle, and `beyond` outside of the photograph. They are never blended."""
    (height, width), (h, w) = shape, values.shape
    middles = (torch.arange(max(shape), dtype=frame.dtype) + 0.5)[:, None].expand(-1, 2)
    places = canvas_to_photo(middles, frame).floor().long()
    columns, rows = places[:width, 0], places[:height, 1]
    inside = ((rows >= 0) & (rows < h))[:, None] & (columns >= 0) & (columns < w)
    return values[rows.clamp(0, h - 1)][:, columns.clamp(0, w - 1)].masked_fill(~inside, beyond)
