"""How much the loss counts each class, from how many pixels it has in the training pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from clearsight.core.errors import BadImage, InputError
from clearsight.core.sample import VOID, Sample
from clearsight.losses.weights import inverse_root, median_frequency
from clearsight.tasks.segment.truth import class_map

COUNTED = 500
"""Pictures whose pixels are counted, evenly from all: the shares of classes need no more."""


def class_weights(scheme: str, samples: Sequence[Sample], labels: Sequence[str]) -> Tensor | None:
    """Weights (K,) by the scheme of `--class-weights`: "balanced" by the median of the classes' frequencies over each one's
    (Eigen and Fergus 2015), "root" by the roots of their pixels; None for "none". Raises `InputError` for "effective"."""
    if scheme == "none":
        return None
    if scheme == "effective":
        raise InputError(
            "--class-weights effective: of pixels every class has so many that all would weigh alike; say root or balanced"
        )
    pixels, shown = count_pixels(samples[:: max(1, len(samples) // COUNTED)], labels)
    return median_frequency(pixels, shown) if scheme == "balanced" else inverse_root(pixels)


def count_pixels(samples: Sequence[Sample], labels: Sequence[str]) -> tuple[Tensor, Tensor]:
    """How many pixels of all samples are of each class (K,), and how many those pictures have that show the class (K,).
    Pictures that cannot be read are passed over: the training that follows tells of them."""
    pixels, shown = np.zeros(len(labels), np.int64), np.zeros(len(labels), np.int64)
    for sample in samples:
        if sample.masks is None:
            continue
        try:
            found = class_map(sample, labels, sample.image.size())
        except BadImage:
            continue
        if found is None:
            continue
        counts = np.bincount(found.ravel(), minlength=VOID + 1)[: len(labels)]
        pixels += counts
        shown += (counts > 0) * counts.sum()
    return torch.from_numpy(pixels), torch.from_numpy(shown)
