"""What a segmenter learns from a sample."""

from __future__ import annotations

import torch
from torch import Tensor

from clearsight.core.sample import VOID, Sample
from clearsight.tasks.picture.canvas_sample import CanvasSample, on_canvas, photo_shape
from clearsight.tasks.segment.truth import class_map


class SegmentSample(CanvasSample):
    """A sample with the class of each pixel of its canvas, `mask` uint8 (H, W), `VOID` where nobody says one or beside the
    photograph, and `known` (), whether the picture is annotated."""

    def targets(self, sample: Sample, frame: Tensor) -> dict[str, Tensor]:
        found, shape = class_map(sample, self.labels, photo_shape(frame)), self.preprocess.shape
        if found is None:
            return {"mask": torch.full(shape, VOID, dtype=torch.uint8), "known": torch.tensor(False)}
        return {"mask": on_canvas(torch.from_numpy(found), frame, shape, VOID), "known": torch.tensor(True)}
