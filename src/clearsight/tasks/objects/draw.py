"""A photograph with frames round the objects on it. numpy and Pillow only.

Frames lie outside of the boxes, so that all of the object is to be seen, between dark rims, so that they show on any ground.
Each frame has its name and score beside it where there is room for all of them without hiding an object or each other;
where there is not, the frames stay alone and a legend below the photograph names the colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from clearsight.core.sample import Array
from clearsight.ops.colours import RIM, Colour
from clearsight.tasks.picture.colours import colour_of, enlarged, ink_on, with_legend

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

    from clearsight.tasks.objects.prediction import Objects

Rect = tuple[float, float, float, float]

HIDDEN = 0.1
"""Share of an object that a name may lie over."""


def draw_boxes(image: Array, found: Objects[Any]) -> Image:
    """A Pillow image: the photograph uint8 (H, W, 3) with all objects of `found` on it, the best score on top.

    A small picture is enlarged by a whole number of times, each pixel staying a sharp square.
    """
    import PIL.ImageDraw

    photo, times, font = enlarged(image)
    width = line_width(photo)
    frames = [(x1 * times, y1 * times, x2 * times, y2 * times) for x1, y1, x2, y2 in found.boxes.tolist()]
    pen = PIL.ImageDraw.Draw(photo)
    for frame, number in reversed(list(zip(frames, found.classes.tolist(), strict=True))):
        _frame(pen, frame, photo.size, colour_of(number), width)
    colours = [colour_of(number) for number in found.classes.tolist()]
    if draw_tags(photo, found, frames, colours, font, width):
        return photo
    return with_legend(photo, class_counts(found), font)


def line_width(photo: Image) -> int:
    """Width of the lines on a picture, pixels."""
    return min(max(round(min(photo.size) / 160), 2), 12)


def class_counts(found: Objects[Any]) -> list[tuple[Colour | None, str]]:
    """The rows of a legend: each class's colour, count and name."""
    numbers = sorted(set(found.classes.tolist()))
    return [(colour_of(k), f"{int((found.classes == k).sum())} {found.names[k]}") for k in numbers]


def draw_tags(
    photo: Image,
    found: Objects[Any],
    frames: Sequence[Rect],
    colours: Sequence[Colour],
    font: FreeTypeFont,
    width: int,
) -> bool:
    """Write each object's name and score beside its frame, and say so; where there is no room for all of them, none."""
    import PIL.ImageDraw

    tags = [f"{label} {score:.2f}" for label, score in zip(found.labels, found.scores.tolist(), strict=True)]
    places = place_tags([_tag_size(tag, font) for tag in tags], frames, photo.size, width)
    if places is None:
        return False
    pen = PIL.ImageDraw.Draw(photo)
    for tag, place, colour in zip(tags, places, colours, strict=True):
        _tag(pen, tag, place, colour, font)
    return True


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
