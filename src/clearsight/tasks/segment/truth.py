"""What is annotated, as one map of classes: from a semantic mask, or painted from those of objects. numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clearsight.core.sample import BACKGROUND, VOID, Array, Masks, Sample, require_known, require_size
from clearsight.ops.paint import paint

PIXELS = "has pixels"
"""What bears a class."""


def class_map(sample: Sample, labels: Sequence[str], shape: tuple[int, int]) -> Array | None:
    """The class of each pixel of a photograph of this height and width: uint8 (H, W), indices into `labels`, or `VOID` where
    nobody has said one. None where the photograph is not annotated.

    Where the masks are of objects, what none of them covers is of the class `BACKGROUND`, or void if the labels know no such
    class; smaller objects lie before larger ones, and crowds are void. Raises `InputError` on a class that is not among
    the labels, and `BadImage` where a mask cannot be read or is not of the photograph's size.
    """
    masks = sample.masks
    if masks is None:
        return None
    index = {label: number for number, label in enumerate(labels)}
    if masks.kind == "instances":
        return _painted(sample, masks, index, shape)
    found = masks.indices()
    require_size(sample, [found.shape], shape)
    numbers = np.array([index.get(label, len(labels)) for label in masks.labels], np.int64)
    table = np.full(VOID + 1, VOID, np.int64)
    table[: len(numbers)] = numbers
    if (numbers == len(labels)).any():
        _refuse_unknown(sample.key, found, masks.labels, labels)
    return table.astype(np.uint8)[found]


def _refuse_unknown(key: str, found: Array, there: Sequence[str], labels: Sequence[str]) -> None:
    """Raises `InputError` where a pixel is of a class that is not among the labels; one that no pixel has does no harm."""
    shown = [there[number] for number in np.unique(found).tolist() if number < len(there)]
    require_known(key, shown, labels, PIXELS)


def _painted(sample: Sample, masks: Masks, index: dict[str, int], shape: tuple[int, int]) -> Array:
    """The map that masks of objects make on a photograph of this height and width."""
    require_known(sample.key, masks.labels, tuple(index), PIXELS)
    crowd = np.zeros(len(masks.labels), bool) if masks.crowd is None else np.asarray(masks.crowd, bool)
    classes = [
        VOID if many and label != BACKGROUND else index[label]
        for label, many in zip(masks.labels, crowd.tolist(), strict=True)
    ]
    ignored = None if masks.ignored is None else masks.ignored()
    runs = masks.runs()
    require_size(sample, ((one.height, one.width) for one in runs), shape)
    return paint(runs, classes, *shape, index.get(BACKGROUND, VOID), ignored, VOID)
