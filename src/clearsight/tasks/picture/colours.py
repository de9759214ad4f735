"""Colours of classes that everybody tells apart, and the legend that names them. numpy and Pillow only."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from clearsight.core.sample import Array
from clearsight.tasks.picture.draw import BAND, SMALLEST, TEXT, shorten

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

Colour = tuple[int, int, int]

OKABE_ITO: Sequence[Colour] = (
    (230, 159, 0),  # orange
    (86, 180, 233),  # sky blue
    (0, 158, 115),  # bluish green
    (240, 228, 66),  # yellow
    (0, 114, 178),  # blue
    (213, 94, 0),  # vermillion
    (204, 121, 167),  # reddish purple
)
"""Colours that people of every colour vision tell apart (Okabe and Ito 2002), without black, which photographs have."""

RIM: Colour = (17, 24, 39)


def colour_of(number: int) -> Colour:
    """The colour of a class: those of `OKABE_ITO`, then the same ones paler, then darker; beyond 21 classes again."""
    colour = OKABE_ITO[number % len(OKABE_ITO)]
    turn = number // len(OKABE_ITO) % 3
    towards, share = ((0, 0.0), (255, 0.5), (0, 0.45))[turn]
    red, green, blue = (round(value + (towards - value) * share) for value in colour)
    return red, green, blue


def ink_on(colour: Colour) -> Colour:
    """The darker or the lighter ink, whichever is easier to read on a colour (WCAG 2 relative luminance)."""
    linear = [value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in colour]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return RIM if luminance > 0.187 else TEXT  # where both contrast alike


def enlarged(image: Array) -> tuple[Image, int, FreeTypeFont]:
    """A photograph uint8 (H, W, 3) as a Pillow image, enlarged by a whole number of times where it is under `SMALLEST`, each
    pixel staying a sharp square; that number; and a font that suits its size."""
    import PIL.Image
    import PIL.ImageFont

    photo = PIL.Image.fromarray(np.ascontiguousarray(image, np.uint8))
    times = -(-SMALLEST // max(photo.size))
    if times > 1:
        photo = photo.resize((photo.width * times, photo.height * times), PIL.Image.Resampling.NEAREST)
    font = PIL.ImageFont.load_default(size=min(max(min(photo.size) // 28, 12), 40))
    assert isinstance(font, PIL.ImageFont.FreeTypeFont)  # what a size asks for; else Pillow has raised
    return photo, times, font


def with_legend(photo: Image, rows: Sequence[tuple[Colour | None, str]], font: FreeTypeFont) -> Image:
    """The photograph above a band with the words of each row beside its colour, or alone where it has none."""
    import PIL.Image
    import PIL.ImageDraw

    width, margin, row = max(photo.width, SMALLEST), round(font.size * 0.8), round(font.size * 1.6)
    places, right, down = [], margin, 0
    for colour, words in rows:
        before = 0 if colour is None else row
        text = shorten(words, font, width - 2 * margin - before)
        needed = before + ceil(font.getlength(text)) + margin
        if right > margin and right + needed > width:
            right, down = margin, down + 1
        places.append((colour, text, right, right + before, down))
        right += needed
    sheet = PIL.Image.new("RGB", (width, photo.height + row * (down + 1) + margin), BAND)
    sheet.paste(photo, ((width - photo.width) // 2, 0))
    pen = PIL.ImageDraw.Draw(sheet)
    half = round(font.size * 0.4)
    for colour, text, left, start, line in places:
        middle = photo.height + margin // 2 + row * line + row // 2
        if colour is not None:
            pen.rectangle((left, middle - half, left + 2 * half, middle + half), fill=colour)
        pen.text((start, middle), text, TEXT, font, anchor="lm")
    return sheet
