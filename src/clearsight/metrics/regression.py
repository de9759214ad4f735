"""How far numbers are off. Pure functions on numpy arrays, with scikit-learn's conventions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Errors:
    """Figures of every value, float64 (..., K); NaN for a value that no picture has."""

    mae: Array  # mean absolute error
    rmse: Array  # root of the mean squared error
    r2: Array  # share of the variance that is explained, 1 at best; as sklearn 1 or 0 where the truth does not vary
    support: Array  # pictures that have the value


def errors(found: Array, truth: Array, counts: Array | None = None) -> Errors:
    """Errors of found and true values (N, K), truth NaN where it is unknown. With `counts` (r, N), how often each picture
    occurs in r resamples, the figures are (r, K)."""
    times = np.ones((1, len(truth))) if counts is None else np.asarray(counts, np.float64)
    known = np.isfinite(truth)
    apart = np.where(known, np.asarray(found, np.float64) - truth, 0.0)
    support = times @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = np.where(known, truth, 0.0).sum(axis=0) / known.sum(axis=0)
        centred = np.where(known, truth - middle, 0.0)  # sums of squares of large numbers lose their last digits
        squares = times @ apart**2
        spread = times @ centred**2 - (times @ centred) ** 2 / support
        steady = spread <= 1e-12 * np.maximum(times @ centred**2, np.finfo(np.float64).tiny)
        r2 = np.where(steady, np.where(squares > 0, 0.0, 1.0), 1 - squares / spread)
        figures = (
            times @ np.abs(apart) / support,
            np.sqrt(squares / support),
            np.where(support > 0, r2, np.nan),
            support,
        )
    return Errors(*(figure[0] if counts is None else figure for figure in figures))
