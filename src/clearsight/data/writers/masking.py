"""What formats keep of masks: whole objects, objects that hide each other, or but the class of each pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from clearsight.core.sample import BACKGROUND, VOID, Array, Masks
from clearsight.ops import rle
from clearsight.ops.paint import paint
from clearsight.ops.rle import Runs

MOST = 254
"""Objects that a file of their numbers holds: 0 is none, 255 nobody's."""


@dataclass(frozen=True)
class Some:
    """Loads some of the instances; with `flat` each has only what is not hidden by smaller ones."""

    masks: Masks
    rows: tuple[int, ...]
    flat: bool = False

    def __call__(self) -> tuple[Runs, ...]:
        runs = flattened(self.masks.runs()) if self.flat else self.masks.runs()
        return tuple(runs[row] for row in self.rows)


@dataclass(frozen=True)
class Painted:
    """Loads instances as the class of each pixel: 0 for the background, then the classes in their order."""

    masks: Masks
    classes: tuple[str, ...]
    size: tuple[int, int]

    def __call__(self) -> Array:
        crowd = np.zeros(len(self.masks.labels), bool) if self.masks.crowd is None else self.masks.crowd
        rows = [1 + self.classes.index(label) for label in self.masks.labels]
        values = [VOID if many else row for row, many in zip(rows, crowd.tolist(), strict=True)]
        ignored = None if self.masks.ignored is None else self.masks.ignored()
        return paint(self.masks.runs(), values, *self.size, background=0, ignored=ignored)


def keep_masks(
    masks: Masks | None, holds: frozenset[str], classes: Sequence[str], size: tuple[int, int]
) -> Masks | None:
    """What a format holds of masks; None where it is nothing. `classes` are those of the data. Raises `BadImage` where they
    cannot be loaded."""
    if masks is None:
        return None
    if masks.kind == "semantic":
        masks.indices()
        return masks if "semantic" in holds else None
    if "masks" not in holds:
        masks.runs()
        painted = Painted(masks, tuple(classes), size)
        return Masks("semantic", painted, (BACKGROUND, *classes)) if "semantic" in holds else None
    flat = "overlap" not in holds
    if flat and len(masks.labels) > MOST:
        return None
    runs = flattened(masks.runs()) if flat else masks.runs()
    rows = tuple(row for row, one in enumerate(runs) if rle.area(one))
    crowd = None if masks.crowd is None or "crowd" not in holds else masks.crowd[list(rows)]
    labels = tuple(masks.labels[row] for row in rows)
    ignored = masks.ignored if "ignored" in holds else None
    crowd = crowd if crowd is not None and crowd.any() else None
    return Masks("instances", Some(masks, rows, flat), labels, crowd, ignored)


def flattened(runs: Sequence[Runs]) -> tuple[Runs, ...]:
    """Masks without what smaller ones hide of them: no pixel is in two. At most `MOST`."""
    if not runs:
        return ()
    numbers = range(1, len(runs) + 1)
    return rle.from_indices(paint(runs, numbers, runs[0].height, runs[0].width, background=0), numbers)


def losses(
    before: Masks, after: Masks | None, holds: frozenset[str], fields: frozenset[str]
) -> Iterator[tuple[str, int]]:
    """What of masks is not kept, each with how much; `holds` is what the format can hold and `fields` what is written in it."""
    if after is None and before.kind == "semantic":
        yield "masks", 1
        return
    if after is None:
        what = "masks, as some boxes have none" if "masks" in holds - fields else "masks"
        many = "masks" in fields and len(before.labels) > MOST
        yield f"masks of pictures with more than {MOST} objects" if many else what, len(before.labels)
        return
    if before.kind == "semantic":
        yield "pixels of values outside the classes", sum(before.judged()[1].values())
        return
    if after.kind == "semantic":
        yield "which object each pixel is of", len(before.labels)
        return
    runs, kept = before.runs(), after.runs()
    empty = sum(rle.area(one) == 0 for one in runs)
    yield "masks without a pixel", empty
    yield "masks that are there twice, or wholly hidden by others", len(runs) - empty - len(kept)
    if isinstance(after.load, Some) and after.load.flat:
        rows = after.load.rows
        less = sum(rle.area(runs[row]) != rle.area(one) for row, one in zip(rows, kept, strict=True))
        yield "parts of masks that others hide", less
    if before.crowd is not None and after.crowd is None:
        yield "marks that a mask is a crowd", int(before.crowd.sum())
    yield "pixels where no mask is judged", int(before.ignored is not None and after.ignored is None)


def window(runs: Runs) -> tuple[Array, int, int]:
    """A mask within the box round it, bool (h, w), and where that is: top, left. It has a pixel."""
    left, top, right, bottom = rle.box(runs).astype(int).tolist()
    return rle.to_mask(runs)[top:bottom, left:right], top, left
