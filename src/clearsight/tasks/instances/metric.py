"""Judging masks of objects: what is judged of boxes as well, and panoptic quality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from clearsight.core.metric import Figure
from clearsight.core.sample import Array, Masks, Sample, require_size
from clearsight.metrics.boxes import MANY, MOST, FoundBoxes, TruthBoxes
from clearsight.metrics.detection import coco_figures
from clearsight.metrics.instances import (
    FoundMasks,
    TruthMasks,
    boxes_and_areas,
    judged_parts,
    mask_figures,
    mask_matches,
)
from clearsight.metrics.matching import Matches
from clearsight.metrics.panoptic import aggregated_jaccard, panoptic_counts, panoptic_quality, shared_pixels
from clearsight.metrics.semantic import mean_of_present
from clearsight.ops.rle import Runs
from clearsight.tasks.instances.pipeline import all_of
from clearsight.tasks.instances.prediction import Instances
from clearsight.tasks.instances.words import FIGURES
from clearsight.tasks.objects.judging import Compared, ObjectMetric, flags, mean_precisions
from clearsight.tasks.objects.sample import classes_of

OF_SHOWN = ("pq", "sq", "rq", "aji")
"""Figures of the objects shown: panoptic quality with its factors, and the aggregated Jaccard index."""


@dataclass(frozen=True)
class Judged:
    """What is kept of one picture, n objects annotated and m found."""

    truth: tuple[Sequence[Runs], Array, Array, Array | None]
    """Masks, classes (n,), which are not to be found (n,), areas."""
    found: tuple[Sequence[Runs], Array, Array]  # masks, classes (m,), scores (m,)
    more: More | None  # None where only the score is asked for


@dataclass(frozen=True)
class More:
    """What only `result` needs of it."""

    truth_boxes: tuple[Array, Array, Array]  # corners (k, 4), classes (k,), which are not to be found (k,)
    found_boxes: tuple[Array, Array, Array]  # corners (m, 4), classes (m,), scores (m,)
    panoptic: Array  # float64 (K, 4), as `panoptic_counts` gives it
    aji: float


class InstanceMetric(ObjectMetric[Instances]):
    """Compares the masks of objects with those of each sample, in pixels of the photograph, by COCO's rules.

    Samples with a class for each pixel alone are not annotated here. Crowds are neither to be found nor wrong to be found, and
    pixels where nobody judges do not count. COCO's figures count the hundred best masks of a class in a picture; best
    thresholds, kinds of error and mistakes, and the figures that say so, a thousand. For the rest see `ObjectMetric`.
    """

    what: ClassVar[Literal["box", "mask"]] = "mask"
    figures: ClassVar[Mapping[str, Figure]] = FIGURES
    bounded: ClassVar[tuple[str, ...]] = ("map", "map50", "map75", "map_1000", "map50_1000", *OF_SHOWN)

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__(labels)
        self._pictures: list[Judged] = []

    def update(self, predictions: Sequence[Instances], samples: Sequence[Sample]) -> None:
        """Take in predictions and their samples. Raises `InputError` on a class the model does not know, and `BadImage`
        where a mask cannot be read or is not of the photograph's size."""
        self._take(predictions, samples, whole=True)

    def watch(self, predictions: Sequence[Instances], samples: Sequence[Sample]) -> None:
        """Without boxes, panoptic quality and the aggregated Jaccard index."""
        self._take(predictions, samples, whole=False)

    def _take(self, predictions: Sequence[Instances], samples: Sequence[Sample], whole: bool) -> None:
        for prediction, sample in zip(predictions, samples, strict=True):
            if sample.masks is None or sample.masks.kind != "instances":
                self._left_out += 1
            else:
                self._pictures.append(self._judged(prediction, sample, sample.masks, whole))
                self._keys.append(sample.key)

    def score(self) -> float:
        """Mask mAP50-95 so far, from 0 to 1, as `judged_by` says. Raises `InputError` where there is no object to be found."""
        found, truth = self._collected()
        most = MOST if self.judged_by() == self.headline else MANY
        return mask_figures(found, truth, len(self._keys), len(self.labels), (most,))[0].values["map"]

    def judged_by(self) -> str:
        """With the thousand best masks of a class in a picture where some picture has more than a hundred objects of one:
        COCO's own figure sees no more of them."""
        truths = [one.truth for one in self._pictures]
        most = max((np.bincount(classes[~aside]).max(initial=0) for _, classes, aside, _ in truths), default=0)
        return "map_1000" if most > MOST else self.headline

    def _judged(self, prediction: Instances, sample: Sample, masks: Masks, whole: bool) -> Judged:
        numbers, crowd = self._classes(sample.key, masks.labels, "mask"), flags(len(masks.labels), masks.crowd)
        truth, found = masks.runs(), tuple(prediction.masks)
        left_out = None if masks.ignored is None else masks.ignored()
        if found:
            sizes = ((one.height, one.width) for one in all_of(truth, left_out))
            require_size(sample, sizes, (found[0].height, found[0].width))
        parts, answered, aside, kept = truth, found, crowd, np.ones(len(found), bool)
        if left_out is not None:
            parts, there = judged_parts(truth, left_out)
            answered, kept = judged_parts(found, left_out)
            aside = crowd | ~there
        rows = np.flatnonzero(kept)
        classes, scores = prediction.classes[rows], prediction.scores[rows]
        more = None
        if whole:
            shown = np.flatnonzero(prediction.shown)
            shared = shared_pixels(truth, [found[row] for row in shown.tolist()], left_out)
            more = More(
                self._boxes(sample, parts, numbers, aside),
                (prediction.boxes[rows], classes, scores),
                panoptic_counts(shared, numbers, prediction.classes[shown], crowd, len(self.labels)),
                aggregated_jaccard(shared, crowd),
            )
        given = (parts, numbers, aside, written_areas(sample, masks))
        return Judged(given, ([answered[row] for row in rows.tolist()], classes, scores), more)

    def _boxes(self, sample: Sample, masks: Sequence[Runs], numbers: Array, aside: Array) -> tuple[Array, Array, Array]:
        """The annotated boxes, or where there are none those round the masks; their classes, and which are not to be
        found."""
        boxes = sample.boxes
        if boxes is None:
            return boxes_and_areas(masks)[0], numbers, aside
        ignored = flags(len(boxes.labels), boxes.crowd, boxes.difficult)
        return boxes.xyxy, self._classes(sample.key, boxes.labels, "box"), ignored

    def _classes(self, key: str, labels: Sequence[str], mark: str) -> Array:
        return np.array(classes_of(key, labels, self.labels, mark), np.int64)

    @property
    def _more(self) -> list[More]:
        return [one.more for one in self._pictures if one.more is not None]

    def _collected(self) -> tuple[FoundMasks, TruthMasks]:
        self._require(not all(one.truth[2].all() for one in self._pictures))
        found = FoundMasks.gather(*_columns([one.found for one in self._pictures]))
        return found, TruthMasks.gather(*_columns([one.truth for one in self._pictures]))

    def _compared(self) -> Compared:
        found, truth = self._collected()
        few, many = mask_figures(found, truth, len(self._keys), len(self.labels), (MOST, MANY))
        return Compared(few, many, self._matches(found, truth), (found.masks, truth.masks))

    def _matched(self) -> Matches:
        return self._matches(*self._collected())

    def _matches(self, found: FoundMasks, truth: TruthMasks) -> Matches:
        counted = replace(found, boxes=replace(found.boxes, most=MANY))
        return mask_matches(counted, truth, len(self._keys), len(self.labels))

    def _values(self, compared: Compared) -> Mapping[str, float]:
        """Of masks, of boxes, of the objects shown."""
        found = FoundBoxes.gather(*_columns([one.found_boxes for one in self._more]))
        truth = TruthBoxes.gather(*_columns([one.truth_boxes for one in self._more]))
        boxes = coco_figures(found, truth, len(self._keys), len(self.labels)).values
        shown = np.nan_to_num(self._of_shown(np.ones((1, len(self._keys))))[0], nan=-1.0)
        return {
            **compared.few.values,
            "map_1000": compared.many.values["map"],
            "map50_1000": compared.many.values["map50"],
            "box_map": boxes["map"],
            "box_map50": boxes["map50"],
            **dict(zip(OF_SHOWN, map(float, shown), strict=True)),
        }

    def _of_shown(self, counts: Array) -> Array:
        """`OF_SHOWN` (r, 4), the means over the classes that occur, and over the pictures, where pictures count so many times,
        (r, N); NaN where a figure is of nothing."""
        panoptic = np.stack([one.panoptic for one in self._more])
        sums = counts @ panoptic.reshape(len(panoptic), -1)
        quality = panoptic_quality(sums.reshape(len(counts), -1, 4))
        aji = np.array([one.aji for one in self._more])
        there = ~np.isnan(aji)
        asked = counts[:, there].sum(1)
        mean = np.divide(counts[:, there] @ aji[there], asked, out=np.full(len(counts), np.nan), where=asked > 0)
        return np.stack([*(mean_of_present(part) for part in (quality.pq, quality.sq, quality.rq)), mean], axis=1)

    def _resampled(self, matches: Matches) -> Callable[[Array], Array]:
        fewer = replace(matches, found=replace(matches.found, most=MOST))
        same = matches.found.rank.max(initial=0) < MOST

        def figures(counts: Array) -> Array:
            few = mean_precisions(fewer, counts)
            many = few if same else mean_precisions(matches, counts)
            return np.concatenate([few, many[:, :2], self._of_shown(counts.astype(np.float64))], axis=1)

        return figures


def written_areas(sample: Sample, masks: Masks) -> Array | None:
    """The areas (N,) by which objects are small or large, as the COCO tools take them: those that the annotations say, where
    they say them of the very objects that have the masks."""
    boxes = sample.boxes
    same = boxes is not None and tuple(boxes.labels) == tuple(masks.labels)
    return boxes.area if boxes is not None and same else None


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """What there is for each picture, column by column."""
    return [list(column) for column in zip(*rows, strict=True)]
