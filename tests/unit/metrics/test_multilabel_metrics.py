"""Average precision and thresholds against scikit-learn and by trying every threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from clearsight.metrics.multilabel import average_precision, best_threshold


def drawn(seed: int, count: int = 300, classes: int = 5, levels: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.random((count, classes)) < np.linspace(0.05, 0.6, classes)
    scores = 1 / (1 + np.exp(-(random.normal(size=truth.shape) + truth)))
    return (np.round(scores * levels) / levels if levels else scores).astype(np.float32), truth


@pytest.mark.parametrize("levels", [0, 7])  # with 7, many scores are equal
def test_average_precision_equals_scikit_learn(levels: int) -> None:
    scores, truth = drawn(0, levels=levels)
    expected = [average_precision_score(truth[:, k], scores[:, k]) for k in range(5)]
    np.testing.assert_allclose(average_precision(scores, truth), expected, atol=1e-12)


@pytest.mark.parametrize("levels", [0, 7])
def test_resamples_count_pictures_as_often_as_they_are_drawn(levels: int) -> None:
    scores, truth = drawn(1, 60, levels=levels)
    counts = np.random.default_rng(2).multinomial(60, np.full(60, 1 / 60), size=4)
    found = average_precision(scores, truth, counts)
    for row, times in zip(found, counts, strict=True):
        again = np.repeat(np.arange(60), times)
        for k in range(5):
            if truth[again, k].any():
                assert row[k] == pytest.approx(average_precision_score(truth[again, k], scores[again, k]))


def test_a_class_that_never_applies_has_none() -> None:
    scores, truth = drawn(3)
    truth[:, 2] = False
    assert average_precision(scores, truth)[2] == 0


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=30))
def test_no_threshold_does_better(pairs: list[tuple[int, bool]]) -> None:
    scores, truth = np.array([s / 10 for s, _ in pairs]), np.array([t for _, t in pairs])
    found = best_threshold(scores, truth)
    assert 0 <= found <= 1
    if truth.any():
        reached = f1_score(truth, scores >= found)
        assert reached >= max(f1_score(truth, scores >= cut) for cut in np.linspace(0, 1, 21)) - 1e-9
    else:
        assert found == 0.5


def test_a_threshold_lies_between_scores() -> None:
    assert best_threshold(np.array([0.9, 0.8, 0.2, 0.1]), np.array([1, 1, 0, 0], bool)) == pytest.approx(0.5)
    assert best_threshold(np.array([0.3, 0.1]), np.array([1, 0], bool)) == pytest.approx(0.2)
