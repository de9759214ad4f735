from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from clearsight.metrics import selective

SCORES = st.lists(st.integers(0, 9), min_size=1, max_size=40).map(lambda values: np.array(values) / 3)


def test_the_curve_by_hand() -> None:
    curve = selective.risk_coverage(np.array([0.9, 0.1, 0.5, 0.5]), np.array([True, False, True, False]))
    np.testing.assert_allclose(curve.threshold, [0.9, 0.5, 0.1])
    np.testing.assert_allclose(curve.coverage, [0.25, 0.75, 1])
    np.testing.assert_allclose(curve.accuracy, [1, 2 / 3, 0.5])


def test_aurc_is_the_mean_over_the_orders_of_equals() -> None:
    right = np.array([1, 1, 0, 0])
    assert selective.aurc(np.array([4, 3, 2, 1.0]), right) == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    orders = [[1, 1, 0, 0], [1, 0, 1, 0]]  # the middle two are equal
    mean = np.mean([1 - np.mean(np.cumsum(order) / np.arange(1, 5)) for order in orders])
    assert selective.aurc(np.array([4, 3, 3, 1.0]), np.array([1, 1, 0, 0])) == pytest.approx(mean)
    low, high = selective.aurc_interval(np.arange(100.0), np.arange(100) > 20)
    assert low <= selective.aurc(np.arange(100.0), np.arange(100) > 20) <= high


@settings(max_examples=60)
@given(SCORES, st.floats(0.01, 1))
def test_the_threshold_answers_enough_and_no_more_than_it_must(scores: np.ndarray, share: float) -> None:
    below = selective.threshold_at(scores, share)
    assert (scores >= below).mean() >= share - 1e-9
    higher = np.unique(scores)[np.unique(scores) >= below]
    if len(higher) > 1:  # the next threshold up would answer too few
        assert (scores >= higher[1]).mean() < share + 1e-9


@settings(max_examples=60)
@given(SCORES, SCORES)
def test_auroc_and_roc_are_scikit_learn_s(known: np.ndarray, unknown: np.ndarray) -> None:
    truth, scores = np.r_[np.ones(len(known)), np.zeros(len(unknown))], np.r_[known, unknown]
    area, (low, high) = selective.auroc(known, unknown)
    assert area == pytest.approx(roc_auc_score(truth, scores))
    assert 0 <= low <= area <= high <= 1
    wrongly, rightly = selective.roc(known, unknown)
    theirs = roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose(wrongly, theirs[0])
    np.testing.assert_allclose(rightly, theirs[1])


def test_delong_s_variance_by_hand() -> None:
    known, unknown = np.array([3, 2, 1.0]), np.array([2.0, 0.0])
    above, below = np.array([1, 0.75, 0.5]), np.array([0.5, 1])  # 1.5 of 3 above the first, all above the second
    area, (low, _) = selective.auroc(known, unknown)
    assert area == pytest.approx(0.75)
    reach = selective.Z95 * (above.var(ddof=1) / 3 + below.var(ddof=1) / 2) ** 0.5
    assert low == pytest.approx(max(0.0, 0.75 - reach))


def test_wilson_s_interval() -> None:
    low, high = selective.share_interval(10, 100)  # Newcombe 1998 gives 0.0552 to 0.1744
    assert (low, high) == (pytest.approx(0.0552, abs=1e-4), pytest.approx(0.1744, abs=1e-4))
    assert selective.share_interval(0, 20)[0] == 0 < selective.share_interval(0, 20)[1]
    assert selective.share_interval(0, 0) == (0, 1)


def test_what_makes_no_curve_is_refused() -> None:
    for call in (
        lambda: selective.risk_coverage(np.array([1.0, 2]), np.array([True])),
        lambda: selective.aurc(np.array([np.nan]), np.array([True])),
        lambda: selective.threshold_at(np.array([]), 0.9),
        lambda: selective.auroc(np.array([1.0]), np.array([])),
    ):
        with pytest.raises(ValueError, match=r"needed|finite|needs"):
            call()
