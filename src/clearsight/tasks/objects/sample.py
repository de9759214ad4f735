"""What is learnt from a sample of which objects are annotated: what lies where on the canvas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from clearsight.core.sample import Array, require_known
from clearsight.ops.boxes import clip, corners, from_corners
from clearsight.ops.geometry import photo_to_canvas


def placed(xyxy: Array, classes: Sequence[int], crowd: Array | None, frame: Tensor) -> dict[str, Tensor]:
    """Boxes (M, 4) in pixels of the photograph, cut off at its borders, on its canvas, with their classes (M,) and crowd
    flags: `boxes` (M, 4) canvas pixels, `labels` int64 (M,), −1 for those of which nothing is on the photograph, and `crowd`
    (M,)."""
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
    require_known(key, labels, known, f"has a {mark}")
    index = {label: number for number, label in enumerate(known)}
    return [index[label] for label in labels]
