"""The stages of segmentation: for judging nothing is random, for training pictures and masks are augmented in step."""

from __future__ import annotations

from collections.abc import Mapping

from clearsight.core.pipeline import Stages
from clearsight.tasks.segment.augment import MaskAugmentation
from clearsight.tasks.segment.pipeline import SegmentSample

PREVIEW: Mapping[str, float] = {"flip": 0.5, "scale": 0.3, "crop": 0.5, "colour": 0.3}
"""The strengths that `inspect` shows where no training settings are known."""


def judging(sample: SegmentSample) -> Stages:
    """Stages for judging."""
    return Stages(sample, f"segment {sample}", lambda batch, generator: batch.scaled())


def training(sample: SegmentSample, shape: tuple[int, int], classes: int, strengths: Mapping[str, float]) -> Stages:
    """Stages for training on pictures of this shape, with each augmentation's strength. Examples are those of judging, so that
    both share a cache."""
    return Stages(sample, f"segment {sample}", MaskAugmentation(strengths, shape, classes))
