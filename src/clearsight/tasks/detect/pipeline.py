"""From photograph to canvas, and what a detector learns from a sample."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.image import Pixels
from clearsight.core.pipeline import Example, Preprocess
from clearsight.core.sample import Boxes, Sample
from clearsight.ops.boxes import clip, corners, from_corners
from clearsight.ops.geometry import photo_to_canvas
from clearsight.ops.resize import fit
from clearsight.ops.transforms import luma

NONE = Boxes(np.zeros((0, 4), np.float32), ())


class DetectPreprocess(Preprocess):
    """Photo → canvas (N, C, H, W) in [0, 1]: as large as fits, whole and in its shape, grey bars beside it."""

    def __init__(self, shape: tuple[int, int], channels: int) -> None:
        super().__init__()
        self.shape, self.channels = shape, channels

    def extra_repr(self) -> str:
        return f"shape={self.shape}, channels={self.channels}"

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        canvas, frame = fit(photo, self.shape, "letterbox")
        canvas = canvas / 255
        return (luma(canvas) if self.channels == 1 else canvas), frame


class DetectSample:
    """A sample as it is learnt from and judged: the canvas of `preprocess`, rounded to 8 bits, and its boxes on it, cut
    off at the borders of the photograph: `boxes` (M, 4) canvas pixels, `labels` (M,) −1 for those of which nothing is on
    the photograph, `crowd` (M,), `known` (), whether the picture is annotated, and `frame` (6,)."""

    def __init__(self, preprocess: Preprocess, labels: tuple[str, ...]) -> None:
        self.preprocess, self.labels = preprocess, labels

    def __repr__(self) -> str:
        return f"{self.preprocess} {self.labels}"

    def __call__(self, sample: Sample, pixels: Pixels) -> Example:
        canvas, frame = self.preprocess(torch.from_numpy(np.ascontiguousarray(pixels)))
        target = {**self._boxes(sample, frame[0]), "frame": frame[0].clone()}
        return Example(sample.key, (canvas[0] * 255).round().to(torch.uint8), target)

    def _boxes(self, sample: Sample, frame: Tensor) -> dict[str, Tensor]:
        found = sample.boxes or NONE
        known = torch.tensor(sample.boxes is not None)
        within = clip(torch.from_numpy(np.asarray(found.xyxy, np.float32)), float(frame[4]), float(frame[5]))
        labels = torch.tensor(classes_of(sample.key, found, self.labels), dtype=torch.long)
        labels[(within[:, 2:] <= within[:, :2]).any(1)] = -1
        crowd = torch.zeros(len(labels), dtype=torch.bool)
        if found.crowd is not None:
            crowd |= torch.from_numpy(np.asarray(found.crowd, bool))
        boxes = from_corners(photo_to_canvas(corners(within), frame))
        return {"boxes": boxes, "labels": labels, "crowd": crowd, "known": known}


def classes_of(key: str, boxes: Boxes, labels: tuple[str, ...]) -> list[int]:
    """The class of each box. Raises `InputError` on one that is not among the labels."""
    index = {label: i for i, label in enumerate(labels)}
    for label in boxes.labels:
        if label not in index:
            known = ", ".join(labels[:10]) + (", …" if len(labels) > 10 else "")
            raise InputError(f"{key} has a box labelled {label!r}, which the model does not know; it knows {known}")
    return [index[label] for label in boxes.labels]
