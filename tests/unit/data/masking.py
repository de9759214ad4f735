"""Mask files for the tests of readers and writers of masks."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import PIL.Image

from clearsight.core.sample import VOID


def indexed(pixels: Any, palette: list[int] | None = None) -> bytes:
    """Numbers as PNG, of grey or with a palette."""
    image = PIL.Image.fromarray(np.asarray(pixels, np.uint8))
    if palette is not None:
        image.putpalette(palette)
    return saved(image)


def coloured(pixels: Any, colours: list[tuple[int, int, int]]) -> bytes:
    """Numbers as PNG of their colours."""
    return saved(PIL.Image.fromarray(np.asarray(colours, np.uint8)[np.asarray(pixels)]))


def wide(pixels: Any) -> bytes:
    """Numbers as PNG of 16 bits."""
    return saved(PIL.Image.fromarray(np.asarray(pixels, np.uint16)))


def saved(image: PIL.Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


PIXELS = np.array([[0, 0, 1, 1], [0, 2, 2, 1], [3, 2, VOID, 1]], np.uint8)
"""Four classes and a void pixel, 4 × 3 pixels like `laying.picture`."""
