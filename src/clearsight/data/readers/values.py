"""Values as annotation files have them: numbers, sizes, outlines, names of pictures. What is none is seen, not raised, but for
the names, without which nothing can be read."""

from __future__ import annotations

import json
import math
import os
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.sample import printable
from clearsight.data.readers.rings import Ring
from clearsight.data.tree import Tree

FAR = 1e9
"""Pixels beyond which a coordinate is a mistake."""


def read_json(tree: Tree, name: str) -> Any:
    """A file as JSON. Raises `InputError` where it is none."""
    try:
        return json.loads(tree.read(name))
    except (ValueError, RecursionError) as error:
        shown = printable(str(tree.path / name))
        raise InputError(f"{shown} is not JSON, or cut short ({error}); export it again") from None


def is_empty(cell: Any) -> bool:
    """Whether a value says nothing: missing, blank, or NaN, by which tables mean missing."""
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())  # NaN is not itself


def number(value: Any) -> float:
    """A value, or a text, as a number; NaN where it is none."""
    try:
        return math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def side(value: Any) -> int | None:
    """A height or width of a picture as annotations say it; None where they do not, as with 0."""
    found = number(value)
    return int(found) if 1 <= found < FAR and found == int(found) else None


def size(height: Any, width: Any) -> tuple[int, int] | None:
    """(height, width) as annotations say them; None where one is missing, or is no size."""
    sides = side(height), side(width)
    return None if sides[0] is None or sides[1] is None else (sides[0], sides[1])


def cornered(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    """Corners of a box given by its upper left corner and its size."""
    return x, y, x + width, y + height


def centred(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    """Corners of a box given by its centre and its size."""
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def outline(pairs: Any, far: float = FAR) -> Ring | None:
    """A list of x, y as an outline, perhaps of few points or none; None where it is no list of pairs of numbers below `far`."""
    if not isinstance(pairs, (list, tuple)):
        return None
    points = []
    for pair in pairs:
        x, y = map(number, pair) if isinstance(pair, (list, tuple)) and len(pair) == 2 else (math.nan, math.nan)
        if not (abs(x) < far and abs(y) < far):  # nor is NaN
            return None
        points.append((x, y))
    return tuple(points)


def name_of(value: Any, where: str) -> str:
    """A picture's name in an annotation file, with forward slashes. Raises `InputError` with `where`."""
    if isinstance(value, str) and value.strip() and "\0" not in value:
        try:
            os.fsencode(value)
        except UnicodeEncodeError:
            pass
        else:
            return value.replace("\\", "/")
    raise InputError(f"{where}: names no picture; give it the name of its file or remove it")
