"""Errors of numbers against scikit-learn, with values that are missing, and resampled."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from clearsight.metrics.regression import errors


def drawn(seed: int = 0, count: int = 80) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.normal([5.0, 1e6], [2.0, 3.0], (count, 2))  # the second far from zero
    return truth + random.normal(size=truth.shape), truth


def by_hand(found: np.ndarray, truth: np.ndarray) -> list[float]:
    return [
        reference.mean_absolute_error(truth, found),
        reference.root_mean_squared_error(truth, found),
        reference.r2_score(truth, found),
    ]


def test_they_equal_scikit_learn_where_some_are_missing() -> None:
    found, truth = drawn()
    truth[:10, 1] = np.nan
    each = errors(found, truth)
    for k in range(2):
        known = np.isfinite(truth[:, k])
        expected = by_hand(found[known, k], truth[known, k])
        assert [each.mae[k], each.rmse[k], each.r2[k]] == pytest.approx(expected, rel=1e-9)
    assert each.support.tolist() == [80, 70]


def test_resamples_count_pictures_as_often_as_they_are_drawn() -> None:
    found, truth = drawn(1)
    counts = np.random.default_rng(2).multinomial(80, np.full(80, 1 / 80), size=3)
    each = errors(found, truth, counts)
    for r, times in enumerate(counts):
        again = np.repeat(np.arange(80), times)
        for k in range(2):
            expected = by_hand(found[again, k], truth[again, k])
            assert [each.mae[r, k], each.rmse[r, k], each.r2[r, k]] == pytest.approx(expected, rel=1e-6)


def test_a_truth_that_does_not_vary_and_one_that_is_not_there() -> None:
    truth = np.array([[2.0, 2.0, np.nan], [2.0, 2.0, np.nan]])
    each = errors(np.array([[2.0, 3.0, 1.0], [2.0, 2.0, 1.0]]), truth)
    assert each.r2[:2].tolist() == [1.0, 0.0] and np.isnan(each.mae[2]) and np.isnan(each.r2[2])
