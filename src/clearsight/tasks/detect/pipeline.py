"""What a detector learns from a sample."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from clearsight.core.sample import Boxes, Sample
from clearsight.tasks.objects.sample import classes_of, placed
from clearsight.tasks.picture.canvas_sample import CanvasSample

NONE = Boxes(np.zeros((0, 4), np.float32), ())


class DetectSample(CanvasSample):
    """A sample with its boxes, cut off at the borders of the photograph, as `objects.sample.placed` gives them."""

    def targets(self, sample: Sample, frame: Tensor) -> dict[str, Tensor]:
        found = sample.boxes or NONE
        classes = classes_of(sample.key, found.labels, self.labels, "box")
        return {**placed(found.xyxy, classes, found.crowd, frame), "known": torch.tensor(sample.boxes is not None)}
