"""How an error falls with the number of training pictures: a power law fitted to a few sizes. Pure functions, numpy.

error(n) = a + b · n^(-c): a is what no number of pictures removes, c how fast the rest goes (Hestness et al. 2017,
arXiv 1712.00409, section 3; they find c between 0.07 and 0.35).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

EXPONENTS = np.geomspace(0.02, 2.0, 200)
"""The exponents c that are tried. For each of them a and b are a linear least squares of two unknowns, so that no
starting point and no local minimum matter."""


@dataclass(frozen=True)
class PowerLaw:
    """error(n) = a + b · n^(-c), each coefficient float64 (R,): one curve, or one for each of R bootstrap draws."""

    a: Array  # in [0, …)
    b: Array  # in [0, …)
    c: Array  # in [0.02, 2]

    def __call__(self, n: Array | float) -> Array:
        """Errors (R, M) at M numbers of pictures."""
        sizes = np.atleast_1d(np.asarray(n, np.float64))
        power = sizes[None, :] ** -self.c[:, None]
        return np.asarray(self.a[:, None] + self.b[:, None] * power)


def fit(n: Array, error: Array, weight: Array) -> PowerLaw:
    """The curve of least weighted squares with a, b ≥ 0 through errors (R, M) or (M,) at sizes n (M,); weights (M,).

    Raises `ValueError` where there are fewer than three different sizes, or an error is negative or no number.
    """
    n, weight = np.asarray(n, np.float64), np.asarray(weight, np.float64)
    error = np.atleast_2d(np.asarray(error, np.float64))
    if len(np.unique(n)) < 3:
        raise ValueError(f"a curve of three unknowns needs three sizes or more, there are {len(np.unique(n))}")
    if not np.isfinite(error).all() or (error < 0).any():
        raise ValueError("errors must be finite and not negative")
    best = np.full(len(error), np.inf)
    a, b, c = (np.zeros(len(error)) for _ in range(3))
    for exponent in EXPONENTS:
        power = (n / n.max()) ** -exponent  # near 1, so that the sums keep their digits
        level, slope = _line(power, error, weight)
        missed = ((error - level[:, None] - slope[:, None] * power) ** 2 * weight).sum(1)
        better = missed < best
        best[better], a[better], c[better] = missed[better], level[better], exponent
        b[better] = slope[better] * n.max() ** exponent
    return PowerLaw(a, b, c)


def _line(x: Array, y: Array, weight: Array) -> tuple[Array, Array]:
    """Weighted least squares y ≈ level + slope · x for each row of y, both kept from being negative."""
    total, mean = weight.sum(), weight @ x / weight.sum()
    middle = y @ weight / total
    slope = ((y - middle[:, None]) * (x - mean)) @ weight / ((x - mean) ** 2 @ weight)
    level = middle - slope * mean
    through_zero = (y * x) @ weight / (x**2 @ weight)
    slope, level = np.where(level < 0, through_zero, slope), np.maximum(level, 0)
    return np.where(slope < 0, middle, level), np.maximum(slope, 0)


def draws(
    curve: PowerLaw, n: Array, error: Array, weight: Array, *, least: float, resamples: int, seed: int
) -> PowerLaw:
    """R curves that the same experiment could have given: a parametric bootstrap (Efron and Tibshirani 1993, chapter 6).

    The variance of an error is taken as proportional to the curve's value there; the factor comes from how far the
    errors (M,) lie from the fitted curve, and is no less than `least`, so that a lucky fit does not look certain.
    """
    expected = curve(n)[0]
    floor = np.maximum(expected, 1e-9)
    free = max(1, len(n) - 3)
    factor = max(float(((error - expected) ** 2 / floor).sum() / free), least)
    noise = np.random.default_rng(seed).standard_normal((resamples, len(n)))
    return fit(n, np.maximum(expected + noise * np.sqrt(factor * floor), 0), weight)
