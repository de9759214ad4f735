"""The boundary F-score by hand and against scipy's distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from clearsight.metrics.boundary import _spread, boundary_f

VOID = 255


def halves(height: int, width: int, at: int) -> np.ndarray:
    """Class 0 left of a column, class 1 from it on."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, at:] = 1
    return mask


def reference(truth: np.ndarray, found: np.ndarray, classes: int, tolerance: float) -> np.ndarray:
    """The same from the definition, class by class, with whole distance maps."""
    found = np.where(truth == VOID, VOID, found)
    reach = tolerance * np.hypot(*truth.shape)
    scores = []
    for k in range(classes):
        edges = []
        for mask in (truth, found):
            inside = np.pad(mask, 1, mode="edge")
            other = [
                inside[1 + y : 1 + y + mask.shape[0], 1 + x : 1 + x + mask.shape[1]] != mask
                for y, x in ((0, 1), (1, 0), (0, -1), (-1, 0))
            ]
            edges.append((mask == k) & np.any(other, axis=0))
        asked, said = edges
        if not asked.any() and not said.any():
            scores.append(np.nan)
        elif not asked.any() or not said.any():
            scores.append(0.0)
        else:
            p = (distance_transform_edt(~asked)[said] < reach).mean()
            r = (distance_transform_edt(~said)[asked] < reach).mean()
            scores.append(2 * p * r / (p + r) if p + r else 0.0)
    return np.array(scores)


def test_an_edge_within_the_tolerance_is_right_and_one_beyond_is_not() -> None:
    truth = halves(60, 80, 40)  # a diagonal of 100
    assert boundary_f(truth, truth, 2).tolist() == [1, 1]
    for moved, tolerance, expected in ((2, 0.021, 1.0), (2, 0.02, 0.0), (3, 0.021, 0.0), (1, 0.0101, 1.0)):
        assert boundary_f(truth, halves(60, 80, 40 + moved), 2, tolerance=tolerance).tolist() == [expected] * 2


def test_precision_and_recall_count_both_ways() -> None:
    truth, found = halves(60, 80, 40), halves(60, 80, 40)
    found[:30, 60:] = 2  # an edge too many, of 1 and 2: 30 pixels up, 20 across
    found_pixels = 60 + 30 + 20 - 1 + 1  # of class 1: the true edge, and beside the region of 2, with its inner corner
    precision = 60 / found_pixels
    scores = boundary_f(truth, found, 4, tolerance=0.015)
    assert scores[0] == 1
    assert scores[1] == pytest.approx(2 * precision / (precision + 1), abs=0.01)
    assert scores[2] == 0
    assert np.isnan(scores[3])


def test_a_picture_of_one_class_has_no_boundary() -> None:
    plain = np.zeros((10, 12), np.uint8)
    assert np.isnan(boundary_f(plain, plain, 2)).all()


def test_what_is_not_known_is_a_region_of_its_own() -> None:
    truth = halves(60, 80, 40)
    truth[:, 38:42] = VOID
    found = halves(60, 80, 41)
    assert boundary_f(truth, found, 2, tolerance=0.005).tolist() == [1, 1]
    found[:, 10:20] = 1  # beyond it the answer is asked for as always
    assert (boundary_f(truth, found, 2, tolerance=0.005) < 1).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 5, 70]), st.sampled_from([0.0075, 0.05, 0.1, 0.4]))
def test_scores_are_those_of_the_definition(seed: int, classes: int, tolerance: float) -> None:
    random = np.random.default_rng(seed)
    coarse = random.integers(0, classes, (5, 7)).astype(np.uint8)
    truth = np.kron(coarse, np.ones((6, 5), np.uint8))
    found = np.roll(truth, random.integers(-2, 3, 2), (0, 1))
    found[random.random(found.shape) < 0.02] = random.integers(0, classes)
    truth[random.random(truth.shape) < 0.05] = VOID
    np.testing.assert_allclose(
        boundary_f(truth, found, classes, tolerance=tolerance), reference(truth, found, classes, tolerance)
    )


@pytest.mark.parametrize("reach", [0.7, 1.0, 1.5, 3.0, 4.5, 5.0, 30.0])
def test_bits_spread_to_a_disc(reach: float) -> None:
    bits = np.zeros((21, 17), np.uint16)
    bits[9, 6], bits[0, 0] = 1 << 3, 1 << 12
    y, x = np.mgrid[:21, :17]
    expected = np.where((y - 9) ** 2 + (x - 6) ** 2 < reach**2, 1 << 3, 0) | np.where(
        y**2 + x**2 < reach**2, 1 << 12, 0
    )
    np.testing.assert_array_equal(_spread(bits, reach), expected)
