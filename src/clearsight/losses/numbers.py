"""Losses for numbers.

Found and wanted are (B, K), wanted NaN where it is not annotated. Each loss is the mean over what is known, and zero,
with a gradient, where nothing is.
"""

from __future__ import annotations

import torch
from torch import Tensor


def squared_error(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared error: the least of it lies at the mean; large errors count most."""
    apart, known = _apart(found, wanted)
    return _mean(apart**2, known)


def absolute_error(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute error: the least of it lies at the median; every unit of error counts the same."""
    apart, known = _apart(found, wanted)
    return _mean(apart.abs(), known)


def huber(found: Tensor, wanted: Tensor, delta: float = 1.0) -> Tensor:
    """Half the squared error up to `delta`, and beyond it as steep as there (Huber 1964): smooth near the truth, yet
    a few wild values do not rule."""
    apart, known = _apart(found, wanted)
    size = apart.abs()
    return _mean(torch.where(size <= delta, apart**2 / 2, delta * (size - delta / 2)), known)


def _apart(found: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    known = ~wanted.isnan()
    return found - torch.where(known, wanted, found.detach()), known


def _mean(entries: Tensor, known: Tensor) -> Tensor:
    return (entries * known).sum() / known.sum().clamp(min=1)
