"""The embedded set `digits`: scikit-learn's 1,797 real handwritten digits, 8×8 grey.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998; its test part,
CC BY 4.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import Array, ArrayImage, Sample


def sniff(location: Location) -> Evidence | None:
    """Certain where the place is the bare name `digits` and nothing of that name lies on disk."""
    if location.path == Path("digits") and not location.path.exists():
        return Evidence(1.0, "the embedded set of handwritten digits")
    return None


def info(location: Location) -> DataInfo:
    """One split, ten classes."""
    pixels, targets = _load()
    labels = tuple(str(value) for value in np.unique(targets))
    return DataInfo("digits", {"train": len(pixels)}, labels, frozenset({"labels"}))


def read(location: Location, split: str) -> Iterator[Sample]:
    """The digits in scikit-learn's order, keys "digits/0000" and on."""
    if split != "train":
        return
    pixels, targets = _load()
    for index, (picture, target) in enumerate(zip(pixels, targets, strict=True)):
        key = f"digits/{index:04d}"
        yield Sample(key, ArrayImage(picture, key), labels=(str(target),))


@cache
def _load() -> tuple[Array, Array]:
    """Pixels uint8 (N, 8, 8), the ink 0..16 spread over 0..255, and the digits (N,)."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return np.round(data.images * (255 / 16)).astype(np.uint8), data.target
