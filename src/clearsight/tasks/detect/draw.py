"""A photograph with frames round the objects on it. numpy and Pillow only.

Frames lie outside of the boxes, so that all of the object is to be seen, between dark rims, so that they show on any ground.
Each frame has its name and score beside it where there is room for all of them without hiding an object or each other;
where there is not, the frames stay alone and a legend below the photograph names the colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

from clearsight.core.sample import Array
from clearsight.tasks.picture.draw import BAND, SMALLEST, TEXT, shorten

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

    from clearsight.tasks.detect.prediction import Detections

Colour = tuple[int, int, int]
Rect = tuple[float, float, float, float]

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

HIDDEN = 0.1
"""Share of an object that a name may lie over."""


def colour_of(number: int) -> Colour:
    """The colour of a class: those of `OKABE_ITO`, then the same ones paler, then darker; beyond 21 classes again."""
    colour = OKABE_ITO[number % len(OKABE_ITO)]
    turn = number // len(OKABE_ITO) % 3
    towards, share = ((0, 0.0), (255, 0.5), (0, 0.45))[turn]
    red, green, blue = (round(value + (towards - value) * share) for value in colour)
    return red, green, blue


def draw_boxes(image: Array, found: Detections) -> Image:
    """A Pillow image: the photograph uint8 (H, W, 3) with all objects of `found` on it, the best score on top.

    A picture under `SMALLEST` is enlarged by a whole number of times, each pixel staying a sharp square.
    """
    import PIL.Image
    import PIL.ImageDraw
    import PIL.ImageFont

    photo = PIL.Image.fromarray(np.ascontiguousarray(image, np.uint8))
    times = -(-SMALLEST // max(photo.size))
    if times > 1:
        photo = photo.resize((photo.width * times, photo.height * times), PIL.Image.Resampling.NEAREST)
    font = PIL.ImageFont.load_default(size=min(max(min(photo.size) // 28, 12), 40))
    assert isinstance(font, PIL.ImageFont.FreeTypeFont)  # what a size asks for; else Pillow has raised
    width = min(max(round(min(photo.size) / 160), 2), 12)
    frames = [(x1 * times, y1 * times, x2 * times, y2 * times) for x1, y1, x2, y2 in found.boxes.tolist()]
    pen = PIL.ImageDraw.Draw(photo)
    for frame, number in reversed(list(zip(frames, found.classes.tolist(), strict=True))):
        _frame(pen, frame, photo.size, colour_of(number), width)
    tags = [f"{one.label} {one.score:.2f}" for one in found]
    places = place_tags([_tag_size(tag, font) for tag in tags], frames, photo.size, width)
    if places is None:
        return _with_legend(photo, found, font)
    for tag, place, number in zip(tags, places, found.classes.tolist(), strict=True):
        _tag(pen, tag, place, colour_of(number), font)
    return photo


def place_tags(
    sizes: Sequence[tuple[int, int]], frames: Sequence[Rect], room: tuple[int, int], width: int
) -> list[Rect] | None:
    """Where each name goes: above its frame, below it, or in its upper corner, the first place that is free. `sizes` are
    (width, height), `room` that of the picture, `width` that of the frames. None where one of them has no place."""
    places: list[Rect] = []
    for size, frame in zip(sizes, frames, strict=True):
        free = (place for place in _candidates(size, frame, room, width) if _is_free(place, places, frames))
        place = next(free, None)
        if place is None:
            return None
        places.append(place)
    return places


def _candidates(size: tuple[int, int], frame: Rect, room: tuple[int, int], width: int) -> list[Rect]:
    """Places of a name's size about a frame that lie within the picture."""
    (across, down), (x1, y1, _, y2) = size, frame
    left = min(max(x1 - width, 0.0), room[0] - across)
    tops = (y1 - width - down, y2 + width, y1)
    return [(left, top, left + across, top + down) for top in tops if left >= 0 and top >= 0 and top + down <= room[1]]


def _is_free(place: Rect, taken: Sequence[Rect], frames: Sequence[Rect]) -> bool:
    """Whether a place overlaps no other name and hides little of any object."""
    if any(_shared(place, other) > 0 for other in taken):
        return False
    return all(_shared(place, frame) <= HIDDEN * _area(frame) for frame in frames)


def _shared(one: Rect, other: Rect) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(across, 0.0) * max(down, 0.0)


def _area(rect: Rect) -> float:
    return max(rect[2] - rect[0], 0.0) * max(rect[3] - rect[1], 0.0)


def _frame(pen: ImageDraw, frame: Rect, room: tuple[int, int], colour: Colour, width: int) -> None:
    """A line of `width` pixels round a box, between two dark rims a pixel wide: outside of the box, or along the picture's
    edge where it would lie beyond."""
    out = width + 2
    x1, y1 = max(floor(frame[0]) - out, 0), max(floor(frame[1]) - out, 0)
    x2, y2 = min(ceil(frame[2]) - 1 + out, room[0] - 1), min(ceil(frame[3]) - 1 + out, room[1] - 1)
    if x1 > x2 or y1 > y2:
        return  # all of it lies beyond the picture
    pen.rectangle((x1, y1, x2, y2), outline=RIM, width=out)
    if x2 - x1 >= 2 and y2 - y1 >= 2:
        pen.rectangle((x1 + 1, y1 + 1, x2 - 1, y2 - 1), outline=colour, width=width)


def _tag_size(text: str, font: FreeTypeFont) -> tuple[int, int]:
    return ceil(font.getlength(text)) + round(font.size * 0.6), round(font.size * 1.4)


def _tag(pen: ImageDraw, text: str, place: Rect, colour: Colour, font: FreeTypeFont) -> None:
    pen.rectangle((place[0], place[1], place[2] - 1, place[3] - 1), fill=colour)
    middle = (place[1] + place[3]) / 2
    pen.text((place[0] + round(font.size * 0.3), middle), text, ink_on(colour), font, anchor="lm")


def ink_on(colour: Colour) -> Colour:
    """The darker or the lighter ink, whichever is easier to read on a colour (WCAG 2 relative luminance)."""
    linear = [value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in colour]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return RIM if luminance > 0.187 else TEXT  # where both contrast alike


def _with_legend(photo: Image, found: Detections, font: FreeTypeFont) -> Image:
    """The photograph above a band with each class's colour, name and count."""
    import PIL.Image
    import PIL.ImageDraw

    counts = {number: int((found.classes == number).sum()) for number in sorted(set(found.classes.tolist()))}
    width, margin, row = max(photo.width, SMALLEST), round(font.size * 0.8), round(font.size * 1.6)
    places, right, down = [], margin, 0
    for number, count in counts.items():
        text = shorten(f"{count} {found.names[number]}", font, width - 2 * margin - row)
        needed = row + ceil(font.getlength(text)) + margin
        if right > margin and right + needed > width:
            right, down = margin, down + 1
        places.append((number, text, right, down))
        right += needed
    sheet = PIL.Image.new("RGB", (width, photo.height + row * (down + 1) + margin), BAND)
    sheet.paste(photo, ((width - photo.width) // 2, 0))
    pen = PIL.ImageDraw.Draw(sheet)
    half = round(font.size * 0.4)
    for number, text, left, line in places:
        middle = photo.height + margin // 2 + row * line + row // 2
        pen.rectangle((left, middle - half, left + 2 * half, middle + half), fill=colour_of(number))
        pen.text((left + row, middle), text, TEXT, font, anchor="lm")
    return sheet
