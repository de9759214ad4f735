"""Sizes and shapes that stand out."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from clearsight.data.checks.base import Finding, GateContext, number, verb

TINY = 32
"""Pixels of the shorter side below which a picture shows little, where most show much more."""

LONG = 8
"""How many times longer than wide a picture may be: hardly anything of it is left in a square."""


def check(context: GateContext) -> Iterator[Finding]:
    """Pictures that are tiny beside the others, and very long ones."""
    if not context.sizes:
        return
    usual = median(min(size) for size in context.sizes.values())
    limit = max(3, min(TINY, usual / 4))  # of a picture of two pixels nothing can be seen, whatever the others are
    tiny = tuple(_named(key, size) for key, size in context.sizes.items() if min(size) < limit and not _long(size))
    if tiny:
        are = verb(len(tiny), "is", "are")
        message = f"{number(len(tiny), 'picture')} {are} tiny (the usual shorter side is {usual:g} pixels)"
        yield Finding("warning", "sizes", f"{message}: find larger ones or remove them", tiny)
    long = tuple(_named(key, size) for key, size in context.sizes.items() if _long(size))
    if long:
        are = verb(len(long), "is", "are")
        message = f"{number(len(long), 'picture')} {are} more than {LONG} times longer than wide"
        yield Finding("warning", "sizes", f"{message}, and little of that fits a square: cut them into pieces", long)


def summary(context: GateContext) -> dict[str, Any]:
    """Smallest, median and largest height and width in pixels, and how many different sizes there are."""
    if not context.sizes:
        return {}
    heights, widths = zip(*context.sizes.values(), strict=True)
    return {
        "height": {"min": min(heights), "median": median(heights), "max": max(heights)},
        "width": {"min": min(widths), "median": median(widths), "max": max(widths)},
        "different": len(set(context.sizes.values())),
    }


def _long(size: tuple[int, int]) -> bool:
    return max(size) > LONG * min(size)


def _named(key: str, size: tuple[int, int]) -> str:
    return f"{key} ({size[1]} x {size[0]})"
