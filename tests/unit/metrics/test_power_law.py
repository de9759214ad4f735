from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

from clearsight.metrics.power_law import draws, fit

SIZES = np.array([100.0, 200, 400, 800, 1600])


@pytest.mark.parametrize(("a", "b", "c"), [(0.05, 2.0, 0.5), (0.0, 0.8, 0.2), (0.1, 5.0, 1.0), (0.3, 0.0, 0.5)])
def test_an_exact_curve_is_found_again(a: float, b: float, c: float) -> None:
    law = fit(SIZES, a + b * SIZES**-c, np.ones(5))
    beyond = np.array([3200.0, 6400.0])
    np.testing.assert_allclose(law(beyond)[0], a + b * beyond**-c, rtol=5e-3)


def test_it_is_no_worse_than_scipy_s_weighted_least_squares() -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        error = np.abs(0.05 + 1.5 * SIZES**-0.5 + rng.normal(0, 0.005, 5))
        weight = 1 / error
        law = fit(SIZES, error, weight)
        theirs, _ = curve_fit(
            lambda n, a, b, c: a + b * n**-c,
            SIZES,
            error,
            p0=(0.05, 1.5, 0.5),
            sigma=weight**-0.5,
            bounds=([0, 0, 0.02], [1, 100, 2]),
            max_nfev=20_000,
        )
        missed = [
            (weight * (curve - error) ** 2).sum()
            for curve in (law(SIZES)[0], theirs[0] + theirs[1] * SIZES ** -theirs[2])
        ]
        assert missed[0] <= missed[1] * 1.01 + 1e-9
        assert law.a[0] >= 0 and law.b[0] >= 0


def test_an_error_that_does_not_fall_gives_a_flat_line() -> None:
    law = fit(SIZES, np.array([0.1, 0.11, 0.1, 0.12, 0.13]), np.ones(5))
    assert law.b[0] == pytest.approx(0, abs=1e-9)
    assert law(1e6)[0, 0] == pytest.approx(0.112)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    sizes = np.repeat(SIZES, 3)
    truth = 0.05 + 1.5 * sizes**-0.5
    held = 0
    for seed in range(40):
        error = np.maximum(truth + rng.standard_normal(15) * np.sqrt(0.001 * truth), 0)
        weight = 1 / truth
        drawn = draws(fit(sizes, error, weight), sizes, error, weight, least=0, resamples=100, seed=seed)
        low, high = np.quantile(drawn(3200.0)[:, 0], [0.025, 0.975])
        held += low <= 0.05 + 1.5 * 3200**-0.5 <= high
    assert held >= 32


def test_a_lucky_fit_does_not_look_certain() -> None:
    error = 0.05 + 1.5 * SIZES**-0.5
    law = fit(SIZES, error, np.ones(5))
    spread = [
        np.ptp(draws(law, SIZES, error, np.ones(5), least=least, resamples=50, seed=0)(3200.0))
        for least in (0.0, 0.002)
    ]
    assert spread[0] < 1e-3 < spread[1]


def test_what_makes_no_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="three sizes"):
        fit(np.array([1, 1, 2]), np.array([0.3, 0.2, 0.1]), np.ones(3))
    with pytest.raises(ValueError, match="not negative"):
        fit(SIZES, np.array([0.1, -0.1, 0, 0, 0]), np.ones(5))
