"""Which found box is which annotated one: COCO's rule, for many pictures and IoU thresholds at once. numpy only.

In each picture the boxes of a class are taken by falling score, and each gets the annotated box of its class that it overlaps
most and that no earlier one has; the IoU must reach the threshold. Only where no other is left may it be an ignored one,
which any number of found boxes may share (Lin et al. 2014, arXiv 1405.0312, and the COCO tools).

What must be done in order, box by box, is done for all pictures and classes side by side: first for the best box of each,
then for the second. Only pairs that overlap are looked at, so that the work is that of the pairs and not of all boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from clearsight.metrics.boxes import FoundBoxes, Overlaps, TruthBoxes, overlaps

Array = np.ndarray[Any, np.dtype[Any]]

THRESHOLDS: Array = np.linspace(0.5, 0.95, 10)
"""COCO's ten IoU thresholds."""

LEAST = 0.1
"""IoU under which a found box is taken to lie on nothing (Bolya et al. 2020, t_b)."""


@dataclass(frozen=True)
class Matches:
    """Found and annotated boxes of some pictures, and which is which at each of T thresholds."""

    found: FoundBoxes
    truth: TruthBoxes
    pairs: Overlaps  # all with an IoU of `LEAST` or more, whatever the classes
    truths: Array  # int64 (T, D): the annotated box that a found one is, or −1
    pictures: int
    classes: int

    @cached_property
    def ignored(self) -> Array:
        """Found boxes that are neither right nor wrong, bool (T, D): they lie on an ignored box."""
        flags = np.append(self.truth.ignored, False)  # the last is for those that lie on none, −1
        ignored: Array = flags[self.truths]
        return ignored

    @cached_property
    def hits(self) -> Array:
        """Found boxes that are right, bool (T, D)."""
        right: Array = (self.truths >= 0) & ~self.ignored
        return right

    @cached_property
    def support(self) -> Array:
        """How many boxes of each class there are to be found, int64 (K,)."""
        return np.bincount(self.truth.classes[~self.truth.ignored], minlength=self.classes)


def match(found: FoundBoxes, truth: TruthBoxes, pictures: int, classes: int, pairs: Overlaps | None = None) -> Matches:
    """Match at COCO's thresholds. Classes are integers below `classes`, places of pictures below `pictures`.

    `pairs` are those that overlap, by an IoU of `LEAST` or more; by default they are worked out from the boxes. The objects
    that the boxes frame may thus be compared by their masks.
    """
    pairs = overlaps(found, truth, LEAST) if pairs is None else pairs
    same = pairs.where((found.classes[pairs.found] == truth.classes[pairs.truth]) & (pairs.iou >= THRESHOLDS[0]))
    return Matches(found, truth, pairs, greedy(same, found.rank, truth.ignored, THRESHOLDS), pictures, classes)


def greedy(pairs: Overlaps, rank: Array, ignored: Array, thresholds: Array) -> Array:
    """The annotated box of each found one or −1, int64 (T, D), out of pairs (P,).

    `rank` (D,) is each found box's turn; no two that want the same box may have the same one. `ignored` (G,) are the boxes that
    count for nothing and may be had many times.
    """
    chosen = np.full((len(thresholds), len(rank)), -1, np.int64)
    free = np.ones((len(thresholds), len(ignored)), bool)
    # The last of a found box's pairs that is still to be had is its best: those that count after the ignored ones, then
    # by IoU, and of equal ones the later box.
    turn = rank[pairs.found]
    order = np.lexsort((pairs.truth, pairs.iou, ~ignored[pairs.truth], pairs.found, turn))
    one, other, shares = pairs.found[order], pairs.truth[order], pairs.iou[order]
    wide_enough = shares >= thresholds[:, None]
    bounds = np.flatnonzero(np.diff(turn[order], prepend=-1, append=-1))
    for first, last in pairwise(bounds.tolist()):
        boxes, truths = one[first:last], other[first:last]
        starts = np.flatnonzero(np.diff(boxes, prepend=-1))
        open_pairs = np.where(wide_enough[:, first:last] & free[:, truths], np.arange(last - first), -1)
        best = np.maximum.reduceat(open_pairs, starts, axis=1)
        at, which = np.nonzero(best >= 0)
        got = truths[best[at, which]]
        chosen[at, boxes[starts[which]]] = got
        free[at, got] = ignored[got]
    return chosen
