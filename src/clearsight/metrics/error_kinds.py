"""What kinds of error a detector makes, and what each costs (Bolya et al. 2020, arXiv 2008.08115, TIDE). numpy only.

Every wrong box at an IoU of 0.5 is of one kind, the first of these that fits, in the order of the authors' own tool:

- `localisation`: on a box of its class, but overlapping it by 0.5 at most (and 0.1 at least);
- `classification`: on a box of another class, by 0.5 or more;
- `duplicate`: on a box of its class that one with a better score has;
- `background`: on no box of its class by 0.1 or more, and on none of another class by more;
- `both`: what is left, on a box of another class by less than 0.5.

`missed` are the annotated boxes that nothing found and that no box of the first two kinds was meant for. What a kind costs is how
much higher the AP at an IoU of 0.5 would be without it, each by itself. Boxes of the first two kinds are put right, where they
would find what no right box has found; of several meant for the same annotated box that is the one with the best score. The
others go, as do boxes of the other three kinds. Missed boxes are not asked for; a class of which nothing else is asked is then
left out of the mean, as COCO does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from clearsight.metrics.average_precision import interpolated
from clearsight.metrics.boxes import Overlaps
from clearsight.metrics.matching import LEAST, THRESHOLDS, Matches

Array = np.ndarray[Any, np.dtype[Any]]


class Kind(IntEnum):
    """What a found box is."""

    RIGHT = -1  # or it does not count
    LOCALISATION = 0
    CLASSIFICATION = 1
    DUPLICATE = 2
    BACKGROUND = 3
    BOTH = 4


WRONG: Mapping[Kind, str] = {kind: kind.name.lower() for kind in Kind if kind != Kind.RIGHT}
"""Kinds of wrong boxes, with their names."""

KINDS = (*WRONG.values(), "missed")


@dataclass(frozen=True)
class ErrorKinds:
    """Which errors there are and what each kind costs."""

    kind: Array  # int64 (D,): the `Kind` of each found box
    meant: Array  # int64 (D,): the annotated box that it was meant for, of the first three kinds and of "both"; else −1
    missed: Array  # bool (G,): annotated boxes that are missed
    counts: Mapping[str, int]  # by `KINDS`, of the boxes that the figures count
    costs: Mapping[str, float]  # by `KINDS`, AP at an IoU of 0.5, from 0 to 1


def error_kinds(matches: Matches) -> ErrorKinds:
    """Sort the errors by kind and price them."""
    kind, meant = _sorted(matches)
    counted = matches.found.counted
    hits, judged = matches.hits[0] & counted, ~matches.ignored[0] & counted
    missed = ~matches.truth.ignored
    missed[matches.truths[0][hits]] = False
    missed[meant[counted & _mendable(kind)]] = False
    wrong = np.bincount(kind[judged & ~hits], minlength=len(WRONG))
    counts = {**dict(zip(WRONG.values(), wrong.tolist(), strict=True)), "missed": int(missed.sum())}
    return ErrorKinds(kind, meant, missed, counts, _costs(matches, hits, judged, kind, meant, missed))


def _costs(matches: Matches, hits: Array, judged: Array, kind: Array, meant: Array, missed: Array) -> dict[str, float]:
    """How much higher the AP would be without each kind."""
    base = _mean_ap(matches, hits, matches.found.classes, judged, matches.support)
    best = _best_of_each(matches, hits, judged, kind, meant)
    costs = {}
    for number, name in WRONG.items():
        right_now = best & (kind == number)
        classes = matches.found.classes.copy()
        classes[right_now] = matches.truth.classes[meant[right_now]]
        kept = judged & ((kind != number) | right_now)
        costs[name] = _mean_ap(matches, hits | right_now, classes, kept, matches.support) - base
    fewer = matches.support - np.bincount(matches.truth.classes[missed], minlength=matches.classes)
    costs["missed"] = _mean_ap(matches, hits, matches.found.classes, judged, fewer) - base
    return costs


def closest(pairs: Overlaps, count: int) -> tuple[Array, Array]:
    """Of each of `count` found boxes its largest IoU among the pairs, float64 (D,), and with which box, int64 (D,); 0 and −1
    where it has no pair. Of equal ones the first."""
    largest, which = np.zeros(count), np.full(count, -1, np.int64)
    order = np.lexsort((-pairs.truth, pairs.iou, pairs.found))  # the last write stays
    largest[pairs.found[order]], which[pairs.found[order]] = pairs.iou[order], pairs.truth[order]
    return largest, which


def _sorted(matches: Matches) -> tuple[Array, Array]:
    """Kind and meant box of each found box."""
    found, truth, pairs = matches.found, matches.truth, matches.pairs
    counted = ~truth.ignored[pairs.truth]
    same = found.classes[pairs.found] == truth.classes[pairs.truth]
    own, own_truth = closest(pairs.where(counted & same), len(found.scores))
    other, other_truth = closest(pairs.where(counted & ~same), len(found.scores))
    wrong = ~matches.hits[0] & ~matches.ignored[0]
    foreground = THRESHOLDS[0]
    first_that_fits = {
        Kind.RIGHT: ~wrong,
        Kind.LOCALISATION: (own > 0) & (own <= foreground),
        Kind.CLASSIFICATION: other >= foreground,
        Kind.DUPLICATE: own >= foreground,
        Kind.BACKGROUND: (own == 0) & (other <= LEAST),
    }
    kind = np.select(list(first_that_fits.values()), [int(each) for each in first_that_fits], int(Kind.BOTH))
    by_class = np.isin(kind, (Kind.LOCALISATION, Kind.DUPLICATE)), np.isin(kind, (Kind.CLASSIFICATION, Kind.BOTH))
    return kind, np.select(by_class, (own_truth, other_truth), -1)


def _mendable(kind: Array) -> Array:
    """Which boxes are of the first two kinds: put right, they would find what they were meant for."""
    return np.isin(kind, (Kind.LOCALISATION, Kind.CLASSIFICATION))


def _best_of_each(matches: Matches, hits: Array, judged: Array, kind: Array, meant: Array) -> Array:
    """Of the boxes of the first two kinds those that would find something, bool (D,): of all that are meant for the same
    annotated box the one with the best score, where no right box has it."""
    rows = np.flatnonzero(judged & _mendable(kind))
    order = rows[np.lexsort((-matches.found.scores[rows], meant[rows]))]
    best = order[np.diff(meant[order], prepend=-1) != 0]
    chosen = np.zeros(len(kind), bool)
    chosen[best] = ~np.isin(meant[best], matches.truths[0][hits])
    return chosen


def _mean_ap(matches: Matches, hits: Array, classes: Array, kept: Array, support: Array) -> float:
    """AP at one threshold, the mean over the classes with something to be found; 0 where there is none."""
    rows = np.flatnonzero(kept)
    rows = rows[np.lexsort((-matches.found.scores[rows], classes[rows]))]
    bounds = np.searchsorted(classes[rows], np.arange(matches.classes + 1))
    ranked = hits[rows]
    found = [
        interpolated(ranked[bounds[k] : bounds[k + 1]], int(support[k])) for k in np.flatnonzero(support > 0).tolist()
    ]
    return float(np.mean(found)) if found else 0.0
