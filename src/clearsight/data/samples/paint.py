"""The pixels of a scene of `shapes`: a cluttered background and textured objects. numpy and Pillow only.

What is drawn follows from the scene alone. Colours are drawn anew where an object would not stand out from what is
behind it: the set is to be learnt from few pictures, and an object that nobody can see teaches nothing.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable

import numpy as np
import PIL.Image
import PIL.ImageDraw

from clearsight.core.image import Pixels
from clearsight.core.sample import Array
from clearsight.data.samples.layout import Layout, Scene, Thing, clipped, lay_out

CONTRAST = 70.0
"""How far, of 255 in red, green and blue together, an object's colours should be from nearly all that is around it."""

ALIKE = 0.1
"""Share of the pixels around it that may be less far."""

COLOURS = 8
"""Colours tried for an object; the best is taken where none stands out enough."""

LARGE = 10.0
"""Radius in pixels from which objects are patterned; smaller ones could not be told apart."""

FINE = 2
"""How many times finer lines are drawn than the picture is, so that they come out smooth."""

Draw = np.random.Generator


def draw_scene(scene: Scene) -> Pixels:
    """The picture of a scene, uint8 (H, W, 3). A few milliseconds at 160 pixels."""
    layout, draw = lay_out(scene), scene.generator(1)
    canvas = _background(scene.height, scene.width, draw)
    for thing in layout.things:
        _paint(canvas, thing, layout, draw)
    left, right = draw.uniform(0.85, 1.1, 2).tolist()
    canvas *= np.linspace(left, right, scene.width, dtype=np.float32)[None, :, None]
    canvas += draw.standard_normal((scene.height, scene.width, 1), np.float32) * np.float32(draw.uniform(2, 8))
    return np.clip(np.rint(canvas, out=canvas), 0, 255, out=canvas).astype(np.uint8)


def _paint(canvas: Array, thing: Thing, layout: Layout, draw: Draw) -> None:
    """Put one object onto the canvas, float32 (H, W, 3), its outline smoothed over a pixel."""
    window = thing.window()
    top, bottom, left, right = clipped(window, *layout.owner.shape)
    distance = thing.distance((top, bottom, left, right))
    behind = canvas[top:bottom, left:right]
    light, dark = _colours(behind[np.abs(distance) < 3], draw)
    patterns = _PATTERNS if thing.radius >= LARGE else _PATTERNS[:2]
    pattern = patterns[draw.integers(len(patterns))](*thing.frame((top, bottom, left, right)), thing.radius, draw)
    surface = dark + (light - dark) * pattern[..., None]
    cover = np.clip(0.5 - distance, 0, 1)[..., None]
    behind += (surface - behind) * cover


def _colours(around: Array, draw: Draw) -> tuple[Array, Array]:
    """Two tones of one hue, float32 (3,), that stand out from the pixels (N, 3) around an object."""
    best, fewest = (np.zeros(3, np.float32), np.zeros(3, np.float32)), math.inf
    for _ in range(COLOURS):
        hue, saturation, value = draw.random(), draw.uniform(0.3, 1), draw.uniform(0.45, 1)
        light = np.array(colorsys.hsv_to_rgb(hue, saturation, value), np.float32) * 255
        dark = light * np.float32(draw.uniform(0.5, 0.75))
        alike = max(float((((around - tone) ** 2).sum(1) < CONTRAST**2).mean()) for tone in (light, dark))
        if alike < fewest:
            best, fewest = (light, dark), alike
        if alike <= ALIKE:
            break
    return best


def _plain(x: Array, y: Array, radius: float, draw: Draw) -> Array:
    """Patterns are 1 where the light tone is and 0 where the dark, (h, w), over coordinates in radii."""
    return np.full(np.broadcast_shapes(x.shape, y.shape), draw.random(), np.float32)


def _shaded(x: Array, y: Array, radius: float, draw: Draw) -> Array:
    return np.clip(0.5 + 0.5 * x + 0.3 * y, 0, 1)


def _striped(x: Array, y: Array, radius: float, draw: Draw) -> Array:
    return _steep(np.sin((x + 0 * y) * math.pi / _period(radius, draw)), radius)


def _checked(x: Array, y: Array, radius: float, draw: Draw) -> Array:
    turn = math.pi / _period(radius, draw)
    return _steep(np.sin(x * turn) * np.sin(y * turn), radius)


