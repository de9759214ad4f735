"""How right a model is about labels that each apply or do not. Pure functions on numpy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def average_precision(scores: Array, truth: Array, counts: Array | None = None) -> Array:
    """Area under precision over recall, by steps, of each class: float64 (K,) for scores and bool truth (N, K).

    AP = Σ (Rₙ - Rₙ₋₁) Pₙ over the distinct scores, as scikit-learn's `average_precision_score`; 0 for a class that
    applies to no picture. With `counts` (r, N), how often each picture occurs in r resamples, (r, K).
    """
    resampled = np.ones((1, len(scores)), np.int64) if counts is None else counts
    found = [_one_class(scores[:, k], truth[:, k], resampled) for k in range(scores.shape[1])]
    precision = np.stack(found, axis=1) if found else np.zeros((len(resampled), 0))
    return precision[0] if counts is None else precision


def _one_class(scores: Array, truth: Array, counts: Array) -> Array:
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], truth[order]
    # Precision matters only where recall changes: at the last picture of each tie that holds a positive.
    ends = np.unique(np.searchsorted(-ranked, -ranked[right], side="right") - 1)
    if not len(ends):
        return np.zeros(len(counts))
    starts = np.concatenate([[0], ends[:-1] + 1])
    drawn = counts[:, order[: ends[-1] + 1]]
    taken = np.add.reduceat(drawn, starts, axis=1).cumsum(axis=1)
    hits = np.add.reduceat(drawn * right[: ends[-1] + 1], starts, axis=1)
    precision = hits.cumsum(axis=1) / np.maximum(taken, 1)
    area: Array = (precision * hits).sum(axis=1) / np.maximum(hits.sum(axis=1), 1)
    return area


def best_threshold(scores: Array, truth: Array, otherwise: float = 0.5, total: int | None = None) -> float:
    """The threshold at which "score ≥ threshold" has the largest F1, for scores in [0, 1] and bool truth (N,).

    It lies halfway between two scores that are met; of equal F1 the nearest to `otherwise`, which is the answer too where
    no truth is positive. `total` is how many positives there are, where some have no score at all.
    """
    if not truth.any():
        return otherwise
    order = np.argsort(-scores, kind="stable")
    ranked, hits = np.asarray(scores, np.float64)[order], truth[order].cumsum()
    last = np.append(ranked[1:] < ranked[:-1], True)  # equal scores are taken together
    positives = hits[-1] if total is None else total
    f1 = (2 * hits / (np.arange(1, len(ranked) + 1) + positives))[last]
    edges = ranked[last]
    cuts = (edges + np.append(edges[1:], 0.0)) / 2
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    return float(cuts[best[np.abs(cuts[best] - otherwise).argmin()]])
