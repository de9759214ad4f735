"""Which columns of a table hold boxes: four of them, by names that are usual for corners, or for a corner or centre and size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Form = Literal["corners", "corner and size", "centre and size"]

# Compared without case, blanks, - and _; the likeliest reading first.
_FORMS: tuple[tuple[Form, str], ...] = (
    ("corners", "xmin ymin xmax ymax"),
    ("corners", "x1 y1 x2 y2"),
    ("corners", "x0 y0 x1 y1"),
    ("corners", "left top right bottom"),
    ("corners", "xtl ytl xbr ybr"),
    ("corner and size", "x y w h"),
    ("corner and size", "x y width height"),
    ("corner and size", "xmin ymin width height"),
    ("corner and size", "left top width height"),
    ("centre and size", "cx cy w h"),
    ("centre and size", "xcenter ycenter width height"),
    ("centre and size", "xcentre ycentre width height"),
    ("centre and size", "xcenter ycenter w h"),
)
_SIZES = ("imageheight imagewidth", "imgheight imgwidth", "imgh imgw", "height width")


@dataclass(frozen=True)
class BoxColumns:
    """The columns of a box, in the order of the form's names, and those of the picture's height and width."""

    form: Form
    box: tuple[str, str, str, str]
    size: tuple[str, str] | None


def box_columns(columns: Sequence[str]) -> BoxColumns | None:
    """The columns that hold boxes; None where there are none. `bbox_x` and `box-x` go before a plain `x`."""
    plain = {re.sub(r"[\s_.-]", "", column.casefold()): column for column in reversed(columns)}
    prefixed = {re.sub(r"^b?box", "", name): column for name, column in plain.items() if re.match(r"b?box.", name)}
    for names in (prefixed, plain):
        for form, wanted in _FORMS:
            found = [names[name] for name in wanted.split() if name in names]
            if len(found) == 4:
                sizes = [[plain.get(name) for name in pair.split()] for pair in _SIZES]
                size = next(((h, w) for h, w in sizes if h and w and h not in found and w not in found), None)
                return BoxColumns(form, (found[0], found[1], found[2], found[3]), size)
    return None
