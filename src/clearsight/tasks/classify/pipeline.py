"""The way from photo to canvas, training examples, and classification's from logits to probabilities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

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
from clearsight.tasks.classify.progressive import Growing, Stage

Score = Literal["energy", "probability"]
"""What pictures are rejected by: `energy` (Liu et al. 2020), or the largest `probability` (Hendrycks and Gimpel 2017)."""

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
    """Logits (B, K) → probabilities (B, K), softened by the temperature; where there is a threshold also `rejected`,
    bool (B,): whether the score lies below it."""

    temperature: Tensor
    below: Tensor

    def __init__(self, temperature: float, score: Score | None = None, below: float | None = None) -> None:
        super().__init__()
        self.register_buffer("temperature", torch.tensor(temperature))
        self.score = score
        self.register_buffer("below", torch.tensor(0.0 if below is None else below))

    def forward(self, outputs: dict[str, Tensor], frame: Tensor) -> dict[str, Tensor]:
        probabilities = (outputs["logits"].float() / self.temperature).softmax(1)
        if self.score is None:
            return {"probabilities": probabilities}
        scores = energy(outputs["logits"]) if self.score == "energy" else probabilities.amax(1)
        return {"probabilities": probabilities, "rejected": scores < self.below}


def energy(logits: Tensor) -> Tensor:
    """Minus the energy of logits (B, K), (B,): logsumexp, the temperature being 1 as in its paper's experiments, higher
    for pictures of known classes (Liu et al. 2020, arXiv 2010.03759, eq. 4)."""
    return logits.float().logsumexp(1)


class Targets(ABC):
    """What is learnt from a sample beside its pixels. Its `repr` is part of the cache's key."""

    @abstractmethod
    def answer(self, sample: Sample) -> dict[str, Tensor]:
        """The targets that the learner compares with; unknown ones are marked so. Raises `InputError`."""

    def __call__(self, sample: Sample, pixels: Pixels) -> dict[str, Tensor]:
        """The sample's answer and its aspect, width / height."""
        height, width, _ = pixels.shape
        return {**self.answer(sample), "aspect": torch.tensor(width / height)}


class OneLabel(Targets):
    """A sample's label as an index; −1 where it is not annotated."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.index = {label: number for number, label in enumerate(labels)}

    def __repr__(self) -> str:
        return f"classify {tuple(self.index)}"

    def answer(self, sample: Sample) -> dict[str, Tensor]:
        return {"label": torch.tensor(self._label(sample))}

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


def judging(targets: Targets, preprocess: Preprocess) -> Stages:
    """Stages for judging: nothing is random."""
    sample = JudgeSample(preprocess, targets)
    return Stages(sample, f"judge {preprocess} {targets}", lambda batch, generator: scaled(batch))


def training(
    targets: Targets, size: int, channels: int, how: Fit, strengths: Mapping[str, float], classes: int
) -> Stages:
    """Stages for training, with each augmentation's strength. Pictures that are judged squeezed (small squares above
    all, which are size × size already) are learnt from without a margin."""
    side = size if how == "squash" else round(size * MARGIN)
    sample = TrainSample(side, channels, targets)
    stage: Stage = Augmentation(strengths, size, classes)
    if (start := strengths.get("progressive", 1.0)) < 1:
        stage = Growing(stage, start, size)
    return Stages(sample, f"train {side} {channels} {targets}", stage)
