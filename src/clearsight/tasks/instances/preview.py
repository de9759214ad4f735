"""A training picture with the masks and boxes that are to be learnt from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from clearsight.tasks.instances.draw import overlaid
from clearsight.tasks.objects import preview
from clearsight.tasks.picture.colours import colour_of

UNJUDGED = (128, 128, 128)
"""Colour of pixels that are not learnt from."""


def draw_targets(picture: Any, targets: Mapping[str, Tensor], labels: Sequence[str], zoom: float) -> Any:
    """A Pillow image, `zoom` times as large as its canvas, under the colours of its pixels' owners (H, W), with their boxes
    and the names of the classes; crowds and what is not judged are grey."""
    import PIL.Image

    owner = targets["owners"].cpu().numpy().astype(np.int32)
    rows = (np.arange(picture.height) * (owner.shape[0] / picture.height)).astype(int)
    columns = (np.arange(picture.width) * (owner.shape[1] / picture.width)).astype(int)
    owner = owner[rows][:, columns]
    numbers = targets["labels"].tolist()
    colours = [*(colour_of(max(number, 0)) for number in numbers), UNJUDGED]
    owner = np.where(owner < -1, len(numbers), owner)
    shown = PIL.Image.fromarray(overlaid(np.asarray(picture), owner, colours, 1))
    return preview.draw_targets(shown, targets, labels, zoom)
