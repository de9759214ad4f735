"""COCO's figures of masks: ours beside pycocotools, masks in memory as run lengths on both sides.

    python benchmarks/mask_evaluation.py [--share 1.0] [--rounds 3]

Two made-up sets: one like COCO's, 2,000 pictures of 80 classes with ten objects and fifty answers each, and one like the
nuclei, 100 pictures of one class with 200 objects and 300 answers each, which counts a thousand of them; some pictures are
empty, some objects crowds. Ours goes from the masks of each picture to the figures. Of pycocotools only `evaluate`,
`accumulate` and `summarize` are counted, not the making of its dictionaries and their index; it runs once, with ours before
and after. All figures must be equal to 1e-6, or the benchmark fails. With a smaller share of the pictures it writes no JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from common import Figure, save, table

from clearsight.core.sample import ArrayImage, Masks, Sample
from clearsight.metrics.detection import CocoFigures
from clearsight.metrics.instances import FoundMasks, TruthMasks, mask_figures
from clearsight.ops import rle
from clearsight.ops.rle import Runs
from clearsight.tasks.instances.metric import InstanceMetric
from clearsight.tasks.instances.prediction import Instances

EMPTY, CROWD = 0.01, 0.02


@dataclass(frozen=True)
class Kind:
    """What a made-up set is like."""

    name: str
    pictures: int
    height: int
    width: int
    classes: int
    truths: int
    found: int
    radii: tuple[float, float]  # pixels, the least and the largest
    most: int  # masks of a class that count in a picture


KINDS = (
    Kind("like COCO", 2000, 480, 640, 80, 10, 50, (4, 120), 100),
    Kind("like nuclei", 100, 512, 512, 1, 200, 300, (4, 16), 1000),
)


@dataclass(frozen=True)
class Masked:
    """Masks of one picture, their classes (n,), and scores or crowd flags (n,)."""

    masks: list[Runs]
    classes: np.ndarray
    last: np.ndarray


def ellipse(kind: Kind, middle: np.ndarray, radii: np.ndarray) -> Runs:
    """The pixels within an ellipse, drawn in a window of its own."""
    top, left = np.floor(middle - radii).astype(int)
    bottom, right = np.ceil(middle + radii).astype(int) + 1
    y, x = np.ogrid[top:bottom, left:right]
    inside = ((y - middle[0]) / radii[0]) ** 2 + ((x - middle[1]) / radii[1]) ** 2 <= 1
    return rle.from_window(inside, int(top), int(left), kind.height, kind.width)


def made_up(kind: Kind, pictures: int) -> tuple[list[Masked], list[Masked]]:
    """Annotated ellipses of all sizes, and found ones: seven in ten near one of its class, the others of any class."""
    random = np.random.default_rng(0)
    truth, found = [], []
    for _ in range(pictures):
        count = 0 if random.random() < EMPTY else kind.truths
        middles = random.uniform(0, 1, (count, 2)) * (kind.height, kind.width)
        radii = np.exp(random.uniform(*np.log(kind.radii), (count, 2)))
        classes = random.integers(0, kind.classes, count)
        source = random.integers(0, max(count, 1), kind.found)
        near = middles[source] if count else np.full((kind.found, 2), 100.0)
        wide = radii[source] if count else np.full((kind.found, 2), 20.0)
        near = near + wide * random.normal(0, 0.15, near.shape)
        wide = wide * np.exp(random.normal(0, 0.15, wide.shape))
        same = classes[source] if count else np.zeros(kind.found, np.int64)
        said = np.where(random.random(kind.found) < 0.7, same, random.integers(0, kind.classes, kind.found))
        drawn = [ellipse(kind, middle, size) for middle, size in zip(middles, radii, strict=True)]
        answers = [ellipse(kind, middle, size) for middle, size in zip(near, wide, strict=True)]
        truth.append(Masked(drawn, classes, random.random(count) < CROWD))
        found.append(Masked(answers, said, random.random(kind.found).astype(np.float32)))
    return truth, found


def ours(kind: Kind, truth: Sequence[Masked], found: Sequence[Masked]) -> CocoFigures:
    """The figures, from the masks of each picture."""
    answered = FoundMasks.gather([m.masks for m in found], [m.classes for m in found], [m.last for m in found])
    known = TruthMasks.gather([m.masks for m in truth], [m.classes for m in truth], [m.last for m in truth])
    (figures,) = mask_figures(answered, known, len(truth), kind.classes, (kind.most,))
    assert figures.values  # worked out when they are asked for
    return figures


def ready(kind: Kind, truth: Sequence[Masked], found: Sequence[Masked]) -> Any:
    """A COCOeval of pycocotools with its dictionaries and their index made."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    known, answered = COCO(), COCO()
    size = {"height": kind.height, "width": kind.width}
    head = {
        "images": [{"id": place + 1, **size} for place in range(len(truth))],
        "categories": [{"id": k + 1, "name": str(k)} for k in range(kind.classes)],
    }
    known.dataset = {**head, "annotations": rows(truth, "iscrowd")}
    answered.dataset = {**head, "annotations": rows(found, "score")}
    with contextlib.redirect_stdout(io.StringIO()):
        known.createIndex()
        answered.createIndex()
        judge = COCOeval(known, answered, "segm")
    judge.params.maxDets = [1, 10, kind.most]
    return judge


