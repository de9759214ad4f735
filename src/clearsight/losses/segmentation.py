"""Losses of class masks by the names that `--loss` takes: one of them, or a weighted sum such as `ce+0.5*dice+lovasz`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.losses import pixels, regions

Loss = Callable[[Tensor, Tensor], Tensor]
"""Logits (B, K, H, W), masks (B, H, W) with `VOID` where nothing is known → a scalar."""

Term = Callable[[Tensor, Tensor, Tensor | None, float, float], Tensor]
"""Log-probabilities (B, K, H, W), masks, weights of the classes (K,) or None, label smoothing, focal gamma → a scalar."""

TERMS: Mapping[str, Term] = {
    "ce": lambda known, mask, weights, smoothing, gamma: pixels.cross_entropy(known, mask, smoothing, weights),
    "focal": lambda known, mask, weights, smoothing, gamma: pixels.focal(known, mask, gamma, smoothing, weights),
    "ohem": lambda known, mask, weights, smoothing, gamma: pixels.hard_examples(known, mask, smoothing, weights),
    "boundary": lambda known, mask, weights, smoothing, gamma: pixels.border_cross_entropy(
        known, mask, smoothing, weights
    ),
    "dice": lambda known, mask, weights, smoothing, gamma: regions.dice(known, mask),
    "lovasz": lambda known, mask, weights, smoothing, gamma: regions.lovasz(known, mask),
}
"""Cross-entropy, focal, of hard pixels alone, with weight at borders; Dice and Lovász-softmax, which take no weights and
no smoothing."""


def segmentation_loss(name: str, weights: Tensor | None = None, smoothing: float = 0.0, gamma: float = 2.0) -> Loss:
    """A loss of class masks by its name or that of a sum: `ce`, `ce+dice`, `ce+0.5*dice+lovasz`.

    `weights` (K,) say how much each class counts, `smoothing` is the share of the target that is spread over all classes,
    `gamma` how much the focal loss looks away from what is right. Raises `InputError` on another name.
    """
    terms = [(factor, TERMS[term]) for factor, term in parse(name)]

    def loss(logits: Tensor, mask: Tensor) -> Tensor:
        known, target = torch.log_softmax(logits.float(), 1), mask.long()
        own = None if weights is None else weights.to(known)
        losses = [factor * term(known, target, own, smoothing, gamma) for factor, term in terms]
        return torch.stack(losses).sum()

    return loss


def parse(name: str) -> tuple[tuple[float, str], ...]:
    """The terms of a sum with their factors. Raises `InputError` where one is no loss, or a factor no number above 0."""
    terms = []
    for part in name.split("+"):
        factor, times, term = part.strip().rpartition("*")
        number = _number(factor) if times else 1.0
        if term.strip() not in TERMS:
            raise InputError(
                f"--loss {name} does not fit masks: there is {', '.join(TERMS)}, and sums of them such as ce+0.5*dice"
            )
        if number is None:
            raise InputError(f"--loss {name}: a factor must be a number above 0, {factor.strip()!r} is none")
        terms.append((number, term.strip()))
    return tuple(terms)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < math.inf else None
