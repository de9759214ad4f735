"""Classification's way from photo to canvas, from logits to probabilities, and its training examples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.image import Pixels
from clearsight.core.pipeline import Batch, Example, Postprocess, Preprocess, Stages
from clearsight.core.sample import Sample
from clearsight.ops.resize import Fit, fit, squeeze
from clearsight.ops.transforms import luma
from clearsight.tasks.classify.augment import Augmentation

MARGIN = 8 / 7
"""How much larger than the canvas training keeps a photograph, so that crops lose little (256 for 224)."""


class ClassifyPreprocess(Preprocess):
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


class ClassifyPostprocess(Postprocess):
    """Logits (B, K) → probabilities (B, K), softened by the temperature."""

    temperature: Tensor

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.register_buffer("temperature", torch.tensor(temperature))

    def forward(self, outputs: dict[str, Tensor], frame: Tensor) -> dict[str, Tensor]:
        return {"probabilities": (outputs["logits"].float() / self.temperature).softmax(1)}


class Targets:
    """A sample's label as an index (−1 where it is not annotated) and its aspect, width / height."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.index = {label: number for number, label in enumerate(labels)}

    def __call__(self, sample: Sample, pixels: Pixels) -> dict[str, Tensor]:
        height, width, _ = pixels.shape
        return {"label": torch.tensor(self._label(sample)), "aspect": torch.tensor(width / height)}

    def _label(self, sample: Sample) -> int:
        if not sample.labels:
            return -1
        if len(sample.labels) > 1:
            raise InputError(f"{sample.key} has {len(sample.labels)} labels; classification takes one for each picture")
        if sample.labels[0] not in self.index:
            raise InputError(f"{sample.key} is labelled {sample.labels[0]!r}, which is none of the model's classes")
        return self.index[sample.labels[0]]


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


def scaled(batch: Batch) -> Batch:
    """The batch with its images as float in [0, 1]."""
    return batch.replaced(batch.images.float() / 255)


def judging(labels: tuple[str, ...], preprocess: Preprocess) -> Stages:
    """Stages for judging: nothing is random."""
    sample = JudgeSample(preprocess, Targets(labels))
    return Stages(sample, f"classify judge {preprocess} {labels}", lambda batch, generator: scaled(batch))


def training(labels: tuple[str, ...], size: int, channels: int, how: Fit, strengths: Mapping[str, float]) -> Stages:
    """Stages for training, with each augmentation's strength. Pictures that are judged squeezed (small squares above
    all, which are size × size already) are learnt from without a margin."""
    side = size if how == "squash" else round(size * MARGIN)
    sample = TrainSample(side, channels, Targets(labels))
    return Stages(sample, f"classify train {side} {channels} {labels}", Augmentation(strengths, size, len(labels)))
