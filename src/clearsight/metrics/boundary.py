"""Whether class masks have their edges where the truth has them (Csurka et al. 2013). numpy only.

The boundary of a class are its pixels that have a pixel of another class above, below or beside them. Of the boundary in the
answer a pixel is right where one of the truth's boundary of its class is nearer than a tolerance, a share of the photograph's
diagonal; and the other way round. The F1 of the two shares, the mean over the classes of a picture, is its boundary F-score.

Pixels whose truth is not known are taken as a region of their own in both masks: the answer is not asked for edges
in them, and what lies beside them ends there in both.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

TOLERANCE = 0.0075
"""Of the diagonal (Csurka et al. 2013)."""


def boundary_f(truth: Array, found: Array, classes: int, void: int = 255, tolerance: float = TOLERANCE) -> Array:
    """The boundary F-score of each class on one picture, float64 (K,), from two masks uint8 (H, W): NaN for a class that
    has no boundary in either."""
    found = np.where(truth == void, np.uint8(void), found)
    reach = tolerance * float(np.hypot(*truth.shape))
    asked, said = _boundary(truth, classes), _boundary(found, classes)
    precision, given = _near(found, said, truth, asked, reach, classes)
    recall, wanted = _near(truth, asked, found, said, reach, classes)
    # F1 = 2 P R / (P + R), with 0 where one of them has no boundary: it is then no boundary of that class.
    p, r = precision / np.maximum(given, 1), recall / np.maximum(wanted, 1)
    score = np.divide(2 * p * r, p + r, out=np.zeros(classes), where=p + r > 0)
    return np.where((given > 0) | (wanted > 0), score, np.nan)


def _boundary(mask: Array, classes: int) -> Array:
    """Pixels of a class beside one of another value, bool (H, W)."""
    edge = np.zeros(mask.shape, bool)
    for one, other in (
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
    ):
        apart = mask[one] != mask[other]
        edge[one] |= apart
        edge[other] |= apart
    edge &= mask < classes
    return edge


def _near(mask: Array, edge: Array, other: Array, other_edge: Array, reach: float, classes: int) -> tuple[Array, Array]:
    """How many boundary pixels each class has in a mask, and how many of these lie nearer than `reach` to the boundary of
    their class in another one: near and all, int64 (K,)."""
    at = np.flatnonzero(edge)
    kinds = mask.ravel()[at]
    near = np.zeros(len(at), bool)
    for first in range(0, classes, 64):
        bits = _spread(_class_bits(other, other_edge, first, min(classes - first, 64)), reach).ravel()[at]
        here = (kinds >= first) & (kinds < first + 64)
        shift = np.where(here, kinds - first, 0).astype(bits.dtype)
        near |= here & ((bits >> shift) & bits.dtype.type(1) > 0)
    return np.bincount(kinds[near], minlength=classes), np.bincount(kinds, minlength=classes)


def _class_bits(mask: Array, edge: Array, first: int, count: int) -> Array:
    """A bit for each of up to 64 classes, set where its boundary is, unsigned (H, W): one picture holds all classes."""
    kind = next(np.dtype(f"u{size}") for size in (1, 2, 4, 8) if count <= 8 * size)
    table = np.zeros(256, kind)
    table[first : first + count] = np.left_shift(kind.type(1), np.arange(count, dtype=kind))
    return np.where(edge, table[mask], kind.type(0))


def _spread(bits: Array, reach: float) -> Array:
    """The bits of all pixels nearer than `reach` put together at each pixel, (H, W).

    A disc is made of columns: bits are first spread up and down, farther and farther, and from each height to the columns
    at the distance where the disc has that height.
    """
    whole = int(np.ceil(reach)) - 1  # the farthest pixel on an axis that is nearer
    if whole < 1:
        return bits
    across = np.arange(whole + 1)
    heights = np.ceil(np.sqrt(reach**2 - across**2)).astype(int) - 1
    spread, tall = np.zeros_like(bits), bits.copy()
    for height in range(whole + 1):
        if height:
            _merge(tall, bits, height, 0)
        for step in across[heights == height].tolist():
            _merge(spread, tall, 0, step)
    return spread


def _merge(into: Array, bits: Array, down: int, across: int) -> None:
    """Put the bits, moved by so many pixels down and across and the opposite way, into others."""
    height, width = bits.shape
    if down >= height or across >= width:
        return
    into[down:, across:] |= bits[: height - down, : width - across]
    into[: height - down, : width - across] |= bits[down:, across:]
