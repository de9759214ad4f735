"""Names that every reader meets: of splits, in natural order, and a few of many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from clearsight.core.sample import printable

_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}


def split_of(name: str) -> str | None:
    """The split that a folder, a file or a cell names: "Validation" is `val`; None where it names none."""
    return _SPLITS.get(name.strip().casefold())


def words_of(split: str) -> tuple[str, ...]:
    """What a split's folder may be called: `val` is "val", "valid", "validation", "dev"."""
    return tuple(word for word, meant in _SPLITS.items() if meant == split)


def split_within(name: str) -> str | None:
    """The split that a word of a name names: `instances_train2017` is `train`."""
    found = (split_of(word) for word in re.findall(r"[^\W\d_]+", name))
    return next((split for split in found if split), None)


def natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """A sort key by which `item2` comes before `item10`, and case decides last."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts], name


def natural_order(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in natural order."""
    return tuple(sorted(set(names), key=natural))


def few(names: Sequence[str], most: int = 3) -> str:
    """The first names of many, for one sentence: "a, b, c and 4 more"."""
    shown = ", ".join(printable(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def count(number: int, thing: str) -> str:
    """ "1 picture", "3 pictures"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
