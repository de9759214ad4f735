"""The classes of `shapes`: outlines as signed distances, below 0 within, of size 1.

Each takes coordinates x and y, float arrays of one shape, in units of the radius of the circle around the outline, whose
centre is (0, 0); y points down. Distances are exact at straight edges and a little short at corners, where only the
smoothing of one pixel sees them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from clearsight.core.sample import Array

RING = 0.4
"""Width of a ring."""

ARM = 0.3
"""Half the width of a cross's arms."""

NOTCH = 0.45
"""How far a star's inner corners are from its centre."""


def circle(x: Array, y: Array) -> Array:
    """A disc."""
    return np.hypot(x, y) - 1


def ring(x: Array, y: Array) -> Array:
    """A disc with a hole."""
    return np.abs(np.hypot(x, y) - (1 - RING / 2)) - RING / 2


def polygon(x: Array, y: Array, corners: int) -> Array:
    """A regular polygon, one corner to the right."""
    along, _ = _folded(x, y, corners, math.pi / corners)
    return along - math.cos(math.pi / corners)


def star(x: Array, y: Array, points: int) -> Array:
    """A star, one point to the right."""
    along, aside = _folded(x, y, points, 0)
    half = math.pi / points
    edge_x, edge_y = NOTCH * math.cos(half) - 1, NOTCH * math.sin(half)  # from the point to the inner corner
    return (edge_y * (along - 1) - edge_x * aside) / math.hypot(edge_x, edge_y)


def cross(x: Array, y: Array) -> Array:
    """Two bars at right angles."""
    x, y = np.abs(x), np.abs(y)
    length = math.sqrt(1 - ARM**2)  # so that the arms' corners touch the circle
    return np.minimum(np.maximum(x - length, y - ARM), np.maximum(y - length, x - ARM))


def _folded(x: Array, y: Array, parts: int, turn: float) -> tuple[Array, Array]:
    """Coordinates after the plane is folded into one of `parts` equal sectors, about the direction `turn`: along that
    direction and, positive, aside of it."""
    sector = 2 * math.pi / parts
    angle = np.arctan2(y, x) - turn
    aside = np.abs(angle - sector * np.round(angle / sector))
    radius = np.hypot(x, y)
    return radius * np.cos(aside), radius * np.sin(aside)


OUTLINES: Mapping[str, Callable[[Array, Array], Array]] = {
    "circle": circle,
    "square": partial(polygon, corners=4),
    "triangle": partial(polygon, corners=3),
    "star": partial(star, points=5),
    "ring": ring,
    "cross": cross,
}
"""The classes, in the order of their indices."""
