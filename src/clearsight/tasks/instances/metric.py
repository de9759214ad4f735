"""Judging masks of objects: COCO's figures, panoptic quality, their intervals, and what was got wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from clearsight.core.errors import BadImage, InputError
from clearsight.core.metric import Result
from clearsight.core.sample import Array, Masks, Sample
from clearsight.metrics import intervals
from clearsight.metrics.boxes import MANY, MOST, FoundBoxes, TruthBoxes
from clearsight.metrics.detection import CocoFigures, coco_figures
from clearsight.metrics.error_kinds import error_kinds
from clearsight.metrics.instances import (
    FoundMasks,
    TruthMasks,
    boxes_and_areas,
    judged_parts,
    mask_figures,
    mask_matches,
)
from clearsight.metrics.matching import Matches
from clearsight.metrics.operating_point import best_thresholds, decide
from clearsight.metrics.panoptic import aggregated_jaccard, panoptic_counts, panoptic_quality, shared_pixels
from clearsight.metrics.semantic import mean_of_present
from clearsight.ops.rle import Runs
from clearsight.tasks.instances.prediction import Instances
from clearsight.tasks.instances.words import FIGURES
from clearsight.tasks.objects import judging
from clearsight.tasks.objects.mistakes import Mistakes
from clearsight.tasks.objects.sample import classes_of

WITH_INTERVALS = ("map", "map50", "map75", "map_1000", "map50_1000", "pq", "sq", "rq", "aji")
"""Figures that get intervals."""


@dataclass(frozen=True)
class Judged:
    """What is kept of one picture, n objects annotated and m found."""

    key: str
    truth: tuple[Sequence[Runs], Array, Array]  # masks, classes (n,), which are not to be found (n,)
    found: tuple[Sequence[Runs], Array, Array]  # masks, classes (m,), scores (m,)
    truth_boxes: tuple[Array, Array, Array]  # corners (k, 4), classes (k,), which are not to be found (k,)
    found_boxes: tuple[Array, Array, Array]  # corners (m, 4), classes (m,), scores (m,)
    panoptic: Array  # float64 (K, 4), as `panoptic_counts` gives it
    aji: float


class InstanceMetric(judging.ObjectMetric[Instances]):
    """Compares the masks of objects with those of each sample, in pixels of the photograph, by COCO's rules.

    Samples without masks of objects are counted in `left_out`. Crowds are neither to be found nor wrong to be found, and
    pixels where nobody judges do not count. Figures of a size that no object has are left out; a class without an object to
    be found has an AP of −1, as in the COCO tools, and is left out of the means. COCO's figures count the hundred best masks
    of a class in a picture; best thresholds, kinds of error and mistakes, and the figures that say so, a thousand.
    """

    headline: ClassVar[str] = "map"

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._pictures: list[Judged] = []
        self._left_out = 0

    def update(self, predictions: Sequence[Instances], samples: Sequence[Sample]) -> None:
        """Take in predictions and their samples. Raises `InputError` on a class the model does not know, and `BadImage`
        where a mask cannot be read or is not of the photograph's size."""
        for prediction, sample in zip(predictions, samples, strict=True):
            if sample.masks is None or sample.masks.kind != "instances":
                self._left_out += 1
            else:
                self._pictures.append(self._judged(prediction, sample, sample.masks))

    def score(self) -> float:
        """Mask mAP50-95 so far, from 0 to 1. Raises `InputError` where there is no object to be found."""
        found, truth = self._collected()
        return mask_figures(found, truth, len(self._pictures), len(self.labels))[0].values["map"]

    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        """Every figure; with `resamples=0` no intervals. Raises `InputError` where there is no object to be found."""
        found, truth = self._collected()
        few, many = mask_figures(found, truth, len(self._pictures), len(self.labels), (MOST, MANY))
        matches = self._matched(found, truth)
        thresholds = best_thresholds(matches)
        decided = decide(matches, thresholds)
        kinds = error_kinds(matches)
        values = self._values(few, many)
        return Result(
            headline=self.headline,
            higher_is_better=self.higher_is_better,
            values=values,
            intervals=self._intervals(matches, values, resamples, seed) if resamples else {},
            per_class=judging.per_class(few, decided, thresholds, self.labels),
            confusion=decided.confusion.tolist(),
            background="background",
            figures=FIGURES,
            weakest_by="ap",
            labels=self.labels,
            curves=judging.curves(many, self.labels),
            breakdown=judging.breakdown(kinds),
            mistakes=Mistakes(
                matches, decided, kinds, thresholds, [one.key for one in self._pictures], self.labels, "mask"
            )(),
            count=len(self._pictures),
            left_out=self._left_out,
        )

    def thresholds(self) -> tuple[float, ...]:
        """The score of each class from which its F1 is best. Raises `InputError` where there is no object to be found."""
        return tuple(map(float, best_thresholds(self._matched(*self._collected()))))

    def _judged(self, prediction: Instances, sample: Sample, masks: Masks) -> Judged:
        numbers, crowd = self._classes(sample.key, masks.labels, "mask"), _flags(len(masks.labels), masks.crowd)
        truth, found = masks.runs(), tuple(prediction.masks)
        left_out = None if masks.ignored is None else masks.ignored()
        _require_one_size(sample, (*truth, *(() if left_out is None else (left_out,))), found)
        shown = np.flatnonzero(prediction.shown)
        shared = shared_pixels(truth, [found[row] for row in shown.tolist()], left_out)
        panoptic = panoptic_counts(shared, numbers, prediction.classes[shown], crowd, len(self.labels))
        aside, kept = crowd, np.ones(len(found), bool)
        if left_out is not None:
            truth, there = judged_parts(truth, left_out)
            found, kept = judged_parts(found, left_out)
            aside = crowd | ~there
        rows = np.flatnonzero(kept)
        classes, scores = prediction.classes[rows], prediction.scores[rows]
        return Judged(
            key=sample.key,
            truth=(truth, numbers, aside),
            found=([found[row] for row in rows.tolist()], classes, scores),
            truth_boxes=self._boxes(sample, truth, numbers, aside),
            found_boxes=(prediction.boxes[rows], classes, scores),
            panoptic=panoptic,
            aji=aggregated_jaccard(shared, crowd),
        )

    def _boxes(self, sample: Sample, masks: Sequence[Runs], numbers: Array, aside: Array) -> tuple[Array, Array, Array]:
        """The annotated boxes, or where there are none those round the masks; their classes, and which are not to be
        found."""
        boxes = sample.boxes
        if boxes is None:
            return boxes_and_areas(masks)[0], numbers, aside
        ignored = _flags(len(boxes.labels), boxes.crowd) | _flags(len(boxes.labels), boxes.difficult)
        return boxes.xyxy, self._classes(sample.key, boxes.labels, "box"), ignored

    def _classes(self, key: str, labels: Sequence[str], mark: str) -> Array:
        return np.array(classes_of(key, labels, self.labels, mark), np.int64)

    def _collected(self) -> tuple[FoundMasks, TruthMasks]:
        if all(one.truth[2].all() for one in self._pictures):
            count = len(self._pictures) + self._left_out
            raise InputError(f"nothing to judge by: none of the {count} pictures has an object to be found")
        found = FoundMasks.gather(*_columns([one.found for one in self._pictures]))
        return found, TruthMasks.gather(*_columns([one.truth for one in self._pictures]))

    def _matched(self, found: FoundMasks, truth: TruthMasks) -> Matches:
        counted = replace(found, boxes=replace(found.boxes, most=MANY))
        return mask_matches(counted, truth, len(self._pictures), len(self.labels))

    def _values(self, few: CocoFigures, many: CocoFigures) -> dict[str, float]:
        """All figures of which there is something: of masks, of boxes, of the objects shown."""
        found = FoundBoxes.gather(*_columns([one.found_boxes for one in self._pictures]))
        truth = TruthBoxes.gather(*_columns([one.truth_boxes for one in self._pictures]))
        boxes = coco_figures(found, truth, len(self._pictures), len(self.labels)).values
        figures = {
            **few.values,
            "map_1000": many.values["map"],
            "map50_1000": many.values["map50"],
            "box_map": boxes["map"],
            "box_map50": boxes["map50"],
        }
        shown = self._of_shown(np.ones((1, len(self._pictures))))[0]
        figures |= dict(zip(("pq", "sq", "rq", "aji"), map(float, np.nan_to_num(shown, nan=-1.0)), strict=True))
        return {name: value for name, value in figures.items() if value > -1}

    def _of_shown(self, counts: Array) -> Array:
        """Panoptic quality with its factors, the means over the classes that occur, and the mean aggregated Jaccard index of
        the pictures, (r, 4), where pictures count so many times, (r, N); NaN where a figure is of nothing."""
        panoptic = np.stack([one.panoptic for one in self._pictures])
        sums = counts @ panoptic.reshape(len(panoptic), -1)
        quality = panoptic_quality(sums.reshape(len(counts), -1, 4))
        aji = np.array([one.aji for one in self._pictures])
        there = ~np.isnan(aji)
        asked = counts[:, there].sum(1)
        mean = np.divide(counts[:, there] @ aji[there], asked, out=np.full(len(counts), np.nan), where=asked > 0)
        return np.stack([*(mean_of_present(part) for part in (quality.pq, quality.sq, quality.rq)), mean], axis=1)

    def _intervals(
        self, matches: Matches, values: Mapping[str, float], resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        fewer = replace(matches, found=replace(matches.found, most=MOST))

        def figures(distinct: Array, counts: Array) -> Array:
            few = judging.mean_precisions(fewer, counts)
            many = few if matches.found.rank.max(initial=0) < MOST else judging.mean_precisions(matches, counts)
            return np.concatenate([few, many[:, :2], self._of_shown(counts.astype(np.float64))], axis=1)

        pictures = np.arange(len(self._pictures))[:, None]
        drawn = intervals.bootstrap(pictures, figures, resamples=resamples, seed=seed)
        there = [place for place, name in enumerate(WITH_INTERVALS) if name in values]
        return judging.bounds(
            drawn[:, there], {WITH_INTERVALS[place]: values[WITH_INTERVALS[place]] for place in there}
        )


def _require_one_size(sample: Sample, annotated: Sequence[Runs], found: Sequence[Runs]) -> None:
    """Raises `BadImage` where annotated masks are not of the photograph's size, which is that of the found ones."""
    for runs in annotated:
        if found and (runs.height, runs.width) != (found[0].height, found[0].width):
            sizes = f"{runs.width}×{runs.height}, and the photograph {found[0].width}×{found[0].height}"
            raise BadImage(sample.image.name, f"a mask is {sizes}")


def _flags(count: int, flags: Array | None) -> Array:
    """Of each of so many objects whether it is marked, bool (N,)."""
    return np.zeros(count, bool) if flags is None else np.asarray(flags, bool)


def _columns(rows: Sequence[tuple[Any, Array, Array]]) -> tuple[list[Any], list[Array], list[Array]]:
    """What there is for each picture, column by column."""
    first, second, third = zip(*rows, strict=True)
    return list(first), list(second), list(third)
