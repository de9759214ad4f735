"""Masks of single objects against those that are annotated: COCO's figures, worked out by hotcoco, and which overlap.

Everything that is known of boxes holds for masks, once overlaps are those of the masks: `match` takes them in place of the
boxes' own, and curves, thresholds, kinds of error and bootstrapped figures follow from the matches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from clearsight.metrics.boxes import FoundBoxes, Overlaps, TruthBoxes, best_first
from clearsight.metrics.detection import CocoFigures
from clearsight.metrics.matching import LEAST, Matches, match
from clearsight.ops import rle
from clearsight.ops.rle import Runs

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class TruthMasks:
    """The annotated masks of many pictures, by picture."""

    boxes: TruthBoxes  # round the masks; by their areas an object is small, medium or large
    masks: tuple[Runs, ...]  # G of them

    @classmethod
    def gather(
        cls,
        masks: Sequence[Sequence[Runs]],
        classes: Sequence[Array],
        ignored: Sequence[Array],
        written: Sequence[Array | None] | None = None,
    ) -> Self:
        """From what there is for each picture: n masks, `classes` (n,) and `ignored` (n,), the crowds among them, and the areas
        that are `written` of them (n,), where they are: else those of the masks."""
        corners, counted = zip(*map(boxes_and_areas, masks), strict=True) if len(masks) else ((), ())
        said = [None] * len(counted) if written is None else written
        areas = [own if other is None else other for own, other in zip(counted, said, strict=True)]
        boxes = TruthBoxes.gather(corners, classes, ignored, areas)
        return cls(boxes, tuple(runs for some in masks for runs in some))


@dataclass(frozen=True)
class FoundMasks:
    """The masks found in many pictures, by picture, class and falling score; of equal scores in the order given."""

    boxes: FoundBoxes  # round the masks
    masks: tuple[Runs, ...]  # D of them

    @classmethod
    def gather(cls, masks: Sequence[Sequence[Runs]], classes: Sequence[Array], scores: Sequence[Array]) -> Self:
        """From what there is for each picture: n masks, `classes` (n,) and `scores` (n,)."""
        boxes = FoundBoxes.gather([boxes_and_areas(some)[0] for some in masks], classes, scores)
        every = [runs for some in masks for runs in some]
        picture = np.repeat(np.arange(len(masks)), [len(some) for some in masks])
        flat = [np.concatenate([np.zeros(0), *column]) for column in (classes, scores)]
        return cls(boxes, tuple(every[row] for row in best_first(picture, *flat).tolist()))


def mask_figures(
    found: FoundMasks, truth: TruthMasks, pictures: int, classes: int, most: Sequence[int] = (100,)
) -> tuple[CocoFigures, ...]:
    """COCO's figures of masks in `pictures` pictures and of `classes` classes: once for each number of masks of a class
    that count in a picture, `most`, rising; COCO's own is 100."""
    import hotcoco

    images = [{"id": place + 1} for place in range(pictures)]
    kinds = [{"id": place + 1, "name": str(place)} for place in range(classes)]
    known = hotcoco.COCO.from_arrays(
        images,
        kinds,
        truth.boxes.picture + 1,
        truth.boxes.classes + 1,
        truth.boxes.boxes,
        area=truth.boxes.area,
        iscrowd=truth.boxes.ignored,
        segmentation=_as_coco(truth.masks),
    )
    columns = (found.boxes.picture + 1, found.boxes.classes + 1, found.boxes.scores)
    rows = [
        {"image_id": picture, "category_id": kind, "score": score, "segmentation": runs}
        for picture, kind, score, runs in zip(*(c.tolist() for c in columns), _as_coco(found.masks), strict=True)
    ]  # without boxes, so that the areas of what was found are those of the masks
    judge = hotcoco.COCOeval(known, known.load_res(rows), "segm")
    judge.params.max_dets = [1, 10, *most]
    judge.evaluate()
    judge.accumulate()
    arrays = judge.eval
    assert arrays is not None  # it has been accumulated
    precision, recall = np.asarray(arrays["precision"]), np.asarray(arrays["recall"])
    counts = [[0, 1, 2 + place] for place in range(len(most))]
    return tuple(CocoFigures(precision[..., kept], recall[..., kept]) for kept in counts)


