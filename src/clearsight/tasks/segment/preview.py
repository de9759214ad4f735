"""A training picture with the classes that a segmenter is to learn from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from clearsight.core.sample import BACKGROUND, VOID
from clearsight.tasks.picture.colours import colour_of, name_in_corner
from clearsight.tasks.segment.draw import overlaid


def draw_targets(picture: Any, targets: Mapping[str, Tensor], labels: Sequence[str], zoom: float) -> Any:
    """A Pillow image, `zoom` times as large as its canvas, under the colours of its mask (H, W), and in a corner the names of
    the classes that it shows; the background is left as it is, and what is void is dark."""
    import PIL.Image

    mask = targets["mask"].cpu().numpy()
    shown = PIL.Image.fromarray(mask).resize(picture.size, PIL.Image.Resampling.NEAREST)
    picture.paste(overlaid(picture, shown, labels))
    numbers = sorted(set(mask.ravel().tolist()) - {VOID})
    named = [(colour_of(number), labels[number]) for number in numbers if labels[number] != BACKGROUND]
    name_in_corner(picture, named)
    return picture
