"""Random pictures with annotated and found masks, and what pycocotools makes of them."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from clearsight.metrics.instances import FoundMasks, TruthMasks
from clearsight.ops import rle
from clearsight.ops.rle import Runs

SIZES = ((48, 64), (130, 170), (240, 200))
"""Of pictures, so that there are small, medium and large objects by COCO's measure."""


@dataclass(frozen=True)
class MaskScene:
    """Masks and arrays for each picture, in an order of no meaning."""

    truth: list[tuple[list[Runs], np.ndarray, np.ndarray]]  # n masks, classes (n,), crowd (n,)
    found: list[tuple[list[Runs], np.ndarray, np.ndarray]]  # n masks, classes (n,), scores (n,)
    classes: int

    @property
    def pictures(self) -> int:
        return len(self.truth)

    @property
    def masks(self) -> tuple[FoundMasks, TruthMasks]:
        found = FoundMasks.gather(*(list(column) for column in zip(*self.found, strict=True)))
        return found, TruthMasks.gather(*(list(column) for column in zip(*self.truth, strict=True)))

    def picked(self, rows: list[int]) -> MaskScene:
        return MaskScene([self.truth[row] for row in rows], [self.found[row] for row in rows], self.classes)


def ellipse(size: tuple[int, int], middle: tuple[float, float], radii: tuple[float, float]) -> Runs:
    """The pixels within an ellipse, (y, x) each."""
    y, x = np.mgrid[: size[0], : size[1]]
    return rle.from_mask(((y - middle[0]) / radii[0]) ** 2 + ((x - middle[1]) / radii[1]) ** 2 <= 1)


def random_masks(
    seed: int, pictures: int = 6, classes: int = 3, most: int = 12, crowd: float = 0.15, ties: bool = False
) -> MaskScene:
    """Ellipses of all sizes; found ones are near annotated ones or of another class, some of them empty. Some pictures are
    empty; the last class is never annotated. With `ties` scores tie."""
    random = np.random.default_rng(seed)
    truth, found = [], []
    for place in range(pictures):
        size = SIZES[place % len(SIZES)]
        count, answers = (int(random.integers(0, n)) for n in (max(most // 2, 2), most))
        middles = random.uniform(0, 1, (count, 2)) * size
        radii = np.exp(random.uniform(0.3, 4.5, (count, 2)))
        kinds = random.integers(0, max(classes - 1, 1), count)
        source = random.integers(0, max(count, 1), answers)
        near = middles[source] if count else np.tile([10.0, 10.0], (answers, 1))
        near = near + random.normal(0, 1.2, near.shape)
        wide = (radii[source] if count else np.full((answers, 2), 6.0)) * random.uniform(0.7, 1.3, (answers, 2))
        wide[random.random(answers) < 0.03] = 0.01  # smaller than a pixel
        same = kinds[source] if count else np.zeros(answers, np.int64)
        said = np.where(random.random(answers) < 0.75, same, random.integers(0, classes, answers))
        scores = random.random(answers).round(1 if ties else 9).astype(np.float32)
        truth.append(
            (
                [ellipse(size, (m[0], m[1]), (r[0], r[1])) for m, r in zip(middles, radii, strict=True)],
                kinds,
                random.random(count) < crowd,
            )
        )
        found.append(
            ([ellipse(size, (m[0], m[1]), (r[0], r[1])) for m, r in zip(near, wide, strict=True)], said, scores)
        )
    return MaskScene(truth, found, classes)


mask_scenes = st.builds(
    random_masks,
    seed=st.integers(0, 2**32 - 1),
    pictures=st.integers(1, 6),
    classes=st.integers(1, 4),
    most=st.sampled_from([1, 4, 16]),
    crowd=st.sampled_from([0.0, 0.15, 0.6]),
    ties=st.booleans(),
)


def pycocotools_masks(scene: MaskScene, most: int | None = None) -> Any:
    """pycocotools' COCOeval of a scene, masks in the order in which the scene has them. With `most`, another number of
    masks than 100 counts for each class and picture, and there is no summary."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    known, answered = COCO(), COCO()
    head = {
        "images": [{"id": place + 1, **_size(scene, place)} for place in range(scene.pictures)],
        "categories": [{"id": k + 1, "name": str(k)} for k in range(scene.classes)],
    }
    known.dataset = {**head, "annotations": _rows(scene.truth, "iscrowd")}
    answered.dataset = {**head, "annotations": _rows(scene.found, "score")}
    with contextlib.redirect_stdout(io.StringIO()):
        known.createIndex()
        answered.createIndex()
        judge = COCOeval(known, answered, "segm")
        if most is not None:
            judge.params.maxDets = [1, 10, most]
        judge.evaluate()
        judge.accumulate()
        if most is None:
            judge.summarize()
    return judge


def _size(scene: MaskScene, place: int) -> dict[str, int]:
    """Height and width of a picture, of any where it has no mask."""
    one = next(iter((*scene.truth[place][0], *scene.found[place][0])), rle.Runs(1, 1, np.zeros(0)))
    return {"height": one.height, "width": one.width}


def _rows(pictures: list[tuple[list[Runs], np.ndarray, np.ndarray]], last: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place, (masks, kinds, values) in enumerate(pictures):
        for runs, kind, value in zip(masks, kinds.tolist(), values.tolist(), strict=True):
            coco = rle.to_coco(runs)
            row = {"id": len(rows) + 1, "image_id": place + 1, "category_id": kind + 1, "segmentation": coco}
            rows.append({**row, "area": float(rle.area(runs)), "iscrowd": 0, last: value})
    return rows
