"""What was got wrong of the objects on photographs, one by one, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from clearsight.core.metric import Mark, Mistake
from clearsight.core.sample import Array
from clearsight.metrics.error_kinds import ErrorKinds, Kind, closest
from clearsight.metrics.matching import THRESHOLDS, Matches
from clearsight.metrics.operating_point import Decided
from clearsight.ops.rle import Runs

FALSE, MISSED, CLASS = "False positives", "Missed objects", "Wrong classes"
PLACED: Mapping[str, str] = {"box": "Badly placed boxes", "mask": "Badly fitting masks"}
"""Kinds of mistake, as the report's headings; of those that fit too loosely by what was compared."""


class Mistakes:
    """The mistakes of the boxes or masks shown, and the objects that none of them finds.

    How bad one is, from 0 to 1: a box that is wrong by its score, times what its overlap lacks where it is badly placed; a
    missed object by how far the best box that would have found it was from being sure. `what` says what was compared; where
    there are `masks`, those found and those annotated, marks have them.
    """

    def __init__(
        self,
        matches: Matches,
        decided: Decided,
        kinds: ErrorKinds,
        thresholds: Array,
        keys: Sequence[str],
        labels: Sequence[str],
        what: Literal["box", "mask"],
        masks: tuple[Sequence[Runs], Sequence[Runs]] | None = None,
    ) -> None:
        self.what = what
        self.masks = masks
        self.matches, self.decided, self.kinds = matches, decided, kinds
        self.thresholds, self.keys, self.labels = thresholds, keys, labels

    def __call__(self) -> list[Mistake]:
        """All of them, worst first; of equal ones in the order of the pictures."""
        loose = self._loose()
        mistakes = [*self._wrong(loose), *self._missed(loose)]
        return sorted(mistakes, key=lambda mistake: -mistake.badness)

    def _loose(self) -> Array:
        """Of the shown boxes that fit an unfound object of their class too loosely the best for each object, bool (D,)."""
        aimed = self.decided.shown & (self.decided.truth < 0) & (self.kinds.kind == Kind.LOCALISATION)
        rows = np.flatnonzero(aimed)
        rows = rows[self.decided.missed[self.kinds.meant[rows]]]
        order = rows[np.lexsort((-self.matches.found.scores[rows], self.kinds.meant[rows]))]
        best = order[np.diff(self.kinds.meant[order], prepend=-1) != 0]
        loose = np.zeros(len(self.kinds.kind), bool)
        loose[best] = True
        return loose

    def _wrong(self, loose: Array) -> list[Mistake]:
        """Boxes that are shown and are not right."""
        found, truth = self.matches.found, self.matches.truth
        counted = ~truth.ignored[self.matches.pairs.truth]
        same = found.classes[self.matches.pairs.found] == truth.classes[self.matches.pairs.truth]
        overlap, _ = closest(self.matches.pairs.where(counted & same), len(found.scores))
        mistakes = []
        for d in np.flatnonzero(self.decided.shown & ~self.decided.right).tolist():
            score, label = float(found.scores[d]), self.labels[found.classes[d]]
            taken, meant = int(self.decided.truth[d]), int(self.kinds.meant[d])
            if taken >= 0:
                words = f"{self.labels[truth.classes[taken]]}, taken for {label} ({score:.2f})"
                mistakes.append(self._mistake(score, words, CLASS, d, taken))
            elif loose[d]:
                words = f"{label}, {self.what} off: IoU {overlap[d]:.2f} ({score:.2f})"
                mistakes.append(self._mistake(score * (1 - float(overlap[d])), words, PLACED[self.what], d, meant))
            else:
                near = meant if self.kinds.kind[d] != Kind.BOTH else -1  # of another class, and hardly hit
                mistakes.append(self._mistake(score, self._false(d, label, score), FALSE, d, near))
        return mistakes

    def _false(self, d: int, label: str, score: float) -> str:
        """What a box lies on that finds nothing."""
        kind, meant = self.kinds.kind[d], self.kinds.meant[d]
        if kind in (Kind.DUPLICATE, Kind.LOCALISATION):
            return f"{label} ({score:.2f}), one more {self.what} on an object that has one"
        if kind == Kind.CLASSIFICATION:
            other = self.labels[self.matches.truth.classes[meant]]
            return f"{label} ({score:.2f}), one more {self.what} on an object that has one, {other}"
        return f"{label} ({score:.2f}), where none is annotated"

    def _missed(self, loose: Array) -> list[Mistake]:
        """Annotated objects that no box shown is, or was meant for."""
        truth = self.matches.truth
        missed = self.decided.missed.copy()
        missed[self.kinds.meant[loose]] = False
        surest = self._surest()
        mistakes = []
        for g in np.flatnonzero(missed).tolist():
            label, score = self.labels[truth.classes[g]], float(surest[g])
            words = f"{label} missed"
            if score > 0:
                words += f", found with {score:.2f} only ({self.thresholds[truth.classes[g]]:.2f} is asked)"
            mistakes.append(self._mistake(1 - score, words, MISSED, -1, g))
        return mistakes

    def _surest(self) -> Array:
        """The best score under the threshold of a box that fits each annotated one, 0 where there is none, float64 (G,)."""
        found, truth, pairs = self.matches.found, self.matches.truth, self.matches.pairs
        same = found.classes[pairs.found] == truth.classes[pairs.truth]
        fit = pairs.where(same & (pairs.iou >= THRESHOLDS[0]) & ~self.decided.shown[pairs.found])
        surest = np.zeros(len(truth.classes))
        np.maximum.at(surest, fit.truth, found.scores[fit.found])
        return surest

    def _mistake(self, badness: float, words: str, kind: str, found: int, truth: int) -> Mistake:
        """With the boxes it is about; −1 for none."""
        picture = self.matches.found.picture[found] if found >= 0 else self.matches.truth.picture[truth]
        marks = [self._mark(truth, True)] if truth >= 0 else []
        if found >= 0:
            marks.append(self._mark(found, False))
        return Mistake(self.keys[picture], badness, words, kind, tuple(marks))

    def _mark(self, row: int, truth: bool) -> Mark:
        x, y, width, height = (self.matches.truth if truth else self.matches.found).boxes[row].tolist()
        mask = None if self.masks is None else self.masks[truth][row]
        return Mark((x, y, x + width, y + height), truth, mask)
