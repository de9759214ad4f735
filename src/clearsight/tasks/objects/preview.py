"""A training picture with the boxes that a detector is to learn from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from clearsight.ops.colours import RIM
from clearsight.tasks.picture.colours import colour_of, name_in_corner

CROWD = (200, 200, 200)
"""Colour of the boxes that are not learnt from."""


def draw_targets(picture: Any, targets: Mapping[str, Tensor], labels: Sequence[str], zoom: float) -> Any:
    """A Pillow image, `zoom` times as large as its canvas, with the boxes (M, 4) of its targets, each in the colour of its
    class, and in a corner the names of the classes it shows; crowds are grey."""
    import PIL.ImageDraw

    pen = PIL.ImageDraw.Draw(picture)
    classes = targets["labels"].tolist()
    for box, number, crowd in zip(targets["boxes"].tolist(), classes, targets["crowd"].tolist(), strict=True):
        if number < 0:
            continue
        x1, y1, x2, y2 = (round(value * zoom) for value in box)
        x2, y2 = max(x1, x2 - 1), max(y1, y2 - 1)
        pen.rectangle((x1 - 2, y1 - 2, x2 + 2, y2 + 2), outline=RIM, width=3)  # a dark rim shows on any ground
        pen.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline=CROWD if crowd else colour_of(number), width=2)
    shown = sorted({number for number in classes if number >= 0})
    name_in_corner(picture, [(colour_of(number), labels[number]) for number in shown])
    return picture
