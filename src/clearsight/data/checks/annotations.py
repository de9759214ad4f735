"""Annotations that cannot be right: what the reader met in their files, pictures of another size than they say, and objects
that are annotated twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearsight.core.reader import Fault
from clearsight.core.sample import Boxes
from clearsight.data.checks.base import Finding, GateContext, Level, level_of, number, verb
from clearsight.metrics.boxes import iou, to_xywh

DOUBLED = 0.9
"""Overlap (IoU) from which on two boxes of a class are one object, annotated twice: hardly any two objects are so alike."""

BLOCK = 256
"""Boxes that are compared with all at once: thousands in a picture must not fill the memory."""


def check(context: GateContext) -> Iterator[Finding]:
    """Passes the reader's faults on, compares the sizes of the photographs with those that were annotated, and boxes with each
    other."""
    for fault in context.info.faults:
        met = f"{len(fault.items):,} of {fault.total:,}"
        yield Finding(_level(fault), "annotations", f"{fault.what} were {fault.done}, {met}: {fault.hint}", fault.items)
    yield from _other_sizes(context)
    yield from _doubled(context)


def _level(fault: Fault) -> Level:
    return level_of(len(fault.items), fault.total) if fault.level == "many" else fault.level


def _other_sizes(context: GateContext) -> Iterator[Finding]:
    """Boxes were drawn on a picture of the size that the annotations say: on another they are elsewhere."""
    items, total = [], 0
    for split in context.samples:
        for sample in context.readable(split):
            boxes, size = sample.boxes, context.sizes.get(sample.key)
            if boxes is None or boxes.said is None or size is None:
                continue
            said = boxes.said
            total += 1
            if said != size:
                turned = ": turned by its EXIF orientation?" if said == size[::-1] else ""
                where = f" ({boxes.said_in})" if boxes.said_in else ""
                is_of = f"is of {size[1]} x {size[0]} pixels, its annotation{where} says {said[1]} x {said[0]}"
                items.append(f"{sample.key} {is_of}{turned}")
    if items:
        are = verb(len(items), "is", "are")
        message = (
            f"{len(items):,} of {total:,} pictures {are} not of the size that their annotations say, so that their boxes "
            "may lie elsewhere: see whether pictures were resized, or annotations are of others"
        )
        yield Finding(level_of(len(items), total), "annotations", message, tuple(items))


def _doubled(context: GateContext) -> Iterator[Finding]:
    """A detector answers with one box an object: the other one is missed, whatever it learns."""
    items = []
    for split in context.samples:
        for sample in context.readable(split):
            if sample.boxes is not None:
                for row in _copies(sample.boxes):
                    corners = ", ".join(f"{edge:g}" for edge in sample.boxes.xyxy[row].round(1).tolist())
                    items.append(f"{sample.key}: {sample.boxes.labels[row]} at {corners}")
    if items:
        lie = verb(len(items), "lies", "lie")
        message = (
            f"{number(len(items), 'box', 'boxes')} {lie} on another one of the same class, all but exactly: remove those that "
            "are of an object annotated twice"
        )
        yield Finding("warning", "annotations", message, tuple(items))


def _copies(boxes: Boxes) -> list[int]:
    """Rows of boxes that overlap an earlier one of their class by `DOUBLED`; crowds are of many objects, and left out."""
    count = len(boxes.labels)
    if count < 2:
        return []
    kinds = np.unique(np.array(boxes.labels), return_inverse=True)[1]
    if boxes.crowd is not None:
        kinds = np.where(boxes.crowd, -1 - np.arange(count), kinds)  # each of a class of its own
    xywh, rows, found = to_xywh(boxes.xyxy), np.arange(count), set[int]()
    for start in range(0, count, BLOCK):
        block = rows[start : start + BLOCK]
        first, second = np.nonzero((kinds[:, None] == kinds[block]) & (rows[:, None] < block))
        second = block[second]
        overlap = iou(xywh[first], xywh[second], np.zeros(len(first), bool))
        found.update(second[overlap >= DOUBLED].tolist())
    return sorted(found)
