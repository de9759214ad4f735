"""How far two answers are apart. numpy only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray[Any, np.dtype[Any]]]


def largest_difference(one: Arrays, other: Arrays, scales: Arrays | None = None) -> float:
    """The largest absolute difference between arrays of the same name, divided by its scale where there is one; inf where
    they cannot be compared."""
    if one.keys() != other.keys():
        return float("inf")
    largest = 0.0
    for name, value in one.items():
        if value.shape != other[name].shape:
            return float("inf")
        scale = (scales or {}).get(name, 1.0)
        apart = (np.abs(value.astype(np.float64) - other[name].astype(np.float64)) / scale).max(initial=0.0)
        if not np.isfinite(apart):
            return float("inf")
        largest = max(largest, float(apart))
    return largest
