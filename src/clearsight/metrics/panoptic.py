"""Whether objects are found and outlined, in one figure: panoptic quality, and the aggregated Jaccard index. numpy only.

Both are taken on maps in which a pixel belongs to one object at most: see `ops.owners`. An object that has no pixel on such a
map, as its mask is empty or lies behind others, is not asked for; by COCO's rules it is, and counts as missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearsight.ops.owners import owner_map, smaller_in_front
from clearsight.ops.rle import Runs

Array = np.ndarray[Any, np.dtype[Any]]

MATCH = 0.5
"""An object is found where the IoU with it is larger; no two objects of a map can both be (Kirillov et al. 2019)."""


@dataclass(frozen=True)
class Shared:
    """Pixels of one picture that G annotated and D found objects have in common, where somebody judges."""

    pixels: Array  # int64 (G + 1, D + 1), the last row and column those of no object
    hidden: Array  # int64 (D,): pixels of each found object where nobody judges

    @property
    def common(self) -> Array:
        """Of each two objects, int64 (G, D)."""
        common: Array = self.pixels[:-1, :-1]
        return common

    @property
    def area(self) -> Array:
        """Of each annotated object, int64 (G,)."""
        return np.asarray(self.pixels[:-1].sum(1))

    @property
    def size(self) -> Array:
        """Of each found object, int64 (D,)."""
        return np.asarray(self.pixels[:, :-1].sum(0))

    def mostly(self, excused: Array) -> Array:
        """Which found objects lie for more than half on some of the annotated ones, bool (G, D) saying which count for
        which, or where nobody judges, bool (D,)."""
        aside = (self.common * excused).sum(0) + self.hidden
        return np.asarray(2 * aside > self.size + self.hidden)


def shared_pixels(truth: Sequence[Runs], found: Sequence[Runs], left_out: Runs | None = None) -> Shared:
    """Compare annotated with found objects, the best first. Where annotated ones overlap the smaller is in front, of found
    ones the better. `left_out` is where nobody judges. Raises `ValueError` where masks differ in size."""
    sizes = {(runs.height, runs.width) for runs in (*truth, *found, *([] if left_out is None else [left_out]))}
    if len(sizes) > 1:
        raise ValueError(f"masks of one picture have one size, these are of {sorted(sizes)} (height, width)")
    height, width = next(iter(sizes), (0, 0))
    one = owner_map(truth, height, width, smaller_in_front(truth))
    other = owner_map(found, height, width, reversed(range(len(found))))
    shape = (len(truth) + 1, len(found) + 1)
    cells = np.where(one < 0, len(truth), one).astype(np.int64) * shape[1] + np.where(other < 0, len(found), other)
    hidden = np.zeros(len(found), np.int64)
    if left_out is not None:
        aside = owner_map([left_out], height, width, [0]) == 0
        cells = cells[~aside]
        hidden = np.bincount(other[aside & (other >= 0)], minlength=len(found))
    return Shared(np.bincount(cells.ravel(), minlength=shape[0] * shape[1]).reshape(shape), hidden)


def panoptic_counts(shared: Shared, truth_classes: Array, found_classes: Array, crowd: Array, classes: int) -> Array:
    """What panoptic quality is made of, for one picture: float64 (K, 4), of each class the sum of the IoUs of the objects
    found, how many these are, how many answers are wrong, and how many objects are missed (Kirillov et al. 2019, section 4).

    Classes are those of the annotated (G,) and of the found objects (D,); `crowd` bool (G,) are groups of objects, which
    are neither to be found nor wrong to be found. An answer that finds nothing is not wrong either where it lies for more
    than half on crowds of its class and on what nobody judges. Objects without a pixel, as those quite behind others, are
    none.
    """
    area, size, common = shared.area, shared.size, shared.common
    same = truth_classes[:, None] == found_classes
    iou = np.where(same & ~crowd[:, None], common / np.maximum(area[:, None] + size - common, 1), 0.0)
    one, other = np.nonzero(iou > MATCH)
    wrong, missed = (size + shared.hidden > 0) & ~shared.mostly(same & crowd[:, None]), ~crowd & (area > 0)
    wrong[other], missed[one] = False, False
    columns = [
        np.bincount(truth_classes[one], iou[one, other], classes),
        np.bincount(truth_classes[one], minlength=classes),
        np.bincount(found_classes[wrong], minlength=classes),
        np.bincount(truth_classes[missed], minlength=classes),
    ]
    return np.stack(columns, axis=1).astype(np.float64)


@dataclass(frozen=True)
class Quality:
    """Panoptic quality, float64 (..., K), its two factors, each NaN for a class that is nowhere."""

    pq: Array  # their product
    sq: Array  # segmentation: mean IoU of the objects found; 0 where none is
    rq: Array  # recognition: F1 of finding them


def panoptic_quality(counts: Array) -> Quality:
    """From sums (..., K, 4) of `panoptic_counts` over pictures."""
    iou, hits, wrong, missed = np.moveaxis(np.asarray(counts, np.float64), -1, 0)
    all_of_them = hits + (wrong + missed) / 2
    there = all_of_them > 0
    sq = np.divide(iou, hits, out=np.zeros(iou.shape), where=hits > 0)
    rq = np.divide(hits, all_of_them, out=np.full(iou.shape, np.nan), where=there)
    return Quality(sq * rq, np.where(there, sq, np.nan), rq)


def aggregated_jaccard(shared: Shared, crowd: Array) -> float:
    """The aggregated Jaccard index of one picture, from 0 to 1, NaN where it has no object and none is found (Kumar et al.
    2017, algorithm 1): all pixels that objects share with the answers that fit them best, over all pixels of either and of
    answers that fit none best. It looks at no classes.

    Crowds, bool (G,), are not to be found, and answers that lie for more than half on them and on what nobody judges count
    for nothing where they fit no object best.
    """
    asked = ~crowd & (shared.area > 0)
    area, size, common = shared.area[asked], shared.size, shared.common[asked]
    unused = ~shared.mostly(np.broadcast_to(crowd[:, None], shared.common.shape))
    if not common.size:
        return _share(0, int(area.sum()) + int(size[unused].sum()))
    union = area[:, None] + size - common
    best = (common / union).argmax(1)
    met = common[np.arange(len(area)), best] > 0
    rows, best = np.flatnonzero(met), best[met]
    unused[best] = False
    total = int(union[rows, best].sum()) + int(area[~met].sum()) + int(size[unused].sum())
    return _share(int(common[rows, best].sum()), total)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
