"""A photograph under the colours of its classes, above a legend. numpy and Pillow only.

Where two classes meet a dark line shows it, whatever colours they have and whoever looks at them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clearsight.core.sample import BACKGROUND, VOID, Array
from clearsight.ops.colours import OKABE_ITO, RIM, Colour
from clearsight.tasks.picture.colours import colour_of, enlarged, name_in_corner, with_legend
from clearsight.tasks.picture.words import percent

if TYPE_CHECKING:
    from PIL.Image import Image

    from clearsight.tasks.segment.prediction import Segmentation

OPACITY = 0.55
"""Share of a class's colour in what is shown."""

BESIDE, GAP = 256, 4
"""Longer side of each of four pictures beside each other, and what is between them, pixels."""

WRONG: Colour = OKABE_ITO[5]
"""Colour of pixels that are wrong: vermillion, on a grey photograph."""

NOTHING: Colour = (0, 0, 0)
"""Colour of the background in a mask's palette."""


def draw_classes(image: Array, found: Segmentation) -> Image:
    """A Pillow image: the photograph uint8 (H, W, 3) under the colours of its classes, and below it their names and shares, the
    largest first. The background stays as it is. A small picture is enlarged by a whole number of times."""
    import PIL.Image

    photo, _, font = enlarged(image)
    mask = PIL.Image.fromarray(found.mask).resize(photo.size, PIL.Image.Resampling.NEAREST)
    numbers = {label: number for number, label in enumerate(found.names)}
    rows = [
        (None if label == BACKGROUND else colour_of(numbers[label]), f"{label} {percent(count / found.mask.size)}")
        for label, count in found.pixels.items()
    ]
    return with_legend(overlaid(photo, mask, found.names), rows, font)


def draw_beside(image: Array, truth: Array, found: Array, labels: Sequence[str]) -> Image:
    """A Pillow image: the photograph uint8 (H, W, 3), and under it the pixels that are wrong; beside them what is annotated and
    what was found, uint8 (H, W). What nobody has judged is not wrong."""
    import PIL.Image

    photo = PIL.Image.fromarray(np.ascontiguousarray(image)).convert("RGB")
    scale = BESIDE / max(photo.size)
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    photo = photo.resize(size, PIL.Image.Resampling.BILINEAR if scale < 1 else PIL.Image.Resampling.NEAREST)
    wrong = (truth != found) & (truth != VOID)
    masks = [PIL.Image.fromarray(np.ascontiguousarray(mask, np.uint8)) for mask in (truth, found, wrong)]
    said, answered, apart = (mask.resize(size, PIL.Image.Resampling.NEAREST) for mask in masks)
    marked = photo.convert("L").convert("RGB")
    marked.paste(WRONG, mask=apart.point(lambda value: 255 * bool(value)))
    parts = [(photo, "photograph"), (overlaid(photo, said, labels), "annotated")]
    parts += [(marked, "wrong"), (overlaid(photo, answered, labels), "found")]
    sheet = PIL.Image.new("RGB", (2 * size[0] + GAP, 2 * size[1] + GAP), RIM)
    for place, (part, name) in enumerate(parts):
        name_in_corner(part, [(RIM, name)])
        sheet.paste(part, (place % 2 * (size[0] + GAP), place // 2 * (size[1] + GAP)))
    return sheet


def overlaid(photo: Image, mask: Image, labels: Sequence[str]) -> Image:
    """A photograph under the colours of a mask of its size, whose values are places in `labels` or `VOID`, which is dark."""
    import PIL.Image

    classes = np.asarray(mask)
    shown = PIL.Image.blend(photo, with_palette(classes, labels).convert("RGB"), OPACITY)
    if BACKGROUND in labels:
        ground = classes == list(labels).index(BACKGROUND)
        shown.paste(photo, mask=PIL.Image.fromarray(ground))
    edges = _edges(classes)
    shown.paste(RIM, mask=PIL.Image.fromarray(edges))
    return shown


def with_palette(mask: Array, labels: Sequence[str]) -> Image:
    """A mask uint8 (H, W) as a Pillow image of the mode "P": its values stay, and show in the colours of their classes; the
    background and what is void are black."""
    import PIL.Image

    colours = [NOTHING if label == BACKGROUND else colour_of(number) for number, label in enumerate(labels)]
    colours += [NOTHING] * (VOID + 1 - len(colours))
    picture = PIL.Image.fromarray(np.ascontiguousarray(mask, np.uint8))
    picture.putpalette([value for colour in colours for value in colour])
    return picture


def _edges(classes: Array) -> Array:
    """Pixels whose neighbour to the right or below is of another class, bool (H, W)."""
    edges = np.zeros(classes.shape, bool)
    edges[:, :-1] = classes[:, :-1] != classes[:, 1:]
    edges[:-1] |= classes[:-1] != classes[1:]
    return edges
