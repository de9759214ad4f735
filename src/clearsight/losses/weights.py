"""How much more rare classes count, from how many pictures each has."""

from __future__ import annotations

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
