"""What a detector does at a threshold for each class: precision, recall, and what is taken for what. numpy only, at an IoU of
0.5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from clearsight.metrics.boxes import place_in_run
from clearsight.metrics.classification import PerClass, precision_recall_f1
from clearsight.metrics.matching import THRESHOLDS, Matches, greedy
from clearsight.metrics.multilabel import best_threshold

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Decided:
    """What becomes of the boxes at or above their class's threshold."""

    shown: Array  # bool (D,): at or above the threshold, and not on an ignored box
    right: Array  # bool (D,): shown, and an annotated box of their class is theirs
    truth: Array  # int64 (D,): the annotated box that a shown one is, or that it takes for another class; −1 for none
    missed: Array  # bool (G,): annotated boxes that no shown one is, of whatever class
    confusion: Array  # int64 (K + 1, K + 1): rows the truth, columns the answer, last that nothing is there
    ratios: PerClass  # precision, recall and F1 of each class


def best_thresholds(matches: Matches) -> Array:
    """The threshold of each class at which its F1 is largest, float64 (K,); 0.5 where nothing of it is found."""
    hits, judged = matches.hits[0], ~matches.ignored[0]
    support = matches.support
    best = np.full(matches.classes, 0.5)
    for k in range(matches.classes):
        rows = judged & (matches.found.classes == k)
        best[k] = best_threshold(matches.found.scores[rows], hits[rows], total=int(support[k]))
    return best


def decide(matches: Matches, thresholds: Array) -> Decided:
    """Show the boxes whose score reaches their class's threshold, `thresholds` (K,), and see what they are.

    Boxes that are not right may still lie on an annotated box of another class that is not found: by falling score each gets
    the one that it overlaps most, by 0.5 or more. That is a confusion of classes; the others lie on the background.
    """
    found, truth = matches.found, matches.truth
    shown = (found.scores >= np.asarray(thresholds)[found.classes]) & ~matches.ignored[0]
    right = shown & matches.hits[0]
    assigned = np.where(right, matches.truths[0], -1)
    still_open = ~truth.ignored
    still_open[assigned[right]] = False
    pairs = matches.pairs
    loose = pairs.where((shown & ~right)[pairs.found] & still_open[pairs.truth])
    order = np.lexsort((-found.scores, found.picture))
    rank = np.empty(len(order), np.int64)
    rank[order] = place_in_run(found.picture[order])
    confused = greedy(loose, rank, truth.ignored, THRESHOLDS[:1])[0]
    assigned = np.where(right, assigned, confused)
    still_open[confused[confused >= 0]] = False
    count = matches.classes + 1
    rows = np.append(truth.classes, count - 1)[assigned[shown]]  # −1 is the background
    cells = np.concatenate([rows * count + found.classes[shown], truth.classes[still_open] * count + count - 1])
    confusion = np.bincount(cells, minlength=count * count).reshape(count, count)
    hits = np.bincount(found.classes[right], minlength=matches.classes)
    predicted = np.bincount(found.classes[shown], minlength=matches.classes)
    ratios = precision_recall_f1(hits, matches.support, predicted)
    return Decided(shown, right, assigned, still_open, confusion, ratios)
