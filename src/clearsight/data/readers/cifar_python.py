"""CIFAR-10 and CIFAR-100 as their authors' Python pickles (`cifar-10-batches-py`, `cifar-100-python`).

A batch is a dict: `data`, uint8 (N, 3072), the red plane first, and its labels as lists of N integers. It is turned into
the records of the binary layout, so that `readers.cifar` reads both alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.sample import Array, printable
from clearsight.data.readers.unpickle import loads, text

PIXELS = 3 * 32 * 32


def records(data: bytes, name: str, targets: Sequence[str]) -> Array:
    """A batch as uint8 (N, labels + 3072), the labels of `targets` first: the binary layout's records. Raises
    `InputError` where the pickle is unsafe, damaged, or no batch of CIFAR's."""
    batch = _dict(data, name)
    pixels = batch.get("data")
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (PIXELS,):
        found = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else "none"
        raise InputError(
            f"{printable(name)}: its data must be uint8 (N, {PIXELS:,}), this is {found}; download it again"
        )
    if not len(pixels):
        raise InputError(f"{printable(name)} holds no pictures; download it again")
    columns = [_column(batch, key, len(pixels), name) for key in targets]
    return np.concatenate([*columns, pixels], axis=1)


def names(data: bytes, name: str, key: str) -> tuple[str, ...]:
    """A list of class names from `batches.meta` or `meta`. Raises `InputError`."""
    listed = _dict(data, name).get(key)
    if not isinstance(listed, list) or not listed:
        raise InputError(f"{printable(name)} has no list {key!r}; download it again")
    return tuple(map(text, listed))


def _dict(data: bytes, name: str) -> dict[str, Any]:
    content = loads(data, name)
    if not isinstance(content, dict):
        raise InputError(f"{printable(name)} must hold a dict, this is a {type(content).__name__}; download it again")
    return {text(key): value for key, value in content.items()}


def _column(batch: dict[str, Any], key: str, count: int, name: str) -> Array:
    """Labels as uint8 (N, 1)."""
    try:
        column = np.asarray(batch.get(key))
    except ValueError:  # lists of several lengths
        column = np.empty(0, object)
    if column.dtype.kind not in "iu" or column.shape != (count,) or column.min() < 0 or column.max() > 255:
        raise InputError(f"{printable(name)} must have {count:,} numbers as its {key!r}; download it again")
    return column.astype(np.uint8)[:, None]
