"""Random pictures with annotated and found boxes, and what pycocotools makes of them."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from clearsight.metrics.boxes import FoundBoxes, TruthBoxes, to_xywh


@dataclass(frozen=True)
class Scene:
    """Arrays for each picture, in an order of no meaning."""

    truth: list[tuple[np.ndarray, np.ndarray, np.ndarray]]  # corners (n, 4), classes (n,), ignored (n,)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]]  # corners (n, 4), classes (n,), scores (n,)
    classes: int

    @property
    def pictures(self) -> int:
        return len(self.truth)

    @property
    def boxes(self) -> tuple[FoundBoxes, TruthBoxes]:
        found = FoundBoxes.gather(*(list(column) for column in zip(*self.found, strict=True)))
        return found, TruthBoxes.gather(*(list(column) for column in zip(*self.truth, strict=True)))

    def picked(self, rows: list[int]) -> Scene:
        return Scene([self.truth[row] for row in rows], [self.found[row] for row in rows], self.classes)


def random_scene(
    seed: int, pictures: int = 12, classes: int = 4, most: int = 20, crowd: float = 0.15, ties: bool = False
) -> Scene:
    """Boxes on whole pixels, so that overlaps tie; found ones are near annotated ones or of another class. Some pictures
    are empty; the last class is never annotated. With `ties` scores tie too."""
    random = np.random.default_rng(seed)
    truth, found = [], []
    for _ in range(pictures):
        count, answers = (int(random.integers(0, n)) for n in (max(most // 3, 2), most))
        start, sides = random.integers(0, 200, (count, 2)), np.exp(random.uniform(1.4, 5.3, (count, 2))).round()
        corners = np.concatenate([start, start + sides], axis=1).astype(np.float32)
        kinds = random.integers(0, max(classes - 1, 1), count)
        source = random.integers(0, max(count, 1), answers)
        near = corners[source] if count else np.tile(np.float32([10, 10, 60, 60]), (answers, 1))
        near = (near + random.normal(0, 3, near.shape).round()).astype(np.float32)
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        same = kinds[source] if count else np.zeros(answers, np.int64)
        said = np.where(random.random(answers) < 0.75, same, random.integers(0, classes, answers))
        scores = random.random(answers).round(1 if ties else 9).astype(np.float32)
        truth.append((corners, kinds, random.random(count) < crowd))
        found.append((near, said, scores))
    return Scene(truth, found, classes)


scenes = st.builds(
    random_scene,
    seed=st.integers(0, 2**32 - 1),
    pictures=st.integers(1, 8),
    classes=st.integers(1, 5),
    most=st.sampled_from([1, 3, 20, 40]),
    crowd=st.sampled_from([0.0, 0.15, 0.6]),
    ties=st.booleans(),
)


def pycocotools(scene: Scene) -> Any:
    """pycocotools' COCOeval of a scene, boxes in the order in which the scene has them."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    known, answered = COCO(), COCO()
    head = {
        "images": [{"id": place + 1} for place in range(scene.pictures)],
        "categories": [{"id": k + 1, "name": str(k)} for k in range(scene.classes)],
    }
    known.dataset = {**head, "annotations": _rows(scene.truth, "iscrowd")}
    answered.dataset = {**head, "annotations": _rows(scene.found, "score")}
    with contextlib.redirect_stdout(io.StringIO()):
        known.createIndex()
        answered.createIndex()
        judge = COCOeval(known, answered, "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge


def _rows(pictures: list[tuple[np.ndarray, np.ndarray, np.ndarray]], last: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place, (corners, kinds, values) in enumerate(pictures):
        for box, kind, value in zip(to_xywh(corners).tolist(), kinds.tolist(), values.tolist(), strict=True):
            row = {"id": len(rows) + 1, "image_id": place + 1, "category_id": kind + 1, "bbox": box}
            rows.append({**row, "area": box[2] * box[3], "iscrowd": 0, last: value})
    return rows
