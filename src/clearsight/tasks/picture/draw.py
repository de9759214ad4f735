"""A photograph with its most probable classes as bars below it. numpy and Pillow only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clearsight.core.sample import Array

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

SMALLEST = 256
"""Least width of the drawing, and side that tiny pictures are enlarged to, pixels."""

BAND, TRACK, TEXT = (17, 24, 39), (55, 65, 81), (243, 244, 246)
BARS = ((96, 165, 250), (148, 163, 184))
"""Colours of the best class's bar and of the others'; all of them stand out from `TRACK` and `BAND`."""


def draw_classes(image: Array, top: Sequence[tuple[str, float]], said: str = "", bright: int = 1) -> Image:
    """A Pillow image: the photograph uint8 (H, W, 3), and below it a row for each (label, probability), under what is
    `said` of them all. The first `bright` rows stand out, where nothing is said.

    A picture under `SMALLEST` is enlarged by a whole number of times, each pixel staying a sharp square.
    """
    sheet, pen, font, (left, top_row, right), row = _banded(image, len(top) + bool(said))
    if said:
        pen.text((left, top_row), said, TEXT, font, anchor="lm")
    for place, (label, score) in enumerate(top):
        middle = top_row + row * (place + bool(said))
        _row(pen, font, (left, middle, right), label, score, BARS[0 if place < bright and not said else 1])
    return sheet


def draw_words(image: Array, rows: Sequence[tuple[str, str]]) -> Image:
    """The photograph as `draw_classes` shows it, and below it a row for each pair of words, at its left and its right."""
    sheet, pen, font, (left, middle, right), row = _banded(image, len(rows))
    for place, (name, value) in enumerate(rows):
        room = right - left - font.getlength(value) - font.size
        pen.text((left, middle + row * place), shorten(name, font, room), TEXT, font, anchor="lm")
        pen.text((right, middle + row * place), value, TEXT, font, anchor="rm")
    return sheet


def magnified(image: Array) -> tuple[Image, int]:
    """A photograph uint8 (H, W, 3) as a Pillow image, enlarged by a whole number of times where it is under `SMALLEST`, each
    pixel staying a sharp square; and that number."""
    import PIL.Image

    photo = PIL.Image.fromarray(np.ascontiguousarray(image, np.uint8))
    times = -(-SMALLEST // max(photo.size))
    if times > 1:
        photo = photo.resize((photo.width * times, photo.height * times), PIL.Image.Resampling.NEAREST)
    return photo, times


def _banded(image: Array, rows: int) -> tuple[Image, ImageDraw, FreeTypeFont, tuple[int, int, int], int]:
    """The photograph above an empty band for so many rows; with pen and font, the left end, middle height and right end
    of the first row, and how far it is from row to row, pixels."""
    import PIL.Image
    import PIL.ImageDraw
    import PIL.ImageFont

    photo, _ = magnified(image)
    width = max(photo.width, SMALLEST)
    size = min(max(width // 26, 13), 48)
    row, margin = round(size * 1.6), round(size * 0.8)
    sheet = PIL.Image.new("RGB", (width, photo.height + row * rows + margin), BAND)
    sheet.paste(photo, ((width - photo.width) // 2, 0))
    pen = PIL.ImageDraw.Draw(sheet)
    font = PIL.ImageFont.load_default(size=size)
    assert isinstance(font, PIL.ImageFont.FreeTypeFont)  # what a size asks for; else Pillow has raised
    return sheet, pen, font, (margin, photo.height + margin // 2 + row // 2, width - margin), row


def _row(
    pen: ImageDraw,
    font: FreeTypeFont,
    place: tuple[int, int, int],
    label: str,
    score: float,
    colour: tuple[int, int, int],
) -> None:
    """Name, bar and per cent on one line. `place` is its left end, middle height and right end, pixels."""
    left, middle, right = place
    gap = round(font.size * 0.6)
    bar_right = right - round(font.getlength("100.0 %")) - gap
    bar_left = left + round((bar_right - left) * 0.45)
    half = max(2, round(font.size * 0.3))
    pen.text((left, middle), shorten(label, font, bar_left - left - gap), TEXT, font, anchor="lm")
    pen.rectangle((bar_left, middle - half, bar_right, middle + half), TRACK)
    reach = bar_left + round((bar_right - bar_left) * min(max(score, 0.0), 1.0))
    if reach > bar_left:
        pen.rectangle((bar_left, middle - half, reach, middle + half), colour)
    pen.text((right, middle), f"{100 * score:.1f} %", TEXT, font, anchor="rm")


def shorten(text: str, font: FreeTypeFont, width: float) -> str:
    """The text on one line of at most `width` pixels, its end replaced by … where it must be."""
    text = " ".join(text.split())
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"