def rows(pictures: Sequence[Masked], last: str) -> list[dict[str, Any]]:
    """The annotations of a COCO file, masks compressed."""
    made: list[dict[str, Any]] = []
    for place, masked in enumerate(pictures, 1):
        for runs, label, value in zip(masked.masks, masked.classes.tolist(), masked.last.tolist(), strict=True):
            row = {"id": len(made) + 1, "image_id": place, "category_id": label + 1, "segmentation": rle.to_coco(runs)}
            made.append({**row, "area": float(rle.area(runs)), "iscrowd": 0, last: value})
    return made


def theirs(judge: Any) -> Any:
    """The figures by pycocotools, as the arrays that its summary is made of."""
    with contextlib.redirect_stdout(io.StringIO()):
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return CocoFigures(judge.eval["precision"], judge.eval["recall"])


def everything(kind: Kind, truth: Sequence[Masked], found: Sequence[Masked], resamples: int) -> None:
    """All that an evaluation says: figures of masks and boxes, panoptic quality, intervals, kinds of error, mistakes."""
    labels = tuple(map(str, range(kind.classes)))
    image = ArrayImage(np.zeros((2, 2), np.uint8))
    metric = InstanceMetric(labels)
    for place, (known, masked) in enumerate(zip(truth, found, strict=True)):
        masks = Masks(
            "instances", lambda known=known: tuple(known.masks), tuple(labels[k] for k in known.classes), known.last
        )
        boxes = np.array([rle.box(runs) for runs in masked.masks], np.float32).reshape(-1, 4)
        answer = Instances(boxes, masked.last, masked.classes, masked.last >= 0.5, labels, masks=tuple(masked.masks))
        metric.update([answer], [Sample(str(place), image, masks=masks)])
    metric.result(resamples=resamples)


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and what it gave."""
    gc.collect()
    start = time.perf_counter()
    made = run()
    return time.perf_counter() - start, made


def measure(kind: Kind, share: float, rounds: int) -> tuple[list[dict[str, Any]], float, float]:
    """Rows of the table, pycocotools' time over ours, and the largest difference of a figure."""
    pictures = max(2, round(kind.pictures * share))
    truth, found = made_up(kind, pictures)
    ours(kind, truth[:2], found[:2])  # imports, and the first call of a library, are not counted
    before = [timed(lambda: ours(kind, truth, found)) for _ in range(rounds)]
    making, judge = timed(lambda: ready(kind, truth, found))
    judging, expected = timed(lambda: theirs(judge))
    after = [timed(lambda: ours(kind, truth, found)) for _ in range(rounds)]
    apart = 0.0
    for _, figures in before + after:
        for name in ("precision", "recall"):
            apart = max(apart, float(np.abs(getattr(figures, name) - getattr(expected, name)).max()))
        apart = max(apart, max(abs(figures.values[name] - expected.values[name]) for name in figures.values))
    if apart > 1e-6:
        raise SystemExit(f"{kind.name}: the figures differ by {apart:.1e}")
    mine = median(seconds for seconds, _ in before + after)
    full, _ = timed(lambda: everything(kind, truth, found, 1000))
    what = f"{kind.name}, {pictures:,} pictures"
    lines = [
        {"what": f"{what}: ours, from masks to the twelve figures", "seconds": mine},
        {"what": f"{what}: pycocotools, making its dictionaries and index (not counted)", "seconds": making},
        {"what": f"{what}: pycocotools, evaluate, accumulate, summarize", "seconds": judging},
        {"what": f"{what}: ours, everything, with intervals from 1,000 resamples", "seconds": full},
    ]
    return lines, judging / mine, apart


def main() -> None:
    """Measure, compare, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the pictures")
    parser.add_argument("--rounds", type=int, default=3, help="of ours, before pycocotools and as many after")
    options = parser.parse_args()
    lines, figures, worst = [], [], 0.0
    for kind in KINDS:
        measured, ratio, apart = measure(kind, options.share, options.rounds)
        lines += measured
        worst = max(worst, apart)
        what = f"twelve COCO figures of masks, a set {kind.name}, pycocotools' time over ours"
        figures.append(Figure(what, ratio, "×", 3, at_least=True))
    table(lines, "COCO's figures of masks")
    for figure in figures:
        print(f"{figure.what}: {figure.value:.1f}")
    note = f"Wall time; ours the median of {2 * options.rounds}, the others once. Largest difference of a figure {worst:.1e}."
    if options.share == parser.get_default("share"):
        print(save("mask_evaluation", lines, note, figures))


if __name__ == "__main__":
    main()
