"""How much more rare classes count, from how many pictures, or pixels, each has."""

from __future__ import annotations

import torch
from torch import Tensor

BETA = 0.999
"""Of the values that Cui et al. 2019 try (0.9 to 0.9999): of a class, pictures beyond the thousandth add little."""


def balanced(counts: Tensor) -> Tensor:
    """N / (K · n) for counts n (K,), N in all: every class has the same weight in sum. A class without one counts as 1."""
    return counts.sum() / (len(counts) * counts.clamp(min=1).float())


def effective(counts: Tensor, beta: float = BETA) -> Tensor:
    """1 over the effective number of each class, scaled to a sum of K (Cui et al. 2019, eq. 4)."""
    weights = 1 / effective_number(counts, beta)
    return weights * len(counts) / weights.sum()


def effective_number(counts: Tensor, beta: float = BETA) -> Tensor:
    """(1 - β^n) / (1 - β) for counts n (K,): how many pictures these are worth where later ones resemble earlier ones
    (Cui et al. 2019, eq. 2). No picture counts as one."""
    counts = counts.clamp(min=1).double()
    return ((1 - beta**counts) / (1 - beta)).float()


def positive_balanced(counts: Tensor, total: int) -> Tensor:
    """(N - n) / n for counts n (K,) of `total` N: what a label weighs where it applies, so that both answers weigh the
    same in sum."""
    return (total - counts).clamp(min=1).float() / counts.clamp(min=1).float()


def positive_effective(counts: Tensor, total: int, beta: float = BETA) -> Tensor:
    """As `positive_balanced`, by effective numbers: E(N - n) / E(n)."""
    return effective_number(total - counts, beta) / effective_number(counts, beta)


def positive_root(counts: Tensor, total: int) -> Tensor:
    """The root of `positive_balanced`: between counting alike and that."""
    return positive_balanced(counts, total).sqrt()


def median_frequency(pixels: Tensor, shown: Tensor) -> Tensor:
    """The median of the classes' frequencies over that of each, float32 (K,) (Eigen and Fergus 2015). A
    frequency is the share of a class, `pixels` (K,), in the pictures that show it, which have `shown` (K,) pixels in all.
    A class that no picture shows counts as 1."""
    there = (pixels > 0) & (shown > 0)
    frequency = pixels.double() / shown.clamp(min=1).double()
    return _relative(frequency, there)


def inverse_root(counts: Tensor) -> Tensor:
    """1 / √n for counts n (K,), scaled so that the median is 1, float32 (K,): between counting alike and by number. A class
    without one counts as 1."""
    return _relative(counts.double().sqrt(), counts > 0)


def _relative(amount: Tensor, there: Tensor) -> Tensor:
    """The median of the amounts (K,) that are there over each of them; 1 for the others."""
    if not there.any():
        return torch.ones(len(amount))
    middle = amount[there].quantile(0.5)
    return torch.where(there, middle / amount.clamp(min=1e-12), 1.0).float()
