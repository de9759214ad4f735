"""What is annotated, as one map of classes: from a semantic mask, or painted from those of objects. numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clearsight.core.errors import BadImage, InputError
from clearsight.core.sample import VOID, Array, Masks, Sample
from clearsight.ops.paint import paint

GROUND = "background"
"""What the class is called that no object covers."""


def class_map(sample: Sample, labels: Sequence[str], shape: tuple[int, int]) -> Array | None:
    """The class of each pixel of a photograph of this height and width: uint8 (H, W), indices into `labels`, or `VOID` where
    nobody has said one. None where the photograph is not annotated.

    Where the masks are of objects, what none of them covers is of the class `GROUND`, or void if the labels know no such
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
    _require_size(sample, found.shape, shape)
    numbers = np.array([index.get(label, len(labels)) for label in masks.labels], np.int64)
    table = np.full(VOID + 1, VOID, np.int64)
    table[: len(numbers)] = numbers
    if (numbers == len(labels)).any():
        _refuse_unknown(sample.key, found, masks.labels, labels)
    return table.astype(np.uint8)[found]


def _refuse_unknown(key: str, found: Array, there: Sequence[str], labels: Sequence[str]) -> None:
    """Raises `InputError` where a pixel is of a class that is not among the labels; one that no pixel has does no harm."""
    for number in np.unique(found).tolist():
        if number < len(there) and there[number] not in labels:
            raise InputError(_unknown(key, there[number], labels))


def _painted(sample: Sample, masks: Masks, index: dict[str, int], shape: tuple[int, int]) -> Array:
    """The map that masks of objects make on a photograph of this height and width."""
    crowd = np.zeros(len(masks.labels), bool) if masks.crowd is None else np.asarray(masks.crowd, bool)
    classes = []
    for label, many in zip(masks.labels, crowd.tolist(), strict=True):
        if label not in index:
            raise InputError(_unknown(sample.key, label, tuple(index)))
        classes.append(VOID if many and label != GROUND else index[label])
    ignored = None if masks.ignored is None else masks.ignored()
    runs = masks.runs()
    for one in runs:
        _require_size(sample, (one.height, one.width), shape)
    return paint(runs, classes, *shape, index.get(GROUND, VOID), ignored, VOID)


def _require_size(sample: Sample, found: tuple[int, ...], shape: tuple[int, int]) -> None:
    if found != shape:
        sizes = f"{found[1]}×{found[0]}, and the photograph {shape[1]}×{shape[0]}"
        raise BadImage(sample.image.name, f"its mask is {sizes}")


def _unknown(key: str, label: str, labels: Sequence[str]) -> str:
    known = ", ".join(labels[:10]) + (", …" if len(labels) > 10 else "")
    return f"{key} has pixels labelled {label!r}, which the model does not know; it knows {known}"
