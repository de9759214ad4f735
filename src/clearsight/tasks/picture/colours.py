"""The colours of classes, and the legend that names them. numpy and Pillow only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from clearsight.core.sample import Array
from clearsight.ops.colours import OKABE_ITO, RIM, Colour
from clearsight.tasks.picture.draw import BAND, SMALLEST, TEXT, magnified, shorten

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont


MOST = 256
"""Colours that there are: as many as a mask of 8 bits tells classes apart."""


def colour_of(number: int) -> Colour:
    """The colour of a class: those of `OKABE_ITO`, then the same ones paler, then darker; beyond 21 classes the one that is
    farthest from all before it, up to `MOST`. Every class has a colour of its own."""
    return _colours()[number % len(_colours())]


@cache
def _colours() -> tuple[Colour, ...]:
    """All colours, in the order of the classes."""
    found = [_shade(number) for number in range(3 * len(OKABE_ITO))]
    levels = np.linspace(30, 255, 10).round()
    free = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    apart = np.min([np.square(free - colour).sum(1) for colour in found], axis=0)
    while len(found) < MOST:
        red, green, blue = (int(value) for value in free[apart.argmax()])
        found.append((red, green, blue))
        apart = np.minimum(apart, np.square(free - found[-1]).sum(1))
    return tuple(found)


def _shade(number: int) -> Colour:
    """One of the first 21."""
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
    """A photograph uint8 (H, W, 3) as `magnified` shows it, how many times, and a font that suits its size."""
    import PIL.ImageFont

    photo, times = magnified(image)
    font = PIL.ImageFont.load_default(size=min(max(min(photo.size) // 28, 12), 40))
    assert isinstance(font, PIL.ImageFont.FreeTypeFont)  # what a size asks for; else Pillow has raised
    return photo, times, font


def name_in_corner(picture: Image, names: Sequence[tuple[Colour, str]]) -> None:
    """Write names, each on its colour, side by side into the lower left corner of a picture."""
    import PIL.ImageDraw
    import PIL.ImageFont

    pen, font = PIL.ImageDraw.Draw(picture), PIL.ImageFont.load_default(size=11)
    right = 0
    for colour, name in names:
        left, right = right, right + round(font.getlength(name)) + 6
        pen.rectangle((left, picture.height - 14, right - 1, picture.height - 1), fill=colour)
        pen.text((left + 3, picture.height - 7), name, ink_on(colour), font, anchor="lm")


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
