"""Which pictures' masks are most wrong, and where, in words."""

from __future__ import annotations

from collections.abc import Sequence

from clearsight.core.metric import Mark, Mistake
from clearsight.core.sample import Array
from clearsight.metrics.wrong_regions import WrongRegion, wrong_regions
from clearsight.tasks.picture.words import percent

TOLD = 3
"""Confusions of a picture that are named and marked."""


def mistake(key: str, truth: Array, found: Array, confusion: Array, labels: Sequence[str]) -> Mistake | None:
    """What is wrong in one picture with a truth and an answer uint8 (H, W) and their confusion (K, K); None where nothing
    is. How bad it is, from 0 to 1: the share of the known pixels that are wrong. A mark goes round the largest region of
    each of the most frequent confusions."""
    known, right = int(confusion.sum()), int(confusion.trace())
    if right == known:
        return None
    regions = wrong_regions(truth, found, confusion, TOLD)
    told = ", ".join(_told(region, known, labels) for region in regions)
    marks = []
    for region in regions:
        x1, y1, x2, y2 = map(float, region.box)
        marks.append(Mark((x1, y1, x2, y2), truth=False))
    badness = 1 - right / known
    return Mistake(key, badness, f"{percent(badness)} of the pixels wrong: {told}", marks=tuple(marks))


def _told(region: WrongRegion, known: int, labels: Sequence[str]) -> str:
    return f"{labels[region.truth]} taken for {labels[region.found]} ({percent(region.pixels / known)})"
