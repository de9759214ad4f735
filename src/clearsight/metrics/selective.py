"""Answering only where one is sure: scores and thresholds, risk against coverage, known against unknown. numpy only.

A score says how surely a picture is of a known class, higher is surer; a picture is answered where its score is not
below the threshold. Coverage is the share that is answered (Geifman and El-Yaniv 2017, arXiv 1705.08500).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from clearsight.metrics.intervals import percentile_interval

Array = np.ndarray[Any, np.dtype[Any]]

Z95 = 1.959963984540054
"""The standard normal's 97.5 % point."""


@dataclass(frozen=True)
class RiskCoverage:
    """Accuracy of the answered by how many are answered, the surest first; one point for each different score."""

    threshold: Array  # float64 (T,), falling
    coverage: Array  # float64 (T,), rising to 1: share with a score of at least the threshold
    accuracy: Array  # float64 (T,), of those


def risk_coverage(score: Array, right: Array) -> RiskCoverage:
    """The curve from scores (N,) and whether each answer is right (N,). Risk is 1 - accuracy. Raises `ValueError`."""
    score, right = _pair(score, right)
    values, which = np.unique(-score, return_inverse=True)
    count = np.bincount(which)
    hits = np.bincount(which, right)
    answered = count.cumsum()
    return RiskCoverage(-values, answered / len(score), hits.cumsum() / answered)


def aurc(score: Array, right: Array) -> float:
    """Area under the risk-coverage curve: the mean risk when the k surest are answered, k = 1 … N, from 0 to 1 (Geifman,
    Uziel and El-Yaniv 2019, arXiv 1805.08206, eq. 2). Of equal scores each order is as likely."""
    score, right = _pair(score, right)
    _, which = np.unique(-score, return_inverse=True)
    share = (np.bincount(which, right) / np.bincount(which))[which]  # of right ones among equals
    ordered = share[np.argsort(-score, kind="stable")]
    return float(1 - (ordered.cumsum() / np.arange(1, len(score) + 1)).mean())


def threshold_at(score: Array, share: float) -> float:
    """A threshold at which at least `share` of the scores (N,) are not below it, and as many others as may be are: half
    way between the last of these and the next, so that rounding turns no answer. Raises `ValueError`."""
    score = np.sort(np.asarray(score, np.float64))
    if not len(score) or not np.isfinite(score).all():
        raise ValueError("a threshold needs one finite score or more")
    least = min(int((1 - share) * len(score) + 1e-9), len(score) - 1)
    lower = score[score < score[least]]
    return float((score[least] + lower[-1]) / 2 if len(lower) else score[least])


def auroc(known: Array, unknown: Array) -> tuple[float, tuple[float, float]]:
    """How often a known picture scores above an unknown one, a tie counting half, and its 95 % interval.

    From scores (N,) and (M,); 0.5 is chance, 1 a clean separation. The interval is DeLong's (DeLong, DeLong and
    Clarke-Pearson 1988), cut to [0, 1]. Raises `ValueError` where one of them is empty.
    """
    known, unknown = np.asarray(known, np.float64), np.asarray(unknown, np.float64)
    if not len(known) or not len(unknown):
        raise ValueError("known and unknown scores are needed")
    above = _share_below(known, unknown)  # of each known picture, the share of unknown ones below it
    below = 1 - _share_below(unknown, known)
    area = float(above.mean())
    variance = sum(float(part.var(ddof=1)) / len(part) for part in (above, below) if len(part) > 1)
    reach = Z95 * variance**0.5
    return area, (max(0.0, area - reach), min(1.0, area + reach))


def roc(known: Array, unknown: Array) -> tuple[Array, Array]:
    """Shares of unknown and of known pictures that are answered, each float64 (T + 1,), from (0, 0) to (1, 1) as the
    threshold falls through the T different scores."""
    known, unknown = np.sort(np.asarray(known, np.float64)), np.sort(np.asarray(unknown, np.float64))
    thresholds = np.concatenate([[np.inf], np.unique(np.concatenate([known, unknown]))[::-1]])
    shares = [1 - np.searchsorted(part, thresholds, side="left") / len(part) for part in (unknown, known)]
    return shares[0], shares[1]


def share_interval(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share of `hits` in `count` (Wilson 1927): never empty, also at 0 and at all."""
    if not count:
        return 0.0, 1.0
    share, z = hits / count, Z95**2 / count
    middle, reach = share + z / 2, (share * (1 - share) * z + z**2 / 4) ** 0.5
    return max(0.0, (middle - reach) / (1 + z)), min(1.0, (middle + reach) / (1 + z))


def aurc_interval(score: Array, right: Array, *, resamples: int = 200, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of `aurc` over the pictures."""
    score, right = _pair(score, right)
    draw = np.random.default_rng(seed)
    picks = (draw.integers(0, len(score), len(score)) for _ in range(resamples))
    return percentile_interval(np.array([aurc(score[pick], right[pick]) for pick in picks]))


def _share_below(scores: Array, others: Array) -> Array:
    """For each score the share of others below it, equal ones counting half."""
    ordered = np.sort(others)
    below, upto = (np.searchsorted(ordered, scores, side=side) for side in ("left", "right"))
    return (below + upto) / (2 * len(others))


def _pair(score: Array, right: Array) -> tuple[Array, Array]:
    score, right = np.asarray(score, np.float64), np.asarray(right, np.float64)
    if score.ndim != 1 or score.shape != right.shape or not len(score):
        raise ValueError(f"scores (N,) and right or wrong (N,) are needed, these are {score.shape} and {right.shape}")
    if not np.isfinite(score).all():
        raise ValueError("scores must be finite")
    return score, right
