"""Small pictures of mistakes: the photograph, or the part of it that a mistake is about with frames round what is meant."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

from clearsight.core.image import Pixels
from clearsight.core.metric import Mark
from clearsight.ops.colours import OKABE_ITO, RIM, Colour
from clearsight.ops.outline import polygons
from clearsight.ops.rle import Runs, to_mask

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 256
"""Longer side of a thumbnail, pixels."""

AROUND = 0.6
"""How much is shown round what is marked, on each side, as a share of its longer side."""

LEAST = 48
"""Least side of what is cut out, photo pixels: smaller parts of a photograph are not to be recognised."""

ANSWER, TRUTH = OKABE_ITO[:2]
"""Orange and sky blue."""

LINE = 3
"""Width of a frame, pixels, beside a rim of one."""


def thumbnail(pixels: Pixels, marks: Sequence[Mark] = ()) -> bytes:
    """A JPEG of at most `SIDE` pixels, or a PNG; tiny pictures are enlarged with their pixels kept sharp.

    With marks it shows the part of the photograph that they are in, what is annotated framed in blue and what the model
    said in orange; where a mark has a mask, the outline of that in place of the frame.
    """
    from PIL import Image

    left, top, right, bottom = _window(pixels.shape[1], pixels.shape[0], marks)
    image = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))
    whole = max(image.size)
    if whole < SIDE // 2:
        factor = SIDE // 2 // whole
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    elif whole > SIDE:
        image.thumbnail((SIDE, SIDE))
    _draw(image, marks, (left, top), max(image.size) / whole)
    if whole > SIDE // 2:  # photographs
        return jpeg(image, fine=bool(marks))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def jpeg(image: Image, fine: bool) -> bytes:
    """A picture as JPEG; a `fine` one keeps all of its colour: halved, as is usual, it would smear lines."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85, subsampling=0 if fine else -1)
    return buffer.getvalue()


def _window(width: int, height: int, marks: Sequence[Mark]) -> tuple[int, int, int, int]:
    """The part of a photograph to show, left, top, right and bottom: a square about all marks where it fits, else all that
    there is of it."""
    if not marks:
        return 0, 0, width, height
    corners = np.array([mark.box for mark in marks])
    low = np.clip(corners[:, :2].min(axis=0), 0, (width, height))
    high = np.clip(corners[:, 2:].max(axis=0), 0, (width, height))
    side = max(float((high - low).max()) * (1 + 2 * AROUND), LEAST)
    ends = []
    for start, end, room in zip(low, high, (width, height), strict=True):
        first = min(max((start + end - side) / 2, 0.0), max(room - side, 0.0))
        ends.append((floor(first), min(max(ceil(first + side), floor(first) + 1), room)))
    (left, right), (top, bottom) = ends
    return left, top, right, bottom


def _draw(image: Image, marks: Sequence[Mark], corner: tuple[int, int], scale: float) -> None:
    """Frames round what is annotated and within what is answered, so that both are seen where they are the same; outlines where
    there are masks."""
    from PIL import ImageDraw

    pen = ImageDraw.Draw(image)
    for mark in sorted(marks, key=lambda mark: mark.truth):
        x1, y1, x2, y2 = (round((value - corner[place % 2]) * scale) for place, value in enumerate(mark.box))
        colour, outer = (TRUTH, LINE + 1) if mark.truth else (ANSWER, 0)
        if mark.mask is not None:
            _outline(image, mark.mask, corner, scale, colour)
            continue
        for reach, ink, width in ((outer, RIM, LINE + 1), (outer - mark.truth, colour, LINE)):
            left, top = max(x1 - reach, 0), max(y1 - reach, 0)
            right, bottom = min(x2 - 1 + reach, image.width - 1), min(y2 - 1 + reach, image.height - 1)
            if left <= right and top <= bottom:
                pen.rectangle((left, top, right, bottom), outline=ink, width=width)


def _outline(image: Image, mask: Runs, corner: tuple[int, int], scale: float, colour: Colour) -> None:
    """A mask's edges, with a dark rim, on the part of a photograph that begins at `corner`, `scale` times as large."""
    from PIL import ImageDraw

    pen, (left, top) = ImageDraw.Draw(image), corner
    right, bottom = left + ceil(image.width / scale), top + ceil(image.height / scale)
    parts = polygons(to_mask(mask)[top:bottom, left:right])
    for ink, width in ((RIM, LINE + 1), (colour, LINE - 1)):
        for ring in (ring for part in parts for ring in part):
            points = [(x * scale, y * scale) for x, y in ring.tolist()]
            pen.line([*points, *points[:2]], fill=ink, width=width, joint="curve")
