"""Annotations that cannot be right: what the reader met in their files, and pictures of another size than they say."""

from __future__ import annotations

from collections.abc import Iterator

from clearsight.core.reader import Fault
from clearsight.data.checks.base import Finding, GateContext, Level, level_of, verb


def check(context: GateContext) -> Iterator[Finding]:
    """Passes the reader's faults on, and compares the sizes of the photographs with those that were annotated."""
    for fault in context.info.faults:
        met = f"{len(fault.items):,} of {fault.total:,}"
        yield Finding(_level(fault), "annotations", f"{fault.what} were {fault.done}, {met}: {fault.hint}", fault.items)
    yield from _other_sizes(context)


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
