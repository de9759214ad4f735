"""What is learnt from a sample of which objects are annotated: what lies where on the canvas."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.image import Pixels
from clearsight.core.pipeline import Example, Preprocess
from clearsight.core.sample import Array, Sample
from clearsight.ops.boxes import clip, corners, from_corners
from clearsight.ops.geometry import photo_to_canvas


class ObjectSample(ABC):
    """A sample as it is learnt from and judged: the canvas of `preprocess`, rounded to 8 bits, and what is known of its
    objects, with `frame` (6,). Its `repr` is part of the cache's key."""

    def __init__(self, preprocess: Preprocess, labels: tuple[str, ...]) -> None:
        self.preprocess, self.labels = preprocess, labels

    def __repr__(self) -> str:
        return f"{self.preprocess} {self.labels}"

    def __call__(self, sample: Sample, pixels: Pixels) -> Example:
        canvas, frame = self.preprocess(torch.from_numpy(np.ascontiguousarray(pixels)))
        target = {**self.targets(sample, frame[0]), "frame": frame[0].clone()}
        return Example(sample.key, (canvas[0] * 255).round().to(torch.uint8), target)

    @abstractmethod
    def targets(self, sample: Sample, frame: Tensor) -> dict[str, Tensor]:
        """Of the M objects `boxes` (M, 4) canvas pixels, `labels` int64 (M,) −1 for those of which nothing is on the
        photograph, `crowd` (M,), and `known` (), whether the picture is annotated. `frame` (6,) says how the photograph
        lies on the canvas. Raises `InputError` on a class that is not known."""


def placed(xyxy: Array, classes: Sequence[int], crowd: Array | None, frame: Tensor) -> dict[str, Tensor]:
    """Boxes (M, 4) in pixels of the photograph, cut off at its borders, on its canvas, with their classes (M,) and crowd
    flags: `boxes`, `labels` and `crowd` as `ObjectSample.targets` gives them."""
    within = clip(torch.from_numpy(np.asarray(xyxy, np.float32)), float(frame[4]), float(frame[5]))
    numbers = torch.tensor(classes, dtype=torch.long)
    numbers[(within[:, 2:] <= within[:, :2]).any(1)] = -1
    crowds = torch.zeros(len(numbers), dtype=torch.bool)
    if crowd is not None:
        crowds |= torch.from_numpy(np.asarray(crowd, bool))
    boxes = from_corners(photo_to_canvas(corners(within), frame))
    return {"boxes": boxes, "labels": numbers, "crowd": crowds}


def classes_of(key: str, labels: Sequence[str], known: Sequence[str], mark: str) -> list[int]:
    """The number of each object's class. Raises `InputError` on one that is not among those known; `mark` is what bears the
    label, "box"."""
    index = {label: i for i, label in enumerate(known)}
    for label in labels:
        if label not in index:
            there = ", ".join(known[:10]) + (", …" if len(known) > 10 else "")
            raise InputError(f"{key} has a {mark} labelled {label!r}, which the model does not know; it knows {there}")
    return [index[label] for label in labels]
