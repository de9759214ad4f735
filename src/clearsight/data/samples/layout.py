"""Where the objects of a scene of `shapes` are, and which of their pixels can be seen. numpy only.

Later objects hide earlier ones. An object is placed only where `SEEN` of it can be seen, and where it leaves so much of
those it hides: what is drawn is always annotated, and no annotation is of something that cannot be seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from clearsight.core.sample import Array
from clearsight.data.samples.outlines import OUTLINES
from clearsight.ops.rle import Runs, from_indices

LABELS = tuple(OUTLINES)

SEEN = 0.5
"""Smallest share of an object's pixels that is seen, neither hidden by another nor beyond the picture's edge."""

MOST = 8
"""Most objects of a scene; the number is uniform from 1, less those for which no room is found."""

SIZES = (0.08, 0.5)
"""Diameter of the circle around an object, as shares of the picture's shorter side."""

SMALLEST = 4.0
"""Radius in pixels that no object falls below, whatever the picture's size."""

PLACES = 12
"""Places tried for an object before it is given up."""

_SPLITS = {"train": 0, "val": 1, "test": 2}


@dataclass(frozen=True)
class Scene:
    """Which scene: the same for the same fields, in every process. `version` changes with what is drawn."""

    seed: int
    split: str  # train, val, test: scenes of different splits are different, however many there are
    number: int
    height: int  # pixels
    width: int
    version: int = 1

    def generator(self, purpose: int) -> np.random.Generator:
        """Random numbers of this scene: purpose 0 for its layout, 1 for its paint."""
        return np.random.default_rng([self.seed, _SPLITS[self.split], self.number, purpose])


@dataclass(frozen=True)
class Thing:
    """One object, in pixels of the picture."""

    label: str
    x: float  # of its centre
    y: float
    radius: float  # of the circle around it
    angle: float  # radians
    stretch: float  # times as wide as high, before it is turned

    def window(self) -> tuple[int, int, int, int]:
        """Rows and columns around it, (top, bottom, left, right), perhaps beyond the picture."""
        reach = self.radius * math.sqrt(max(self.stretch, 1 / self.stretch)) + 2
        top, bottom = math.floor(self.y - reach), math.ceil(self.y + reach)
        return top, bottom, math.floor(self.x - reach), math.ceil(self.x + reach)

    def frame(self, window: tuple[int, int, int, int]) -> tuple[Array, Array]:
        """The coordinates of a window's pixel centres in units of the radius, about its centre and turned with it."""
        top, bottom, left, right = window
        across = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - self.x))[None, :]
        down = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - self.y))[:, None]
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        wide, high = self.radius * math.sqrt(self.stretch), self.radius / math.sqrt(self.stretch)
        return (cos * across + sin * down) / wide, (cos * down - sin * across) / high

    def distance(self, window: tuple[int, int, int, int]) -> Array:
        """Signed distance to its outline in pixels, float32 (h, w); below 0 within."""
        return OUTLINES[self.label](*self.frame(window)) * np.float32(self.radius)


@dataclass(frozen=True)
class Layout:
    """The objects of a scene, those behind first, and whose each pixel is."""

    things: tuple[Thing, ...]
    owner: Array  # int8 (H, W): the object in front, -1 for the background

    def masks(self) -> tuple[Runs, ...]:
        """The visible part of each object; no pixel is in two."""
        return from_indices(self.owner, range(len(self.things)))

    def boxes(self) -> Array:
        """The boxes around the visible parts, xyxy float32 (N, 4), in pixels."""
        height, width = self.owner.shape
        found = np.empty((len(self.things), 4), np.float32)
        for index, thing in enumerate(self.things):
            top, bottom, left, right = clipped(thing.window(), height, width)
            rows, columns = np.nonzero(self.owner[top:bottom, left:right] == index)
            low, high = (columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)
            found[index] = (left + low[0], top + low[1], left + high[0], top + high[1])
        return found


def lay_out(scene: Scene) -> Layout:
    """The layout of a scene. About a millisecond at 160 pixels."""
    draw = scene.generator(0)
    owner = np.full((scene.height, scene.width), -1, np.int8)
    things: list[Thing] = []
    whole: list[int] = []  # pixels of each object, seen or not
    seen: list[int] = []
    for _ in range(int(draw.integers(1, MOST + 1))):
        label = LABELS[draw.integers(len(LABELS))]
        share = SIZES[0] + (SIZES[1] - SIZES[0]) * float(draw.random()) ** 1.5  # small ones are more frequent
        radius = max(share * min(scene.height, scene.width) / 2, SMALLEST)
        angle, stretch = float(draw.uniform(0, 2 * math.pi)), float(draw.uniform(0.85, 1.18))
        for x, y in draw.random((PLACES, 2)):
            thing = Thing(label, x * scene.width, y * scene.height, radius, angle, stretch)
            if _place(thing, owner, things, whole, seen):
                break
    return Layout(tuple(things), owner)


def clipped(window: tuple[int, int, int, int], height: int, width: int) -> tuple[int, int, int, int]:
    """The part of a window within a picture."""
    top, bottom, left, right = window
    return max(top, 0), min(bottom, height), max(left, 0), min(right, width)


def _place(thing: Thing, owner: Array, things: list[Thing], whole: list[int], seen: list[int]) -> bool:
    """Put an object in front of the others, if enough of all of them can be seen then; say whether it was."""
    window = thing.window()
    inside = thing.distance(window) < 0
    top, bottom, left, right = clipped(window, *owner.shape)
    within = inside[top - window[0] : bottom - window[0], left - window[2] : right - window[2]]
    total, visible = int(np.count_nonzero(inside)), int(np.count_nonzero(within))
    if visible < SEEN * total:
        return False
    part = owner[top:bottom, left:right]
    hidden = np.bincount(part[within].astype(np.intp) + 1, minlength=len(things) + 1)[1:]
    rest = [number - int(less) for number, less in zip(seen, hidden, strict=True)]
    if any(number < SEEN * all_ for number, all_ in zip(rest, whole, strict=True)):
        return False
    seen[:] = rest
    part[within] = len(things)
    things.append(thing)
    whole.append(total)
    seen.append(visible)
    return True
