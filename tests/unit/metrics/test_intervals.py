"""Bootstrap intervals against a plain loop, SciPy and the binomial distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from clearsight.metrics import intervals


def share(distinct: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The mean of the first fact in every resample."""
    return counts @ distinct[:, 0] / counts.sum(axis=1)


def test_same_seed_same_values_and_other_seed_others() -> None:
    facts = np.arange(30)[:, None]
    one, same, other = (intervals.bootstrap(facts, share, resamples=50, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_every_resample_draws_as_many_pictures_as_there_are() -> None:
    facts = np.array([[0], [0], [1], [2], [2], [2]])
    totals = intervals.bootstrap(facts, lambda _, counts: counts.sum(axis=1), resamples=20)
    assert totals.tolist() == [6] * 20


def test_chunks_change_nothing_but_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = np.arange(40)[:, None]
    whole = intervals.bootstrap(facts, share, resamples=100, seed=3)
    monkeypatch.setattr(intervals, "CHUNK", 7 * 40)
    np.testing.assert_array_equal(intervals.bootstrap(facts, share, resamples=100, seed=3), whole)


def test_pictures_that_are_all_unlike_are_drawn_by_their_number() -> None:
    drawn = intervals.bootstrap_pictures(30, lambda counts: counts @ np.arange(30) / 30, resamples=50, seed=4)
    np.testing.assert_allclose(drawn, intervals.bootstrap(np.arange(30)[:, None], share, resamples=50, seed=4))


def test_bounds_are_of_figures_with_a_value_from_resamples_that_have_one() -> None:
    drawn = np.stack([np.linspace(0.2, 0.4, 101), np.linspace(0.9, 1.1, 101), np.full(101, 0.5)], axis=1)
    drawn[0, 0] = np.nan
    found = intervals.bounds(drawn, ("first", "second", "third"), {"first": 0.3, "second": 1.0})
    assert found.keys() == {"first", "second"}
    assert found["first"] == pytest.approx(intervals.percentile_interval(drawn[1:, 0], around=0.3))
    assert found["second"] == pytest.approx((0.905, 1.0))  # a share is no larger


def test_interval_of_a_share_is_that_of_the_binomial() -> None:
    facts = (np.arange(400) < 360)[:, None].astype(np.int64)
    low, high = intervals.percentile_interval(intervals.bootstrap(facts, share, resamples=20_000))
    assert (low, high) == pytest.approx(tuple(stats.binom.ppf([0.025, 0.975], 400, 0.9) / 400), abs=0.003)


def test_interval_of_a_mean_agrees_with_scipy() -> None:
    values = np.random.default_rng(5).exponential(size=80)
    found = intervals.percentile_interval(intervals.bootstrap(values[:, None], share, resamples=9999))
    expected = stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(6))
    assert found == pytest.approx(tuple(expected.confidence_interval), abs=0.02)


def test_an_interval_around_a_figure_is_moved_by_the_bias() -> None:
    values = np.linspace(0.4, 0.6, 101)
    low, high = intervals.percentile_interval(values, 0.9)
    moved = intervals.percentile_interval(values, 0.9, around=0.7)
    assert moved == pytest.approx((low + 0.2, high + 0.2))


def test_no_picture_is_an_error() -> None:
    with pytest.raises(ValueError, match="no picture"):
        intervals.bootstrap(np.zeros((0, 2)), share)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_sums_by_group(group: list[int]) -> None:
    counts = np.random.default_rng(0).integers(0, 9, (3, len(group)))
    expected = np.stack([np.bincount(group, row, 5) for row in counts])
    np.testing.assert_array_equal(intervals.sum_by(counts, np.array(group), 5), expected)
