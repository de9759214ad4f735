"""What is learnt from a sample whose objects have masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from clearsight.core.sample import Masks, Sample, require_size
from clearsight.ops.owners import NOBODY, owners
from clearsight.ops.rle import Runs, box
from clearsight.tasks.objects.sample import classes_of, placed
from clearsight.tasks.picture.canvas_sample import CanvasSample, on_canvas, photo_shape

NONE = Masks("instances", tuple, ())
"""What is known of a picture that nobody has annotated."""


class InstanceSample(CanvasSample):
    """A sample with the boxes around its masks, as `objects.sample.placed` gives them, and `owners` (H, W): of each pixel of
    the canvas the row of the box that it belongs to, or what `ops.owners` says of others. Crowds own no pixel: which of
    them are whose nobody knows."""

    def targets(self, sample: Sample, frame: Tensor) -> dict[str, Tensor]:
        masks = object_masks(sample) or NONE
        runs, ignored = masks.runs(), None if masks.ignored is None else masks.ignored()
        shape = photo_shape(frame)
        require_size(sample, ((one.height, one.width) for one in all_of(runs, ignored)), shape)
        boxes = np.array([box(one) for one in runs], np.float32).reshape(-1, 4)
        classes = classes_of(sample.key, masks.labels, self.labels, "mask")
        owned = torch.from_numpy(owners(runs, *shape, masks.crowd, ignored))
        return {
            **placed(boxes, classes, masks.crowd, frame),
            "owners": on_canvas(owned, frame, self.preprocess.shape, NOBODY),
            "known": torch.tensor(masks is not NONE),
        }


def all_of(runs: Sequence[Runs], ignored: Runs | None) -> Sequence[Runs]:
    """The masks of a picture's objects, and of what is not judged, where there is some."""
    return runs if ignored is None else (*runs, ignored)


def object_masks(sample: Sample) -> Masks | None:
    """The masks of a sample's objects; None where it is not annotated, or only with the class of each pixel."""
    masks = sample.masks
    return masks if masks is not None and masks.kind == "instances" else None
