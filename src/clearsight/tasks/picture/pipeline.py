"""The way from photo to canvas, and training examples, for tasks that answer for a picture as a whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from clearsight.core.image import Pixels
from clearsight.core.pipeline import Example, Preprocess, Stages
from clearsight.core.sample import Sample
from clearsight.ops.resize import Fit, fit, squeeze
from clearsight.ops.transforms import luma
from clearsight.tasks.picture.augment import Augmentation
from clearsight.tasks.picture.progressive import Growing, Stage

MARGIN = 8 / 7
"""How much larger than the canvas training keeps a photograph, so that crops lose little (256 for 224)."""


class PicturePreprocess(Preprocess):
    """Photo → canvas (N, C, S, S): cut the long side, squeeze, or letterbox; grey where the net wants one channel."""

    def __init__(self, size: int, channels: int, how: Fit, share: float) -> None:
        super().__init__()
        self.size, self.channels, self.how, self.share = size, channels, how, share

    def extra_repr(self) -> str:
        return f"size={self.size}, channels={self.channels}, fit={self.how!r}, share={self.share}"

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        canvas, frame = fit(photo, self.size, self.how, self.share)
        canvas = canvas / 255
        return (luma(canvas) if self.channels == 1 else canvas), frame


class Targets(ABC):
    """What is learnt from a sample beside its pixels. Its `repr` is part of the cache's key."""

    @abstractmethod
    def answer(self, sample: Sample) -> dict[str, Tensor]:
        """The targets that the learner compares with; unknown ones are marked so. Raises `InputError`."""

    def __call__(self, sample: Sample, pixels: Pixels) -> dict[str, Tensor]:
        """The sample's answer and its aspect, width / height."""
        height, width, _ = pixels.shape
        return {**self.answer(sample), "aspect": torch.tensor(width / height)}


class JudgeSample:
    """A sample as it is judged: the canvas of `preprocess`, rounded to 8 bits."""

    def __init__(self, preprocess: Preprocess, targets: Targets) -> None:
        self.preprocess, self.targets = preprocess, targets

    def __call__(self, sample: Sample, pixels: Pixels) -> Example:
        target = self.targets(sample, pixels)
        canvas, frame = self.preprocess(torch.from_numpy(np.ascontiguousarray(pixels)))
        target["frame"] = frame[0].clone()
        return Example(sample.key, (canvas[0] * 255).round().to(torch.uint8), target)


class TrainSample:
    """A sample as it is learnt from: the whole photograph squeezed to a square of `side`, the same for every sample.

    One affine resampling of a whole batch then crops, turns and unsqueezes it, and the cache holds one shape only.
    """

    def __init__(self, side: int, channels: int, targets: Targets) -> None:
        self.side, self.channels, self.targets = side, channels, targets

    def __call__(self, sample: Sample, pixels: Pixels) -> Example:
        target = self.targets(sample, pixels)
        image = squeeze(torch.from_numpy(np.ascontiguousarray(pixels)), self.side)
        if self.channels == 1:
            image = luma(image.float()).round().to(torch.uint8)
        return Example(sample.key, image, target)


def judging(targets: Targets, preprocess: Preprocess) -> Stages:
    """Stages for judging: nothing is random."""
    sample = JudgeSample(preprocess, targets)
    return Stages(sample, f"judge {preprocess} {targets}", lambda batch, generator: batch.scaled())


def training(targets: Targets, preprocess: PicturePreprocess, strengths: Mapping[str, float], classes: int) -> Stages:
    """Stages for training, with each augmentation's strength; `train_size`, where it is not 0, is the side learnt at.

    Where nothing is resampled anyway, the pictures learnt from are those that prediction sees: a second resampling would
    make them softer. Squeezed ones need no margin, nor the slower arithmetic of `fit`.
    """
    size, channels, how = int(strengths.get("train_size", 0)) or preprocess.size, preprocess.channels, preprocess.how
    augmentation = Augmentation(strengths, size, classes)
    stage: Stage = augmentation
    if (start := strengths.get("progressive", 1.0)) < 1:
        stage = Growing(stage, start, size)
    if how != "squash" and not augmentation.resamples:
        return replace(judging(targets, PicturePreprocess(size, channels, how, preprocess.share)), batch=stage)
    side = size if how == "squash" else round(size * MARGIN)
    return Stages(TrainSample(side, channels, targets), f"train {side} {channels} {targets}", stage)
