"""What a segmenter learns from a sample."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from clearsight.core.image import Pixels
from clearsight.core.pipeline import Example, Preprocess
from clearsight.core.sample import VOID, Sample
from clearsight.ops.geometry import canvas_to_photo
from clearsight.tasks.segment.truth import class_map


class SegmentSample:
    """A sample as it is learnt from and judged: the canvas of `preprocess`, rounded to 8 bits, with the class of each of its
    pixels, `mask` uint8 (H, W), `VOID` where nobody says one or beside the photograph; `known` (), whether the picture is
    annotated; and `frame` (6,). Its `repr` is part of the cache's key."""

    def __init__(self, preprocess: Preprocess, shape: tuple[int, int], labels: tuple[str, ...]) -> None:
        self.preprocess, self.shape, self.labels = preprocess, shape, labels

    def __repr__(self) -> str:
        return f"{self.preprocess} {self.labels}"

    def __call__(self, sample: Sample, pixels: Pixels) -> Example:
        canvas, frames = self.preprocess(torch.from_numpy(np.ascontiguousarray(pixels)))
        found = class_map(sample, self.labels, (pixels.shape[0], pixels.shape[1]))
        mask = torch.full(self.shape, VOID, dtype=torch.uint8)
        if found is not None:
            mask = on_canvas(torch.from_numpy(found), frames[0], self.shape)
        target = {"mask": mask, "known": torch.tensor(found is not None), "frame": frames[0].clone()}
        return Example(sample.key, (canvas[0] * 255).round().to(torch.uint8), target)


def on_canvas(classes: Tensor, frame: Tensor, shape: tuple[int, int]) -> Tensor:
    """A photograph's classes uint8 (h, w) → those on a canvas of this shape, uint8 (H, W), that lies on it as the frame (6,)
    says: each pixel takes the class at its middle, `VOID` beyond the photograph. Classes are never blended."""
    (height, width), (h, w) = shape, classes.shape
    middles = torch.zeros(max(shape), 2) + torch.arange(max(shape))[:, None] + 0.5
    places = canvas_to_photo(middles, frame.cpu())
    columns, rows = places[:width, 0].floor().long(), places[:height, 1].floor().long()
    found = classes[rows.clamp(0, h - 1)][:, columns.clamp(0, w - 1)]
    found[(rows < 0) | (rows >= h)] = VOID
    found[:, (columns < 0) | (columns >= w)] = VOID
    return found
