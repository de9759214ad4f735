"""Label Studio's brush strokes: a list of bytes that packs the pixels of an RGBA picture as run lengths.

After the number of values (32 bits), their width less one (5) and four widths of lengths less one (4 each) come blocks: a
bit, whether one value is repeated; two bits, which of the widths the length has; the length less one; the value, or as many
values. What is opaque, by every fourth value, is painted. Format: https://labelstud.io/tags/brushlabels, thi.ng's rle-pack.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clearsight.core.image import MAX_PIXELS
from clearsight.core.sample import Array

WIDTHS = (3, 4, 8, 16)
"""Bits of lengths that are written, as Label Studio does."""

CHANNELS = 4


def read_brush(packed: Sequence[int], height: int, width: int) -> Array:
    """The pixels that are painted, bool (height, width). Raises `ValueError`, in words that follow a name, where the list is
    damaged, or not of this size."""
    if not all(type(value) is int and 0 <= value < 256 for value in packed):
        raise ValueError("has a brush stroke that is no list of bytes")
    bits = "".join(f"{value:08b}" for value in packed)
    place = 0

    def take(count: int) -> int:
        nonlocal place
        if place + count > len(bits):
            raise ValueError("has a brush stroke that is cut short")
        place += count
        return int(bits[place - count : place], 2)

    total, word = take(32), take(5) + 1
    widths = [take(4) + 1 for _ in range(4)]
    if total != height * width * CHANNELS or total > MAX_PIXELS * CHANNELS:
        raise ValueError(f"has a brush stroke of {total:,} values, not {height} x {width} x {CHANNELS}")
    painted = np.zeros(total, bool)
    done = 0
    while done < total:
        repeated = take(1)
        length = take(widths[take(2)]) + 1
        if done + length > total:
            raise ValueError("has a brush stroke that is longer than its picture")
        painted[done : done + length] = take(word) > 0 if repeated else [take(word) > 0 for _ in range(length)]
        done += length
    return painted.reshape(height, width, CHANNELS)[..., -1]


def write_brush(mask: Array) -> list[int]:
    """The list for a mask, bool (H, W): white where it is set, clear elsewhere."""
    flat = np.repeat(mask.ravel(), CHANNELS)
    ends = np.append(np.flatnonzero(flat[1:] != flat[:-1]) + 1, len(flat))
    bits = [f"{len(flat):032b}", f"{7:05b}", *(f"{width - 1:04b}" for width in WIDTHS)]
    start = 0
    for end in ends.tolist():
        value = 255 if flat[start] else 0
        while start < end:
            length = min(end - start, 1 << WIDTHS[-1])
            kind = next(kind for kind, width in enumerate(WIDTHS) if length <= 1 << width)
            bits.append(f"1{kind:02b}{length - 1:0{WIDTHS[kind]}b}{value:08b}")
            start += length
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return [int(text[place : place + 8], 2) for place in range(0, len(text), 8)]
