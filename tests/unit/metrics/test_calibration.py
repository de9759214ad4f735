"""Calibration against scikit-learn, SciPy and hand-worked arrays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from clearsight.metrics import calibration


def sampled(count: int, classes: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose right temperature is known: the truth is drawn from softmax(logits / temperature)."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(count, classes)) * 3
    chances = softmax(logits / temperature, axis=1)
    truth = (chances.cumsum(1) < random.random((count, 1))).sum(1)
    return logits, np.minimum(truth, classes - 1)


def test_calibration_error_by_hand() -> None:
    confidence, correct = np.array([0.95, 0.95, 0.55, 0.55]), np.array([1, 0, 1, 1])
    # Two bins of ten: |0.95 - 0.5| and |0.55 - 1|, each with half of the pictures.
    assert calibration.expected_calibration_error(confidence, correct, bins=10) == pytest.approx(0.45)


def test_bins_include_their_upper_edge_and_zero_falls_in_the_first() -> None:
    curve = calibration.reliability(np.array([0.0, 0.5, 0.500001, 1.0]), np.array([0, 1, 0, 1]), bins=2)
    assert curve.count.tolist() == [2, 2]
    assert curve.accuracy.tolist() == [0.5, 0.5]


def test_reliability_curve_equals_scikit_learn() -> None:
    random = np.random.default_rng(1)
    confidence = random.random(500)
    correct = random.random(500) < confidence
    curve = calibration.reliability(confidence, correct)
    accuracy, mean = calibration_curve(correct, confidence, n_bins=15)
    np.testing.assert_allclose(curve.accuracy[curve.count > 0], accuracy)
    np.testing.assert_allclose(curve.confidence[curve.count > 0], mean)
    assert curve.count.sum() == 500


def test_negative_log_likelihood_equals_scikit_learn() -> None:
    random = np.random.default_rng(2)
    chances, truth = softmax(random.normal(size=(60, 4)), axis=1), random.integers(0, 4, 60)
    expected = log_loss(truth, chances, labels=range(4))
    assert calibration.negative_log_likelihood(chances[np.arange(60), truth]) == pytest.approx(expected)


def test_certain_and_wrong_is_finite() -> None:
    assert calibration.negative_log_likelihood(np.array([0.0])) == pytest.approx(-np.log(2.0**-23))


def test_brier_score_by_hand() -> None:
    chances = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0]])
    assert calibration.brier_score(chances, np.array([0, 2])) == pytest.approx((0.09 + 0.04 + 0.01 + 2.0) / 2)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5, 8.0])
def test_the_temperature_that_made_the_truth_is_found(temperature: float) -> None:
    logits, truth = sampled(6000, 5, temperature)
    assert calibration.fit_temperature(logits, truth) == pytest.approx(temperature, rel=0.08)


def test_the_fit_is_the_minimum_that_scipy_finds() -> None:
    logits, truth = sampled(300, 4, 2.0, seed=4)
    doubt = 1 / 302
    soft = np.eye(4)[truth] * (1 - doubt) + doubt / 4
    best = minimize_scalar(
        lambda inverse: -(soft * log_softmax(logits * inverse, axis=1)).sum(),
        bounds=(0.05, 20),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert calibration.fit_temperature(logits, truth) == pytest.approx(1 / best.x, rel=1e-5)


def test_all_right_keeps_some_doubt() -> None:
    truth = np.arange(50) % 3
    temperature = calibration.fit_temperature(np.eye(3)[truth] * 10, truth)
    confidence = softmax(np.eye(3) * 10 / temperature, axis=1).max()
    assert 0.97 < confidence < 0.995  # about 51 in 52, not certainty


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_useless_logits_stay_within_the_bounds(scale: float) -> None:
    logits, truth = sampled(200, 3, 1.0)
    temperature = calibration.fit_temperature(-logits * scale, truth)
    assert calibration.TEMPERATURES[0] <= temperature <= calibration.TEMPERATURES[1]
    assert temperature == pytest.approx(calibration.TEMPERATURES[1], rel=1e-6)


def test_logits_that_say_nothing_are_left_alone() -> None:
    assert calibration.fit_temperature(np.zeros((8, 3)), np.arange(8) % 3) == 1.0


def test_single_precision_logits_give_the_same() -> None:
    logits, truth = sampled(100, 3, 1.5)
    expected = calibration.fit_temperature(logits, truth)
    assert calibration.fit_temperature(logits.astype(np.float32), truth) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("logits", "truth", "message"),
    [
        (np.zeros((3, 2)), np.zeros(2), "are needed"),
        (np.zeros(3), np.zeros(3), "are needed"),
        (np.zeros((0, 2)), np.zeros(0), "are needed"),
        (np.array([[np.inf, 0.0]]), np.zeros(1), "finite"),
    ],
)
def test_what_cannot_be_fitted_is_an_error(logits: np.ndarray, truth: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        calibration.fit_temperature(logits, truth)
