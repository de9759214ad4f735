"""Whether a classifier means what its probabilities say, and how to make it so. Pure functions, numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

TEMPERATURES = (0.05, 20.0)
"""Bounds of a fitted temperature. Outside of them the outputs carry no information worth scaling."""


@dataclass(frozen=True)
class Reliability:
    """Pictures sorted into B bins of equal width by their confidence. Means of empty bins are NaN."""

    edges: Array  # float64 (B + 1,), from 0 to 1
    count: Array  # int64 (B,)
    confidence: Array  # float64 (B,), mean confidence
    accuracy: Array  # float64 (B,), share that is right


def reliability(confidence: Array, correct: Array, bins: int = 15) -> Reliability:
    """The curve from confidences (N,) in [0, 1] and whether each is right (N,). Bins are (low, high]."""
    confidence = np.asarray(confidence, np.float64)
    edges = np.linspace(0, 1, bins + 1)
    which = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(which, minlength=bins)
    with np.errstate(invalid="ignore"):
        return Reliability(
            edges,
            count,
            np.bincount(which, confidence, bins) / count,
            np.bincount(which, np.asarray(correct, np.float64), bins) / count,
        )


def expected_calibration_error(confidence: Array, correct: Array, bins: int = 15) -> float:
    """Mean distance of confidence and accuracy over the pictures' bins (Guo et al. 2017, eq. 3)."""
    curve = reliability(confidence, correct, bins)
    gap = np.abs(np.nan_to_num(curve.confidence - curve.accuracy))
    return float((gap * curve.count).sum() / curve.count.sum())


def negative_log_likelihood(true_probability: Array) -> float:
    """Mean of -log of the probabilities (N,) of the true class, in nats. A 0 counts as float32's epsilon."""
    least = float(np.finfo(np.float32).eps)
    return float(-np.log(np.clip(np.asarray(true_probability, np.float64), least, 1)).mean())


def brier_score(probabilities: Array, truth: Array) -> float:
    """Mean squared distance of probabilities (N, K) from the one-hot truth (N,), from 0 to 2 (Brier 1950)."""
    probabilities = np.asarray(probabilities, np.float64)
    one_hot = np.eye(probabilities.shape[1])[np.asarray(truth, np.int64)]
    return float(((probabilities - one_hot) ** 2).sum(axis=1).mean())


def fit_temperature(logits: Array, truth: Array) -> float:
    """The T for which softmax(logits / T) makes the truth likeliest (Guo et al. 2017, section 4.2).

    `logits` are finite (N, K), `truth` integers (N,). The likelihood is concave in 1/T, so its slope has
    one root, found by Newton steps kept inside a shrinking bracket. The truth is softened by one doubtful
    picture in N + 2 (Platt 1999): on pictures that are all right the likelihood alone would ask for T = 0.
    Raises `ValueError` on other shapes or values that are not finite.
    """
    logits = np.asarray(logits, np.float64)
    truth = np.asarray(truth, np.int64)
    if logits.ndim != 2 or truth.shape != logits.shape[:1] or not len(logits):
        raise ValueError(f"logits (N, K) and truth (N,) are needed, these are {logits.shape} and {truth.shape}")
    if not np.isfinite(logits).all():
        raise ValueError("logits must be finite")
    doubt = 1 / (len(logits) + 2)
    true_logit = np.take_along_axis(logits, truth[:, None], axis=1)[:, 0]
    target = ((1 - doubt) * true_logit + doubt * logits.mean(axis=1)).mean()
    low, high = 1 / TEMPERATURES[1], 1 / TEMPERATURES[0]
    inverse = 1.0
    for _ in range(100):
        slope, curvature = _moments(logits, inverse)
        slope -= target
        if slope == 0:
            break
        low, high = (inverse, high) if slope < 0 else (low, inverse)
        step = inverse - slope / curvature if curvature > 0 else low
        following = step if low < step < high else (low + high) / 2
        if abs(following - inverse) <= 1e-9 * inverse:
            break
        inverse = following
    return float(np.clip(1 / inverse, *TEMPERATURES))


def _moments(logits: Array, inverse: float) -> tuple[float, float]:
    """Mean over the pictures of the mean and the variance of the logits under softmax(inverse · logits)."""
    centred = logits - logits.max(axis=1, keepdims=True)
    weight = np.exp(inverse * centred)
    weight /= weight.sum(axis=1, keepdims=True)
    mean = (weight * centred).sum(axis=1)
    variance = (weight * centred**2).sum(axis=1) - mean**2
    return float((mean + logits.max(axis=1)).mean()), float(variance.mean())
