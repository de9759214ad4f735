"""The stages of tasks that find objects: for judging nothing is random, for training pictures and objects are augmented in
step."""

from __future__ import annotations

from collections.abc import Mapping

from clearsight.core.pipeline import Stages
from clearsight.tasks.objects.augment import BoxAugmentation
from clearsight.tasks.objects.mosaic import MIXED, Mosaic, collate
from clearsight.tasks.picture.canvas_sample import CanvasSample

PREVIEW: Mapping[str, float] = {"flip": 0.5, "scale": 0.4, "shift": 0.1, "colour": 0.3, "mosaic": 0.5}
"""The strengths that `inspect` shows where no training settings are known."""


def judging(name: str, sample: CanvasSample) -> Stages:
    """Stages for judging by the task of that name."""
    return Stages(sample, f"{name} {sample}", lambda batch, generator: batch.scaled(), collate=collate)


def training(name: str, sample: CanvasSample, shape: tuple[int, int], strengths: Mapping[str, float] | None) -> Stages:
    """Stages for training, with each augmentation's strength. Examples are those of judging, so that both share a cache."""
    strengths = PREVIEW if strengths is None else strengths
    signature, batch = f"{name} {sample}", BoxAugmentation(strengths, shape)
    probability = strengths.get("mosaic", 0.0)
    if not probability:
        return Stages(sample, signature, batch, collate=collate)
    mosaic = Mosaic(shape, probability, strengths.get("close", 0.0))
    return Stages(sample, signature, batch, mosaic, MIXED, collate)
