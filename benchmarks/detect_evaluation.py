"""COCO's figures for a set as large as COCO's own val: ours beside pycocotools, boxes in memory on both sides.

    python benchmarks/detect_evaluation.py [--pictures 5000] [--rounds 3]

5,000 made-up pictures, 100 found boxes in each, 80 classes, some pictures empty, some boxes crowds. Ours goes from the
arrays of each picture to the figures. Of pycocotools only `evaluate`, `accumulate` and `summarize` are counted, not the
making of its dictionaries and their index, which is in a row of its own; it runs once, as it takes minutes, with ours
before and after. All figures must be equal to 1e-6, or the benchmark fails. With fewer pictures it writes no JSON.
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

from clearsight.core.sample import ArrayImage, Boxes, Sample
from clearsight.metrics.boxes import FoundBoxes, TruthBoxes, to_xywh
from clearsight.metrics.detection import FIGURES, coco_figures
from clearsight.tasks.detect.metric import DetectMetric
from clearsight.tasks.detect.prediction import Detections

TRUTHS, FOUND, CLASSES = 10, 100, 80
WIDTH, HEIGHT = 640, 480
EMPTY, CROWD = 0.01, 0.02


@dataclass(frozen=True)
class Boxed:
    """Boxes of one picture: xyxy (n, 4), classes (n,), and scores or crowd flags (n,)."""

    corners: np.ndarray
    classes: np.ndarray
    last: np.ndarray


def made_up(pictures: int) -> tuple[list[Boxed], list[Boxed]]:
    """Annotated boxes of all sizes, and found ones: seven in ten near one of its class, the others of any class."""
    random = np.random.default_rng(0)
    truth, found = [], []
    for _ in range(pictures):
        count = 0 if random.random() < EMPTY else TRUTHS
        sides = np.exp(random.uniform(np.log(8), np.log(240), (count, 2)))
        start = random.uniform(0, 1, (count, 2)) * np.maximum([WIDTH, HEIGHT] - sides, 0)
        corners = np.concatenate([start, start + sides], axis=1).astype(np.float32)
        kinds = random.integers(0, CLASSES, count)
        source = random.integers(0, max(count, 1), FOUND)
        near = corners[source] if count else np.tile(np.float32([0, 0, 50, 50]), (FOUND, 1))
        scale = np.tile(near[:, 2:] - near[:, :2], 2)
        near = near + scale * random.normal(0, 0.1, near.shape)
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        same = kinds[source] if count else np.zeros(FOUND, np.int64)
        said = np.where(random.random(FOUND) < 0.7, same, random.integers(0, CLASSES, FOUND))
        truth.append(Boxed(corners, kinds, random.random(count) < CROWD))
        found.append(Boxed(near.astype(np.float32), said, random.random(FOUND).astype(np.float32)))
    return truth, found


def ours(truth: Sequence[Boxed], found: Sequence[Boxed]) -> list[float]:
    """The twelve figures, from the arrays of each picture."""
    boxes = FoundBoxes.gather([b.corners for b in found], [b.classes for b in found], [b.last for b in found])
    known = TruthBoxes.gather([b.corners for b in truth], [b.classes for b in truth], [b.last for b in truth])
    values = coco_figures(boxes, known, len(truth), CLASSES).values
    return [values[name] for name in FIGURES]


def ready(truth: Sequence[Boxed], found: Sequence[Boxed]) -> Any:
    """A COCOeval of pycocotools with its dictionaries and their index made."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    known, answered = COCO(), COCO()
    head = {
        "images": [{"id": place + 1} for place in range(len(truth))],
        "categories": [{"id": k + 1, "name": str(k)} for k in range(CLASSES)],
    }
    known.dataset = {**head, "annotations": rows(truth, "iscrowd")}
    answered.dataset = {**head, "annotations": rows(found, "score")}
    with contextlib.redirect_stdout(io.StringIO()):
        known.createIndex()
        answered.createIndex()
    return COCOeval(known, answered, "bbox")


def rows(pictures: Sequence[Boxed], last: str) -> list[dict[str, Any]]:
    """The annotations of a COCO file."""
    made: list[dict[str, Any]] = []
    for place, boxed in enumerate(pictures, 1):
        columns = (to_xywh(boxed.corners).tolist(), boxed.classes.tolist(), boxed.last.tolist())
        for box, kind, value in zip(*columns, strict=True):
            row = {"id": len(made) + 1, "image_id": place, "category_id": kind + 1, "bbox": box}
            made.append({**row, "area": box[2] * box[3], "iscrowd": 0, last: value})
    return made


def theirs(judge: Any) -> list[float]:
    """The twelve figures, by pycocotools."""
    with contextlib.redirect_stdout(io.StringIO()):
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return list(map(float, judge.stats))


def everything(truth: Sequence[Boxed], found: Sequence[Boxed], resamples: int) -> None:
    """All that an evaluation says: figures, intervals, confusions, kinds of error, mistakes."""
    labels = tuple(map(str, range(CLASSES)))
    image = ArrayImage(np.zeros((2, 2), np.uint8))
    metric = DetectMetric(labels)
    for place, (known, boxed) in enumerate(zip(truth, found, strict=True)):
        boxes = Boxes(known.corners, tuple(labels[k] for k in known.classes), known.last)
        final = {"boxes": boxed.corners, "scores": boxed.last, "classes": boxed.classes}
        metric.update([Detections.from_arrays(final, labels)], [Sample(str(place), image, boxes=boxes)])
    metric.result(resamples=resamples)


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and what it gave."""
    gc.collect()
    start = time.perf_counter()
    made = run()
    return time.perf_counter() - start, made


def main() -> None:
    """Measure, compare, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3, help="of ours, before pycocotools and as many after")
    options = parser.parse_args()
    truth, found = made_up(options.pictures)
    ours(truth[:50], found[:50])  # imports, and the first call of a library, are not counted
    before = [timed(lambda: ours(truth, found)) for _ in range(options.rounds)]
    making, judge = timed(lambda: ready(truth, found))
    judging, expected = timed(lambda: theirs(judge))
    after = [timed(lambda: ours(truth, found)) for _ in range(options.rounds)]
    for _, values in before + after:
        apart = float(np.abs(np.subtract(values, expected)).max())
        if apart > 1e-6:
            raise SystemExit(
                f"the figures differ by {apart:.1e}: {dict(zip(FIGURES, values, strict=True))}, {expected}"
            )
    mine = median(seconds for seconds, _ in before + after)
    bare, _ = timed(lambda: everything(truth, found, 0))
    full, _ = timed(lambda: everything(truth, found, 1000))
    size = f"{options.pictures:,} pictures"
    lines = [
        {"what": "ours, from arrays to the twelve figures", "seconds": mine},
        {"what": "pycocotools, making its dictionaries and index (not counted)", "seconds": making},
        {"what": "pycocotools, evaluate, accumulate, summarize", "seconds": judging},
        {"what": "ours, everything else too, without intervals", "seconds": bare},
        {"what": "ours, everything, with intervals from 1,000 resamples", "seconds": full},
    ]
    table(lines, f"COCO's figures of {size}, {FOUND} found boxes each, {CLASSES} classes")
    note = f"Wall time; ours the median of {2 * options.rounds}, the others once. Largest difference of a figure {apart:.1e}."
    figure = Figure(
        f"twelve COCO figures of {size}, pycocotools' time over ours", judging / mine, "×", 20, at_least=True
    )
    if options.pictures == parser.get_default("pictures"):
        print(save("detect_evaluation", lines, note, [figure]))


if __name__ == "__main__":
    main()