def mask_matches(found: FoundMasks, truth: TruthMasks, pictures: int, classes: int) -> Matches:
    """Match by the overlaps of masks, at COCO's thresholds."""
    return match(found.boxes, truth.boxes, pictures, classes, mask_overlaps(found, truth, LEAST))


def mask_overlaps(found: FoundMasks, truth: TruthMasks, least: float) -> Overlaps:
    """The pairs of masks of the same picture whose IoU is `least` or more, above 0; with a crowd the share of the found
    mask that lies in it. Raises `ValueError` where masks of a picture differ in size."""
    parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for picture in np.intersect1d(found.boxes.picture, truth.boxes.picture).tolist():
        (first, last), (start, end) = (
            np.searchsorted(boxes.picture, [picture, picture + 1]).tolist() for boxes in (found.boxes, truth.boxes)
        )
        shares = rle.iou_matrix(found.masks[first:last], truth.masks[start:end], truth.boxes.ignored[start:end])
        one, other = np.nonzero((shares >= least) & (shares > 0))
        parts.append((one + first, other + start, shares[one, other]))
    return Overlaps(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def judged_parts(masks: Sequence[Runs], left_out: Runs) -> tuple[tuple[Runs, ...], Array]:
    """Masks without the pixels where nobody judges, and which of them are judged at all, bool (N,): those of which no more
    than half lies there, as in panoptic quality (Kirillov et al. 2019, section 4.2)."""
    hidden = rle.intersections(masks, [left_out])[:, 0]
    _, area = boxes_and_areas(masks)
    judged = ~rle.to_mask(left_out)
    parts = tuple(
        rle.from_mask(rle.to_mask(runs) & judged) if touched else runs
        for runs, touched in zip(masks, hidden.tolist(), strict=True)
    )
    return parts, 2 * hidden <= area


def boxes_and_areas(masks: Sequence[Runs]) -> tuple[Array, Array]:
    """The boxes round masks, xyxy float64 (N, 4), zeros for an empty one, and their pixels, float64 (N,): `rle.box` and
    `rle.area` of all at once, as there are tens of thousands."""
    pairs = [runs.counts[: len(runs.counts) // 2 * 2] for runs in masks]
    counts = np.array([len(pair) // 2 for pair in pairs], np.int64)
    zeros_ones = np.concatenate([np.zeros(0, np.int64), *pairs]).astype(np.int64).reshape(-1, 2)
    owner, length = np.repeat(np.arange(len(masks)), counts), zeros_ones[:, 1]
    reached = np.append(0, zeros_ones.sum(1).cumsum())
    ends = reached[1:] - np.repeat(reached[counts.cumsum() - counts], counts)
    area = np.bincount(owner, length, len(masks))
    owner, starts, last = (part[length > 0] for part in (owner, ends - length, ends - 1))
    height = np.array([runs.height for runs in masks], np.int64)[owner]
    left, right = starts // height, last // height
    over = right > left  # a run over the end of a column reaches from edge to edge
    top, bottom = np.where(over, 0, starts % height), np.where(over, height, last % height + 1)
    boxes = np.zeros((len(masks), 4))
    firsts = np.flatnonzero(np.diff(owner, prepend=-1))
    if len(firsts):
        least, most = np.minimum.reduceat, np.maximum.reduceat
        columns = [least(left, firsts), least(top, firsts), most(right + 1, firsts), most(bottom, firsts)]
        boxes[owner[firsts]] = np.stack(columns, axis=1)
    return boxes, area


def _as_coco(masks: Sequence[Runs]) -> list[dict[str, Any] | list[list[float]]]:
    """Masks as hotcoco takes them, with plain counts."""
    return [{"size": [runs.height, runs.width], "counts": runs.counts.tolist()} for runs in masks]
