"""A photograph with the masks of the objects on it, filled and outlined. numpy and Pillow only.

Colours tell classes apart. Where a model knows one class only they would say nothing, and tell objects apart instead, so
that those which touch are seen to be several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clearsight.core.sample import Array
from clearsight.ops.colours import OKABE_ITO, Colour
from clearsight.ops.owners import owners
from clearsight.tasks.objects.draw import class_counts, draw_tags, line_width
from clearsight.tasks.picture.colours import colour_of, enlarged, with_legend

if TYPE_CHECKING:
    from PIL.Image import Image

    from clearsight.tasks.instances.prediction import Instances

FILL = 0.45
"""How much of its colour an object has within its outline; the rest is the photograph."""

NEAR = 0.25
"""Objects whose boxes, each grown by this share of its sides, overlap have different colours where classes do not."""


def draw_masks(image: Array, found: Instances) -> Image:
    """A Pillow image: the photograph uint8 (H, W, 3) with all objects of `found` on it, small ones in front, each with its
    name and score where there is room for all of them, else above a legend.

    A small picture is enlarged by a whole number of times, each pixel staying a sharp square.
    """
    import PIL.Image

    photo, times, font = enlarged(image)
    height, width = image.shape[:2]
    colours = colours_of(found)
    owner = owners(found.masks, height, width).repeat(times, 0).repeat(times, 1)
    drawn = PIL.Image.fromarray(overlaid(np.asarray(photo), owner, colours, max(line_width(photo) // 2, 1)))
    frames = [(x1 * times, y1 * times, x2 * times, y2 * times) for x1, y1, x2, y2 in found.boxes.tolist()]
    if draw_tags(drawn, found, frames, colours, font, 1):
        return drawn
    rows = class_counts(found)
    if len(found.names) == 1:
        rows = [(None, f"{len(found)} {found.names[0]}")]  # colours tell objects apart, not classes
    return with_legend(drawn, rows, font)


def overlaid(photo: Array, owner: Array, colours: Sequence[Colour], line: int) -> Array:
    """A photograph uint8 (H, W, 3) under the colours of its pixels' owners (H, W), −1 for none, with outlines of `line`
    pixels."""
    table = np.array([*colours, (0, 0, 0)], np.float32)
    colour = table[np.where(owner >= 0, owner, len(colours))]
    inner = _inner(owner, line)
    amount = np.where(owner < 0, 0.0, np.where(inner, FILL, 1.0)).astype(np.float32)[..., None]
    return np.rint(photo * (1 - amount) + colour * amount).astype(np.uint8)


def _inner(owner: Array, line: int) -> Array:
    """Which pixels lie more than `line` pixels inside of their owner, bool (H, W). The picture's edge is no border."""
    padded = np.pad(owner, 1, mode="edge")
    sides = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    inner = owner >= 0
    for side in sides:
        inner &= side == owner
    for _ in range(line - 1):
        grown = np.pad(inner, 1, mode="edge")
        inner = inner & grown[:-2, 1:-1] & grown[2:, 1:-1] & grown[1:-1, :-2] & grown[1:-1, 2:]
    return inner


def colours_of(found: Instances) -> list[Colour]:
    """The colour of each object: of its class, or, where there is one class only, one that no object near it has. Among more
    than seven neighbours some share one."""
    if len(found.names) > 1:
        return [colour_of(number) for number in found.classes.tolist()]
    boxes = found.boxes.astype(np.float64)
    margin = NEAR * (boxes[:, 2:] - boxes[:, :2])
    low, high = boxes[:, :2] - margin, boxes[:, 2:] + margin
    numbers = np.full(len(boxes), -1)
    for row in range(len(boxes)):
        near = (low < high[row]).all(1) & (high > low[row]).all(1) & (numbers >= 0)
        taken = np.bincount(numbers[near], minlength=len(OKABE_ITO))
        used = np.bincount(numbers[numbers >= 0], minlength=len(OKABE_ITO))
        numbers[row] = np.lexsort((used, taken))[0]  # of those that neighbours have least, the one used least
    return [OKABE_ITO[number] for number in numbers.tolist()]
