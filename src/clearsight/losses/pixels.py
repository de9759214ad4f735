"""Losses of class masks that are sums over pixels: each pixel is a picture to be classified, some count more than others.

Log-probabilities, the log-softmax of the logits, are (B, K, H, W): worked out once for all terms of a sum, as they are the
largest thing in a step. Masks (B, H, W), uint8 or int64, hold indices of classes or `VOID`. Pixels that are `VOID` count for
nothing; each loss is a mean over the others, and zero, with a gradient, where there is none. `weights` (K,) make the mean
a weighted one, as in `torch.nn.functional.cross_entropy`; smoothing mixes the target with the even distribution (Szegedy et
al. 2015, section 7).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from clearsight.core.sample import VOID

SURE = 0.7
"""Probability of the truth from which a pixel is no hard one."""

LEAST = 1 / 16
"""Share of the pixels that are always learnt from, the hardest of them."""

NEAR, SPREAD = 10.0, 5.0
"""How much more pixels at a border count, and how far that reaches, in pixels (w₀ and σ of Ronneberger et al. 2015)."""


def cross_entropy(
    log_probability: Tensor, mask: Tensor, smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """Mean cross-entropy of the known pixels."""
    target = mask.long()
    importance = _importance(target, weights, log_probability)
    losses = _losses(log_probability, target, importance, smoothing, weights)
    return losses.sum() / importance.sum().clamp(min=1e-6)


def focal(
    log_probability: Tensor, mask: Tensor, gamma: float = 2.0, smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """Mean of -(1 - p)^gamma log p, p the softmax's probability of the truth (Lin et al. 2017, eq. 4): pixels that are right
    already count less. Cross-entropy where gamma is 0."""
    target = mask.long()
    importance = _importance(target, weights, log_probability)
    loss = _focused(_of_truth(log_probability, target), gamma) * importance * (1 - smoothing)
    if smoothing:
        loss = loss + smoothing * _even(_focused(log_probability, gamma), target, weights)
    return loss.sum() / importance.sum().clamp(min=1e-6)


def hard_examples(
    log_probability: Tensor,
    mask: Tensor,
    smoothing: float = 0.0,
    weights: Tensor | None = None,
    sure: float = SURE,
    least: float = LEAST,
) -> Tensor:
    """Mean cross-entropy of the hard pixels of a batch alone (online hard example mining, Shrivastava et al. 2016).

    Hard are those whose truth has a probability under `sure`; where they are fewer than the share `least` of the known
    pixels, the hardest so many.
    """
    target = mask.long()
    importance = _importance(target, weights, log_probability)
    losses = _losses(log_probability, target, importance, smoothing, weights)
    known = target != VOID
    with torch.no_grad():
        surprise = -_of_truth(log_probability, target)
        ranked = surprise[known]
        count, level = math.ceil(least * len(ranked)), -math.log(sure)
        if count and int((ranked > level).sum()) < count:
            level = float(ranked.topk(count).values[-1])
        hard = known & (surprise >= level)
    return (losses * hard).sum() / (importance * hard).sum().clamp(min=1e-6)


def border_cross_entropy(
    log_probability: Tensor,
    mask: Tensor,
    smoothing: float = 0.0,
    weights: Tensor | None = None,
    near: float = NEAR,
    spread: float = SPREAD,
) -> Tensor:
    """Mean cross-entropy in which pixels count by `border_weights`."""
    target = mask.long()
    importance = _importance(target, weights, log_probability)
    losses = _losses(log_probability, target, importance, smoothing, weights)
    closeness = border_weights(target, near, spread).to(losses.dtype)
    return (losses * closeness).sum() / (importance * closeness).sum().clamp(min=1e-6)


@torch.no_grad()
def border_weights(mask: Tensor, near: float = NEAR, spread: float = SPREAD) -> Tensor:
    """How much each pixel of masks (B, H, W) counts, float32 (B, H, W): 1 + near · exp(-d² / 2 spread²), d the distance to the
    nearest pixel that touches another class.

    After Ronneberger et al. 2015 (U-Net), eq. 2, whose d is the sum of the distances to the two nearest cells; class
    masks know no single cells. Beyond three times the spread it is 1. Edges towards `VOID` are no borders.
    """
    closeness = _borders(mask).float()
    # The weight falls with the squared distance, which is a sum over the axes: the nearest border pixel is found along one
    # axis after the other.
    for axis in (1, 2):
        best, length = closeness.clone(), closeness.shape[axis]
        for step in range(1, min(math.ceil(3 * spread), length - 1) + 1):
            share = math.exp(-(step**2) / (2 * spread**2))
            low, high = (closeness.narrow(axis, start, length - step) * share for start in (0, step))
            for start, shifted in ((step, low), (0, high)):
                part = best.narrow(axis, start, length - step)
                torch.maximum(part, shifted, out=part)
        closeness = best
    return 1 + near * closeness


def _borders(mask: Tensor) -> Tensor:
    """Pixels beside one of another class, both known, bool (B, H, W)."""
    border = torch.zeros_like(mask, dtype=torch.bool)
    for axis in (1, 2):
        length = mask.shape[axis] - 1
        one, other = mask.narrow(axis, 0, length), mask.narrow(axis, 1, length)
        apart = (one != other) & (one != VOID) & (other != VOID)
        border.narrow(axis, 0, length).logical_or_(apart)
        border.narrow(axis, 1, length).logical_or_(apart)
    return border


def _losses(
    log_probability: Tensor, target: Tensor, importance: Tensor, smoothing: float, weights: Tensor | None
) -> Tensor:
    """The cross-entropy of each pixel with its smoothed target, (B, H, W), times its class's weight, which `importance`
    (B, H, W) is already; 0 where it is `VOID`."""
    losses = -_of_truth(log_probability, target) * importance
    if smoothing:
        losses = (1 - smoothing) * losses - smoothing * _even(log_probability, target, weights)
    return losses


def _even(values: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
    """The mean (B, H, W) over the classes of values (B, K, H, W), each times its weight; 0 where the pixel is `VOID`."""
    mean = values.mean(1) if weights is None else torch.einsum("bkhw,k->bhw", values, weights) / values.shape[1]
    return mean * (target != VOID)


def _of_truth(values: Tensor, target: Tensor) -> Tensor:
    """The value of each pixel's class, (B, H, W), out of (B, K, H, W); of `VOID` that of some class."""
    return values.gather(1, target.clamp(max=values.shape[1] - 1)[:, None])[:, 0]


def _focused(log_probability: Tensor, gamma: float) -> Tensor:
    surprise = (1 - log_probability.exp()).clamp(min=1e-12)  # at 0 a power under 1 has no gradient
    return -(surprise**gamma) * log_probability


def _importance(target: Tensor, weights: Tensor | None, like: Tensor) -> Tensor:
    """What each pixel counts, (B, H, W): its class's weight, or 1; 0 where it is `VOID`."""
    known = (target != VOID).to(like.dtype)
    return known if weights is None else weights[target.clamp(max=len(weights) - 1)] * known
