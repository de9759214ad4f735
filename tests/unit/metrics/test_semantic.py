"""Figures of class masks by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.metrics.semantic import Regions, mean_of_present, per_thousand, pixel_confusion, regions
from clearsight.metrics.wrong_regions import WrongRegion, wrong_regions

VOID = 255
TRUTH = np.array([[0, 0, 1, 1], [0, 0, 1, VOID], [2, 2, VOID, VOID]], np.uint8)
FOUND = np.array([[0, 1, 1, 1], [0, 0, 0, 0], [3, 2, 3, 0]], np.uint8)


def masks(seed: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """A truth with unknown pixels and an answer, uint8 (7, 9); not every class need occur."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, (7, 9)).astype(np.uint8)
    found = np.where(random.random((7, 9)) < 0.6, truth, random.integers(0, classes, (7, 9))).astype(np.uint8)
    truth[random.random((7, 9)) < 0.2] = VOID
    truth[0, 0] = 0
    return truth, found


def regions_of(confusion: np.ndarray) -> Regions:
    return regions(np.diagonal(confusion), confusion.sum(1), confusion.sum(0))


def test_pixels_are_counted_by_what_they_are_and_what_they_were_taken_for() -> None:
    assert pixel_confusion(TRUTH, FOUND, 4).tolist() == [[3, 1, 0, 0], [1, 2, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]]


def test_figures_by_hand() -> None:
    figures = regions_of(pixel_confusion(TRUTH, FOUND, 5))
    np.testing.assert_allclose(figures.iou, [3 / 5, 2 / 4, 1 / 2, 0, np.nan])
    np.testing.assert_allclose(figures.dice, [6 / 8, 4 / 6, 2 / 3, 0, np.nan])
    assert figures.support.tolist() == [4, 3, 2, 0, 0]
    assert float(figures.mean_iou) == pytest.approx((0.6 + 0.5 + 0.5 + 0) / 4)
    assert float(figures.mean_dice) == pytest.approx((6 / 8 + 4 / 6 + 2 / 3) / 4)
    assert float(figures.accuracy) == pytest.approx(6 / 9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_figures_equal_scikit_learn(seed: int, classes: int) -> None:
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, jaccard_score

    truth, found = masks(seed, classes)
    known = truth != VOID
    pair = (truth[known], found[known])
    figures = regions_of(pixel_confusion(truth, found, classes))
    np.testing.assert_array_equal(
        pixel_confusion(truth, found, classes), confusion_matrix(*pair, labels=np.arange(classes))
    )
    assert float(figures.mean_iou) == pytest.approx(jaccard_score(*pair, average="macro"))
    assert float(figures.mean_dice) == pytest.approx(f1_score(*pair, average="macro"))
    assert float(figures.accuracy) == pytest.approx(accuracy_score(*pair))


def test_many_resamples_are_worked_out_at_once() -> None:
    counts = np.array([[[3, 1], [4, 3], [5, 2]], [[0, 0], [1, 0], [0, 1]]])  # (r, 3, K)
    together = regions(*counts.swapaxes(0, 1))
    for row, (hits, support, predicted) in enumerate(counts):
        alone = regions(hits, support, predicted)
        np.testing.assert_allclose(together.iou[row], alone.iou)
        assert together.mean_dice[row] == pytest.approx(alone.mean_dice)
        assert together.accuracy[row] == pytest.approx(alone.accuracy)


def test_masks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"masks of one size"):
        pixel_confusion(TRUTH, FOUND[:2], 4)
    with pytest.raises(ValueError, match=r"values up to 2, or 255"):
        pixel_confusion(TRUTH, FOUND, 3)


def test_means_leave_out_what_is_nowhere() -> None:
    np.testing.assert_allclose(mean_of_present(np.array([[1, np.nan, 0], [np.nan] * 3])), [0.5, np.nan])


def test_confusions_are_told_in_a_thousand_of_each_class() -> None:
    confusion = np.array([[999_000, 500, 500], [3, 1, 0], [0, 0, 0]])
    assert per_thousand(confusion).tolist() == [[999, 0, 0], [750, 250, 0], [0, 0, 0]]


def test_the_largest_region_of_each_confusion_is_found() -> None:
    truth = np.zeros((20, 30), np.uint8)
    truth[:, 20:] = 1
    found = truth.copy()
    found[2:5, 3:9] = 2  # 18 pixels
    found[10:12, 3:5] = 2  # 4 more
    found[15:20, 25:30] = 0  # 25
    found[0, 0] = 1
    truth[19, 29] = VOID
    confusion = pixel_confusion(truth, found, 3)
    expected = [
        WrongRegion(1, 0, 24, (25, 15, 30, 20)),
        WrongRegion(0, 2, 22, (3, 2, 9, 5)),
        WrongRegion(0, 1, 1, (0, 0, 1, 1)),
    ]
    assert wrong_regions(truth, found, confusion, 5) == expected
    assert wrong_regions(truth, found, confusion, 2) == expected[:2]
    assert wrong_regions(truth, truth, pixel_confusion(truth, np.minimum(truth, 2), 3), 2) == []
