"""A photograph under the colours of its classes, above a legend. numpy and Pillow only.

Where two classes meet a dark line shows it, whatever colours they have and whoever looks at them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from clearsight.core.sample import VOID, Array
from clearsight.tasks.picture.colours import RIM, Colour, colour_of, enlarged, with_legend
from clearsight.tasks.segment.truth import GROUND

if TYPE_CHECKING:
    from PIL.Image import Image

    from clearsight.tasks.segment.prediction import Segmentation

OPACITY = 0.55
"""Share of a class's colour in what is shown."""

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
        (None if label == GROUND else colour_of(numbers[label]), f"{label} {_percent(count / found.mask.size)}")
        for label, count in found.pixels.items()
    ]
    return with_legend(overlaid(photo, mask, found.names), rows, font)


def overlaid(photo: Image, mask: Image, labels: Sequence[str]) -> Image:
    """A photograph under the colours of a mask of its size, whose values are places in `labels` or `VOID`, which is dark."""
    import PIL.Image

    classes = np.asarray(mask)
    shown = PIL.Image.blend(photo, with_palette(classes, labels).convert("RGB"), OPACITY)
    if GROUND in labels:
        ground = classes == list(labels).index(GROUND)
        shown.paste(photo, mask=PIL.Image.fromarray(ground))
    edges = _edges(classes)
    shown.paste(RIM, mask=PIL.Image.fromarray(edges))
    return shown


def with_palette(mask: Array, labels: Sequence[str]) -> Image:
    """A mask uint8 (H, W) as a Pillow image of the mode "P": its values stay, and show in the colours of their classes; the
    background and what is void are black."""
    import PIL.Image

    colours = [NOTHING if label == GROUND else colour_of(number) for number, label in enumerate(labels)]
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


def _percent(share: float) -> str:
    """A share in words: whole per cent, or "< 1 %"."""
    return f"{100 * share:.0f} %" if share >= 0.01 else "< 1 %"
