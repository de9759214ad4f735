"""The stages of segmentation: for judging nothing is random, for training pictures and masks are augmented in step."""

from __future__ import annotations

from collections.abc import Mapping

from clearsight.core.pipeline import Batch, Stages
from clearsight.tasks.picture.canvas import STEP
from clearsight.tasks.segment.augment import MaskAugmentation
from clearsight.tasks.segment.pipeline import SegmentSample

PREVIEW: Mapping[str, float] = {"flip": 0.5, "scale": 0.3, "crop": 0.5, "colour": 0.3}
"""The strengths that `inspect` shows where no training settings are known."""


def scaled(batch: Batch) -> Batch:
    """The batch with its images as float in [0, 1]."""
    return batch.replaced(batch.images.float() / 255)


def judging(sample: SegmentSample) -> Stages:
    """Stages for judging."""
    return Stages(sample, f"segment {sample}", lambda batch, generator: scaled(batch))


def training(sample: SegmentSample, classes: int, strengths: Mapping[str, float] | None) -> Stages:
    """Stages for training, with each augmentation's strength; `train_size`, where it is not 0, is the longer side of what is
    learnt from. Examples are those of judging, so that both share a cache."""
    strengths = PREVIEW if strengths is None else strengths
    made = learnt_shape(sample.shape, int(strengths.get("train_size", 0)))
    return Stages(sample, f"segment {sample}", MaskAugmentation(strengths, made, classes))


def learnt_shape(shape: tuple[int, int], side: int) -> tuple[int, int]:
    """Height and width of what is learnt from: a canvas's, or in its shape with a longer side of `side`, where that is not 0,
    both multiples of `STEP`."""
    if not side or side == max(shape):
        return shape
    height, width = (max(STEP, round(length * side / max(shape) / STEP) * STEP) for length in shape)
    return height, width
