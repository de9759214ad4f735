"""How right a classifier is. Pure functions on numpy arrays, with scikit-learn's conventions.

Classes are integers 0 … K-1. A ratio without a denominator (precision of a class never predicted, recall of
a class that never occurs) is 0. A macro average is over the classes that occur, in truth or prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def confusion_matrix(truth: Array, predicted: Array, classes: int) -> Array:
    """Counts int64 (K, K), rows the truth and columns the prediction, from two (N,) integers."""
    cells = np.asarray(truth, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def accuracy(truth: Array, predicted: Array) -> float:
    """Share of the pictures that are right, from 0 to 1; NaN without a picture."""
    return float(np.mean(truth == predicted)) if len(truth) else float("nan")


def truth_ranks(scores: Array, truth: Array) -> Array:
    """How many classes score above the true one, int64 (N,), for scores (N, K) and truth (N,).

    Of equal scores the lower class comes first, as with argmax: rank 0 is exactly where argmax is right.
    """
    true_score = np.take_along_axis(scores, np.asarray(truth, np.int64)[:, None], axis=1)
    before = np.arange(scores.shape[1])[None, :] < np.asarray(truth)[:, None]
    ahead: Array = (scores > true_score) | ((scores == true_score) & before)
    return np.asarray(ahead.sum(axis=1))


def top_k_accuracy(scores: Array, truth: Array, k: int) -> float:
    """Share of the pictures whose true class is among the k best scores; NaN without a picture."""
    return float(np.mean(truth_ranks(scores, truth) < k)) if len(truth) else float("nan")


@dataclass(frozen=True)
class PerClass:
    """Precision, recall and F1 of every class, float64 (..., K), and the counts behind them, int64."""

    precision: Array
    recall: Array
    f1: Array
    support: Array  # pictures that are of the class
    predicted: Array  # pictures that were taken for it

    def macro(self, values: Array) -> Array:
        """Mean (...) of values (..., K) over the classes that occur in truth or prediction."""
        occurs = (self.support > 0) | (self.predicted > 0)
        return _ratio((values * occurs).sum(-1), occurs.sum(-1))

    def weighted(self, values: Array) -> Array:
        """Mean (...) of values (..., K), each class weighing as many as its pictures."""
        return _ratio((values * self.support).sum(-1), self.support.sum(-1))


def precision_recall_f1(hits: Array, support: Array, predicted: Array) -> PerClass:
    """From counts (..., K): pictures that are right, that are of the class, and that were taken for it."""
    return PerClass(
        precision=_ratio(hits, predicted),
        recall=_ratio(hits, support),
        f1=_ratio(2 * hits, support + predicted),
        support=support,
        predicted=predicted,
    )


def per_class(confusion: Array) -> PerClass:
    """`precision_recall_f1` of a confusion matrix (K, K)."""
    return precision_recall_f1(np.diagonal(confusion), confusion.sum(1), confusion.sum(0))


def _ratio(above: Array, below: Array) -> Array:
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    ratio = np.zeros(np.broadcast(above, below).shape)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
