"""Boxes and masks of the same objects, for formats in which an object has both: which belong together, and what is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from clearsight.core.sample import Array, Boxes, Masks
from clearsight.data.writers.masking import Some
from clearsight.data.writers.putting import areas_of
from clearsight.metrics.boxes import iou, to_xywh
from clearsight.ops import rle
from clearsight.ops.rle import Runs

ALIKE = 0.5
"""Least overlap (IoU) of a box and the box round a mask that are taken to be of one object."""

NEAR = 1.0
"""Pixels by which all corners may be apart all the same: masks end with whole pixels, which is much for a small object."""

NO_BOXES = Boxes(np.zeros((0, 4), np.float32), ())
NO_MASKS = Masks("instances", tuple, ())
"""Those of a picture on which there are none."""


def partners(boxes: Boxes, masks: Masks, runs: Sequence[Runs]) -> list[int | None]:
    """For each mask, whose `runs` are given, the row of the box of the same object; None where there is none.

    Where boxes and masks have the same classes and marks in the same order, and each mask meets its box, they are of the same
    objects. Else a box and a mask of one class and mark are where their corners are `NEAR` or they overlap by `ALIKE`, those
    that overlap most first."""
    around = round_masks(runs)
    drawn, crowd, own = has_area(around), marks(boxes), marks(masks)
    if boxes.labels == masks.labels and bool((crowd == own).all()):
        low, high = np.maximum(around, boxes.xyxy)[:, :2], np.minimum(around, boxes.xyxy)[:, 2:]
        if drawn.all() and bool((low <= high + NEAR).all()):
            return list(range(len(runs)))
    same = np.array(masks.labels, object)[:, None] == np.array(boxes.labels, object)
    rows, columns = np.nonzero(same & (own[:, None] == crowd) & drawn[:, None])
    overlap = iou(to_xywh(around[rows]), to_xywh(boxes.xyxy[columns]), np.zeros(len(rows), bool))
    alike = (np.abs(around[rows] - boxes.xyxy[columns]) <= NEAR).all(1) | (overlap >= ALIKE)
    found: dict[int, int] = {}
    taken: set[int] = set()
    for pair in np.argsort(-overlap, kind="stable"):
        row, column = int(rows[pair]), int(columns[pair])
        if alike[pair] and row not in found and column not in taken:
            found[row] = column
            taken.add(column)
    return [found.get(row) for row in range(len(runs))]


def lacks_masks(boxes: Boxes, masks: Masks | None) -> bool:
    """Whether a box that has an area is of no object that has a mask. Raises `BadImage` where masks cannot be loaded."""
    rows = set(np.flatnonzero(has_area(boxes.xyxy)).tolist())
    if masks is not None and len(masks.labels) >= len(rows):
        rows.difference_update(partners(boxes, masks, masks.runs()))
    return bool(rows)


def tied(
    boxes: Boxes | None, masks: Masks, size: tuple[int, int], holds: frozenset[str], *, own: bool
) -> tuple[Boxes, Masks]:
    """What is written of the objects of a picture of (height, width): the first box and the first mask are of one object and
    so on, then come boxes without a mask. Where `own`, the box of a mask is the one that is there, if it has an area; else
    that round the mask. Masks have a pixel; of what is there twice, box and mask, one is left; `holds` says what of marks and
    areas the format has. Raises `BadImage` where masks cannot be loaded."""
    runs = masks.runs()
    there = NO_BOXES if boxes is None else replace(boxes, xyxy=within(boxes.xyxy, size))
    corners, area = round_masks(runs), np.array([rle.area(one) for one in runs], np.float64)
    sound, pairs = has_area(there.xyxy), partners(there, masks, runs)
    for row, box in enumerate(pairs):
        if own and box is not None and sound[box]:
            corners[row] = there.xyxy[box]
            area[row] = area[row] if there.area is None else there.area[box]
    alone = sorted(set(np.flatnonzero(sound).tolist()).difference(pairs))
    bare = there.rows(alone, tuple(there.labels[box] for box in alone))
    labels, crowd = (*masks.labels, *bare.labels), np.append(marks(masks), marks(bare)) & ("crowd" in holds)
    area = np.append(area, np.array(areas_of(bare), np.float64))
    whole = Boxes(np.concatenate([corners, bare.xyxy]), labels, crowd, None, size, area)
    shapes = [one.counts.tobytes() for one in runs] + [b""] * len(alone)
    seen: dict[tuple[object, ...], int] = {}
    for row in np.flatnonzero(has_area(whole.xyxy)).tolist():  # of a mask without a pixel it is none
        seen.setdefault((labels[row], bool(crowd[row]), *whole.xyxy[row].tolist(), shapes[row]), row)
    rows = list(seen.values())
    objects = whole.rows(rows, tuple(labels[row] for row in rows))
    drawn = tuple(row for row in rows if row < len(runs))
    return (
        replace(objects, crowd=_if_any(crowd[rows]), area=objects.area if "area" in holds else None),
        Masks("instances", Some(masks, drawn), objects.labels[: len(drawn)], _if_any(crowd[list(drawn)])),
    )


def round_masks(runs: Sequence[Runs]) -> Array:
    """The boxes round masks, float32 (N, 4); zeros where one has no pixel."""
    return np.array([rle.box(one) for one in runs], np.float32).reshape(-1, 4)


def within(xyxy: Array, size: tuple[int, int]) -> Array:
    """Boxes (N, 4) clipped to a picture of (height, width)."""
    height, width = size
    return np.clip(xyxy, 0, np.array([width, height, width, height], np.float32))


def has_area(xyxy: Array) -> Array:
    """Which boxes (N, 4) have an area, bool (N,)."""
    return np.asarray((xyxy[:, 2:] > xyxy[:, :2]).all(1))


def marks(things: Boxes | Masks) -> Array:
    """Which boxes or masks are crowds, bool (N,)."""
    return np.zeros(len(things.labels), bool) if things.crowd is None else np.asarray(things.crowd, bool)


def _if_any(flags: Array) -> Array | None:
    return flags if flags.any() else None
