"""How far two answers of objects with masks are apart: the proof of an export. numpy only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from clearsight.core.sample import Array
from clearsight.ops.paste import paste
from clearsight.ops.rle import iou_matrix
from clearsight.tasks.objects.compare import objects_difference

NOTICEABLE = 1e-4
"""A difference of probabilities from which on the pixels are looked at."""

LACKING = 50.0
"""An intersection over union of 0.995 between masks, in pixels of the photograph, counts as 1e-4."""


def instances_difference(one: Mapping[str, Array], other: Mapping[str, Array], floor: float) -> float:
    """The largest difference between boxes, scores and masks of two answers' final arrays, each in units of which 1e-4 would
    not be noticed: see `objects_difference`. Masks are compared as probabilities, and where these differ noticeably by the
    pixels of the photograph that they cover: a pixel for which both say a half may fall on either side."""
    return objects_difference(one, other, floor, masks_apart)


def masks_apart(one: Mapping[str, Array], row: int, other: Mapping[str, Array], counterpart: int) -> float:
    """How far the masks of two rows are apart."""
    probabilities = float(np.abs(one["masks"][row].astype(np.float64) - other["masks"][counterpart]).max())
    if probabilities <= NOTICEABLE:
        return probabilities
    height, width = (round(float(side)) for side in one["extent"])
    mine = paste(one["masks"][row], one["mask_boxes"][row], height, width)
    theirs = paste(other["masks"][counterpart], other["mask_boxes"][counterpart], height, width)
    empty = not mine.counts[1::2].any() and not theirs.counts[1::2].any()
    lacking = 0.0 if empty else 1 - float(iou_matrix([mine], [theirs])[0, 0])
    return min(probabilities, lacking / LACKING)
