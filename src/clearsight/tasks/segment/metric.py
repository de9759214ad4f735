"""Judging the class of each pixel: IoU and its kin, whether edges are met, and where pictures are wrong."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.image import Pixels
from clearsight.core.metric import Metric, Mistake, Result
from clearsight.core.sample import VOID, Array, Sample
from clearsight.metrics import intervals
from clearsight.metrics.boundary import boundary_f
from clearsight.metrics.semantic import Regions, mean_of_present, per_thousand, pixel_confusion, regions
from clearsight.tasks.segment.draw import draw_beside
from clearsight.tasks.segment.mistakes import mistake
from clearsight.tasks.segment.prediction import Segmentation
from clearsight.tasks.segment.truth import class_map
from clearsight.tasks.segment.words import FIGURES

PICTURED = 24
"""Pictures whose masks are kept: as many as get a thumbnail."""

Kept = tuple[float, tuple[int, ...], bytes]
"""How bad a picture's mistake is, its height and width, and its truth and answer, packed."""

BOUNDED = ("miou", "dice", "pixel_accuracy", "boundary_f")
"""Figures that get intervals: all that are of a set."""


class SegmentMetric(Metric[Segmentation]):
    """Compares masks with those of each sample, pixel by pixel of the photograph.

    Samples without a mask, or with one that says nothing of any pixel, are counted in `left_out`. Pixels of all pictures are
    counted together; means are over the classes that occur, in the truth or in the answers. Of each picture a few numbers
    are kept, and of the worst `PICTURED` their masks, packed, so that they can be shown.
    """

    headline: ClassVar[str] = "miou"

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._confusion = np.zeros((len(self.labels), len(self.labels)), np.int64)
        self._counts: list[Array] = []  # each int64 (3, K): pixels that are right, of the class, and taken for it
        self._edges: list[Array] = []  # each float64 (K,): boundary F, NaN where a class has no boundary
        self._mistakes: list[Mistake] = []
        self._worst: dict[str, Kept] = {}  # by the key of the picture
        self._left_out = 0

    def update(self, predictions: Sequence[Segmentation], samples: Sequence[Sample]) -> None:
        """Take in predictions and their samples. Raises `InputError` on a class the model does not know, and `BadImage`
        where a mask cannot be read or is not of the photograph's size."""
        for prediction, sample in zip(predictions, samples, strict=True):
            counted = self._count(prediction, sample)
            if counted is None:
                continue
            truth, confusion = counted
            self._edges.append(boundary_f(truth, prediction.mask, len(self.labels), VOID))
            wrong = mistake(sample.key, truth, prediction.mask, confusion, self.labels)
            if wrong is not None:
                self._mistakes.append(wrong)
                self._keep(wrong, truth, prediction.mask)

    def watch(self, predictions: Sequence[Segmentation], samples: Sequence[Sample]) -> None:
        """Without boundaries and regions that are wrong, which take many times as long as counting pixels."""
        for prediction, sample in zip(predictions, samples, strict=True):
            self._count(prediction, sample)

    def _count(self, prediction: Segmentation, sample: Sample) -> tuple[Array, Array] | None:
        """Count the pixels of one picture: its truth (H, W) and its confusion (K, K); None where nothing is known of it."""
        height, width = prediction.mask.shape
        truth = class_map(sample, self.labels, (height, width))
        if truth is None or (truth == VOID).all():
            self._left_out += 1
            return None
        confusion = pixel_confusion(truth, prediction.mask, len(self.labels), VOID)
        self._confusion += confusion
        self._counts.append(np.stack([np.diagonal(confusion), confusion.sum(1), confusion.sum(0)]))
        return truth, confusion

    def _keep(self, wrong: Mistake, truth: Array, found: Array) -> None:
        """Keep the masks of a mistake while it is one of the worst."""
        least = min(self._worst, key=lambda key: self._worst[key][0], default="")
        if len(self._worst) >= PICTURED:
            if wrong.badness <= self._worst[least][0]:
                return
            del self._worst[least]
        self._worst[wrong.key] = wrong.badness, truth.shape, zlib.compress(np.stack([truth, found]).tobytes(), 1)

    def beside(self, key: str, pixels: Pixels) -> Any:
        """Photograph, truth, answer, and which pixels are wrong; None where the masks are not kept."""
        if key not in self._worst:
            return None
        _, shape, packed = self._worst[key]
        truth, found = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(2, *shape)
        return draw_beside(pixels, truth, found, self.labels)

    def score(self) -> float:
        """Mean IoU so far, from 0 to 1. Raises `InputError` where no pixel has a class."""
        return float(regions(*self._collected().sum(0)).mean_iou)

    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        """Every figure; with `resamples=0` no intervals. Raises `InputError` where no pixel has a class."""
        counts, edges = self._collected(), np.stack(self._edges)
        found = self._figures(counts, edges, np.ones((1, len(counts)), np.int64))[0]
        values = {name: float(value) for name, value in zip(BOUNDED, found, strict=True) if not np.isnan(value)}
        return Result(
            headline=self.headline,
            higher_is_better=self.higher_is_better,
            values=values,
            intervals=self._intervals(counts, edges, values, resamples, seed) if resamples else {},
            per_class=self._per_class(regions(*counts.sum(0)), edges),
            confusion=per_thousand(self._confusion).tolist(),
            confused_in="pixels in a thousand",
            figures=FIGURES,
            weakest_by="iou",
            labels=self.labels,
            mistakes=sorted(self._mistakes, key=lambda wrong: -wrong.badness),
            count=len(counts),
            left_out=self._left_out,
        )

    def _collected(self) -> Array:
        if not self._counts:
            raise InputError(
                f"nothing to judge by: none of the {self._left_out} pictures has a pixel whose class is known; "
                "judge on pictures with masks: --data"
            )
        return np.stack(self._counts)

    def _figures(self, counts: Array, edges: Array, times: Array) -> Array:
        """`BOUNDED` (r, 4) from the counts (N, 3, K) and boundary F (N, K) of pictures
        and how often each occurs, (r, N). A figure of nothing is NaN."""
        weight = times.astype(np.float64)  # sums of pixels are exact in float64, and far quicker than in int64
        flat = counts.reshape(len(counts), -1).astype(np.float64)
        figures = regions(*(weight @ flat).reshape(len(times), 3, -1).swapaxes(0, 1))
        picture = mean_of_present(edges)
        there = ~np.isnan(picture)
        asked = weight[:, there].sum(1)
        met = np.divide(weight[:, there] @ picture[there], asked, out=np.full(len(asked), np.nan), where=asked > 0)
        return np.stack([figures.mean_iou, figures.mean_dice, figures.accuracy, met], axis=1)

    def _intervals(
        self, counts: Array, edges: Array, values: Mapping[str, float], resamples: int, seed: int
    ) -> dict[str, tuple[float, float]]:
        drawn = intervals.bootstrap_pictures(
            len(counts), lambda times: self._figures(counts, edges, times), resamples=resamples, seed=seed
        )
        return intervals.bounds(drawn, BOUNDED, values)

    def _per_class(self, found: Regions, edges: Array) -> dict[str, dict[str, float]]:
        """A class that is nowhere, or has no boundary, has a figure of −1."""
        columns = {"iou": found.iou, "dice": found.dice, "boundary_f": mean_of_present(edges.T)}
        share = found.support / max(int(found.support.sum()), 1)
        return {
            label: {name: float(np.nan_to_num(column[k], nan=-1.0)) for name, column in columns.items()}
            | {"share": float(share[k]), "support": int(found.support[k])}
            for k, label in enumerate(self.labels)
        }
