"""Run lengths as the text that COCO files hold: like LEB128, six bits a character. numpy only.

From the fourth on, a length is written as its difference to the one before the last. Each character is 48 + 32 · (more
follow) + five bits, the lowest first; the last one's bit of 16 is the sign. Source: the COCO API's `rleToString`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

_MOST = 7
"""Characters of one number: 33 bits with its sign take seven of five bits."""


def write_counts(counts: Array) -> str:
    """Run lengths, whole numbers (R,) below 2^32, as text."""
    numbers = counts.astype(np.int64)
    numbers[3:] -= counts[1:-2].astype(np.int64)
    shifts = 5 * np.arange(_MOST)
    fives = (numbers[:, None] >> shifts) & 31
    rest = numbers[:, None] >> (shifts + 5)
    more = np.where(fives & 16, rest != -1, rest != 0)
    written = np.logical_and.accumulate(np.column_stack((np.ones(len(numbers), bool), more[:, :-1])), axis=1)
    return bytes((fives + 32 * more + 48)[written].astype(np.uint8)).decode("ascii")


def read_counts(text: str | bytes) -> Array:
    """Run lengths int64 (R,) from their text. Raises `ValueError`, in words that follow a name, where it is damaged."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    codes = np.frombuffer(data, np.uint8).astype(np.int64) - 48
    if not len(codes):
        return codes
    if codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        raise ValueError("has run lengths whose text is damaged or cut short")
    lasts = np.flatnonzero(codes & 32 == 0)
    firsts = np.concatenate(([0], lasts[:-1] + 1))
    if (lasts - firsts).max() >= _MOST:
        raise ValueError("has run lengths whose text is damaged or cut short")
    places = np.arange(len(codes)) - np.repeat(firsts, lasts - firsts + 1)
    numbers = np.add.reduceat((codes & 31) << (5 * places), firsts)
    numbers -= np.where(codes[lasts] & 16, np.int64(1) << (5 * (places[lasts] + 1)), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    if numbers.min() < 0 or numbers.max() >= 1 << 32:
        raise ValueError("has run lengths below zero or beyond any picture")
    return numbers
