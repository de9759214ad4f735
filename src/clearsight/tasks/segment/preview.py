"""A training picture with the classes that a segmenter is to learn from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from clearsight.core.sample import VOID
from clearsight.tasks.picture.colours import colour_of, ink_on
from clearsight.tasks.segment.draw import overlaid
from clearsight.tasks.segment.truth import GROUND


def draw_targets(picture: Any, targets: Mapping[str, Tensor], labels: Sequence[str], zoom: float) -> Any:
    """A Pillow image, `zoom` times as large as its canvas, under the colours of its mask (H, W), and in a corner the names of
    the classes that it shows; the background is left as it is, and what is void is dark."""
    import PIL.Image
    import PIL.ImageDraw
    import PIL.ImageFont

    mask = targets["mask"].cpu().numpy()
    shown = PIL.Image.fromarray(mask).resize(picture.size, PIL.Image.Resampling.NEAREST)
    picture.paste(overlaid(picture, shown, labels))
    pen, font = PIL.ImageDraw.Draw(picture), PIL.ImageFont.load_default(size=11)
    right = 0
    for number in sorted(set(mask.ravel().tolist()) - {VOID}):
        colour, name = colour_of(number), labels[number]
        if name == GROUND:
            continue  # it is left as it is
        left, right = right, right + round(font.getlength(name)) + 6
        pen.rectangle((left, picture.height - 14, right - 1, picture.height - 1), fill=colour)
        pen.text((left + 3, picture.height - 7), name, ink_on(colour), font, anchor="lm")
    return picture
