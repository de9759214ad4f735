"""What a detector learns from a sample."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from clearsight.core.sample import Boxes, Sample
from clearsight.tasks.objects.sample import ObjectSample, classes_of, placed

NONE = Boxes(np.zeros((0, 4), np.float32), ())


class DetectSample(ObjectSample):
    """A sample with its boxes, cut off at the borders of the photograph."""

    def targets(self, sample: Sample, frame: Tensor) -> dict[str, Tensor]:
        found = sample.boxes or NONE
        classes = classes_of(sample.key, found.labels, self.labels, "box")
        return {**placed(found.xyxy, classes, found.crowd, frame), "known": torch.tensor(sample.boxes is not None)}
