"""Masks that cannot be right, as only loading them shows: unreadable, of another size, empty, of no class, crossing."""

from __future__ import annotations

from collections.abc import Iterator

from clearsight.core.errors import BadImage
from clearsight.data.checks.base import Finding, GateContext, level_of, verb


def check(context: GateContext) -> Iterator[Finding]:
    """Masks that cannot be used, values outside the classes, instances without a pixel, outlines that cross themselves."""
    total = len(context.masks)
    bad = tuple(str(found) for found in context.masks.values() if isinstance(found, BadImage))
    if bad:
        message = f"the masks of {len(bad):,} of {total:,} pictures cannot be used: make them anew, or leave these out"
        yield Finding(level_of(len(bad), total), "masks", message, bad)
    facts = {key: found for key, found in context.masks.items() if not isinstance(found, BadImage)}
    beyond = tuple(
        f"{key}: {value} ({pixels:,} {verb(pixels, 'pixel', 'pixels')})"
        for key, found in facts.items()
        for value, pixels in found.beyond.items()
    )
    if beyond:
        many = sum(bool(found.beyond) for found in facts.values())
        message = (
            f"{many:,} of {total:,} masks have pixels of values outside the classes, which count for nothing: name these "
            "values in the table of classes, or correct the masks"
        )
        yield Finding(level_of(many, total), "masks", message, beyond)
    yield from _instances(context, {key: found.empty for key, found in facts.items()}, EMPTY)
    yield from _instances(context, {key: found.crossed for key, found in facts.items()}, CROSSED)


EMPTY = ("has no pixel", "have no pixel"), "draw them anew or remove them"
CROSSED = (
    ("has an outline that crosses itself", "have outlines that cross themselves"),
    "see that the pixels are those that are meant",
)


def _instances(
    context: GateContext, found: dict[str, tuple[str, ...]], words: tuple[tuple[str, str], str]
) -> Iterator[Finding]:
    items = tuple(f"{item} ({key})" for key, own in found.items() for item in own)
    if items:
        masks = (sample.masks for samples in context.samples.values() for sample in samples)
        total = sum(len(own.labels) for own in masks if own is not None)
        message = f"{len(items):,} of {total:,} instances {verb(len(items), *words[0])}: {words[1]}"
        yield Finding("warning", "masks", message, items)
