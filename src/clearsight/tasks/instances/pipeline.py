"""What is learnt from a sample whose objects have masks."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from clearsight.core.errors import BadImage
from clearsight.core.pipeline import Preprocess
from clearsight.core.sample import Masks, Sample
from clearsight.ops.geometry import canvas_to_photo
from clearsight.ops.owners import NOBODY, owners
from clearsight.ops.rle import box
from clearsight.tasks.objects.sample import ObjectSample, classes_of, placed

NONE = Masks("instances", tuple, ())
"""What is known of a picture that nobody has annotated."""


class InstanceSample(ObjectSample):
    """A sample with the boxes around its masks, and `owners` (H, W): of each pixel of the canvas (H, W) the row of the box
    that it belongs to, or what `ops.owners` says of others. Crowds own no pixel: which of them are whose nobody knows."""

    def __init__(self, preprocess: Preprocess, shape: tuple[int, int], labels: tuple[str, ...]) -> None:
        super().__init__(preprocess, labels)
        self.shape = shape

    def targets(self, sample: Sample, frame: Tensor) -> dict[str, Tensor]:
        masks = object_masks(sample) or NONE
        runs, ignored = masks.runs(), None if masks.ignored is None else masks.ignored()
        height, width = int(frame[5]), int(frame[4])
        for one in (*runs, *(() if ignored is None else (ignored,))):
            if (one.height, one.width) != (height, width):
                said = f"{one.width}×{one.height} pixels, and the photograph {width}×{height}"
                raise BadImage(sample.image.name, f"the mask of an object is {said}")
        boxes = np.array([box(one) for one in runs], np.float32).reshape(-1, 4)
        classes = classes_of(sample.key, masks.labels, self.labels, "mask")
        owned = torch.from_numpy(owners(runs, height, width, masks.crowd, ignored))
        return {
            **placed(boxes, classes, masks.crowd, frame),
            "owners": on_canvas(owned, frame, self.shape),
            "known": torch.tensor(masks is not NONE),
        }


def object_masks(sample: Sample) -> Masks | None:
    """The masks of a sample's objects; None where it is not annotated, or only with the class of each pixel."""
    masks = sample.masks
    return masks if masks is not None and masks.kind == "instances" else None


def on_canvas(owned: Tensor, frame: Tensor, shape: tuple[int, int]) -> Tensor:
    """Whose the pixels of a photograph are (h, w) → the same on a canvas (H, W) that lies on it as the frame (6,) says: each
    pixel takes the owner at its middle, and beyond the photograph it is nobody's."""
    (h, w), (height, width) = owned.shape, shape
    down, across = (torch.arange(length, dtype=frame.dtype) + 0.5 for length in (height, width))
    rows = canvas_to_photo(torch.stack([torch.zeros_like(down), down], 1), frame)[:, 1].floor().long()
    columns = canvas_to_photo(torch.stack([across, torch.zeros_like(across)], 1), frame)[:, 0].floor().long()
    found = owned[rows.clamp(0, h - 1)][:, columns.clamp(0, w - 1)]
    inside = ((rows >= 0) & (rows < h))[:, None] & ((columns >= 0) & (columns < w))
    return torch.where(inside, found, NOBODY)