def _dotted(x: Array, y: Array, radius: float, draw: Draw) -> Array:
    turn = math.pi / _period(radius, draw)
    return _steep(np.cos(x * turn) + np.cos(y * turn) - 0.7, radius)


def _speckled(x: Array, y: Array, radius: float, draw: Draw) -> Array:
    return draw.random(np.broadcast_shapes(x.shape, y.shape), np.float32)


_PATTERNS: tuple[Callable[[Array, Array, float, Draw], Array], ...] = (
    _plain,
    _shaded,
    _striped,
    _checked,
    _dotted,
    _speckled,
)


def _period(radius: float, draw: Draw) -> float:
    """Half the period of a pattern in radii: four pixels or more."""
    return max(float(draw.uniform(0.2, 0.5)), 4 / radius)


def _steep(wave: Array, radius: float) -> Array:
    """A wave as two tones with a smooth edge."""
    tones: Array = np.clip(0.5 + wave * np.float32(radius / 8), 0, 1)
    return tones


def _background(height: int, width: int, draw: Draw) -> Array:
    """Two smooth fields of colour, blobs and lines, float32 (H, W, 3)."""
    side = min(height, width)
    canvas = _field(height, width, 2, draw)
    canvas += (_field(height, width, int(draw.integers(3, 25)), draw) - canvas) * np.float32(draw.uniform(0, 0.5))
    for _ in range(draw.integers(0, 5)):
        _blob(canvas, side, draw)
    if strokes := int(draw.integers(0, 9)):
        _strokes(canvas, side, strokes, draw)
    return canvas


def _field(height: int, width: int, knots: int, draw: Draw) -> Array:
    """Smooth changes about one colour, given at `knots` × `knots` places, float32 (H, W, 3)."""
    grid = draw.uniform(50, 205, 3) + draw.uniform(10, 60) * draw.standard_normal((knots, knots, 3))
    small = PIL.Image.fromarray(np.clip(np.rint(grid), 0, 255).astype(np.uint8))
    return np.asarray(small.resize((width, height), PIL.Image.Resampling.BICUBIC), np.float32)


def _blob(canvas: Array, side: int, draw: Draw) -> None:
    """A patch of another colour without an edge."""
    height, width, _ = canvas.shape
    wide, high = draw.uniform(0.08, 0.3, 2) * side
    x, y = draw.random(2) * (width, height)
    window = (
        math.floor(y - 2.5 * high),
        math.ceil(y + 2.5 * high),
        math.floor(x - 2.5 * wide),
        math.ceil(x + 2.5 * wide),
    )
    top, bottom, left, right = clipped(window, height, width)
    down = (np.arange(top, bottom, dtype=np.float32) - np.float32(y)) / np.float32(high)
    across = (np.arange(left, right, dtype=np.float32) - np.float32(x)) / np.float32(wide)
    cover = np.exp(-(down**2))[:, None] * np.exp(-(across**2))[None, :] * np.float32(draw.uniform(0.3, 0.8))
    part = canvas[top:bottom, left:right]
    part += (draw.uniform(20, 235, 3).astype(np.float32) - part) * cover[..., None]


def _strokes(canvas: Array, side: int, count: int, draw: Draw) -> None:
    """Lines and scribbles, thin and without an inside, as no object is."""
    height, width, _ = canvas.shape
    inks, covers = PIL.Image.new("RGB", (width, height)), PIL.Image.new("L", (width * FINE, height * FINE))
    ink, cover = PIL.ImageDraw.Draw(inks), PIL.ImageDraw.Draw(covers)
    for _ in range(count):
        start = draw.random((1, 2)) * (width, height)
        turns = draw.normal(0, 0.35 * side, (int(draw.integers(1, 5)), 2)).cumsum(0)
        points = np.vstack([start, start + turns])
        thick = max(float(draw.uniform(0.004, 0.014)) * side, 1 / FINE)
        red, green, blue = map(int, draw.integers(20, 235, 3))
        cover.line([(x * FINE, y * FINE) for x, y in points.tolist()], 255, round(thick * FINE), "curve")
        under = math.ceil(thick) + 3  # wider than the cover, so that hardly any of it is without ink
        ink.line([(x, y) for x, y in points.tolist()], (red, green, blue), under, "curve")
    drawn = np.asarray(inks, np.float32)
    share = np.asarray(covers.reduce(FINE), np.float32)[..., None] / 255 * (drawn[..., :1] > 0)
    canvas += (drawn - canvas) * share
