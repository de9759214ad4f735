"""Panoptic quality and the aggregated Jaccard index by hand and from their definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from clearsight.metrics.panoptic import (
    aggregated_jaccard,
    panoptic_counts,
    panoptic_quality,
    shared_pixels,
)
from clearsight.metrics.semantic import mean_of_present
from clearsight.ops import rle
from clearsight.ops.owners import owner_map
from clearsight.ops.rle import Runs
from tests.unit.metrics.mask_scenes import MaskScene, mask_scenes, random_masks

SIZE = (20, 30)


def box(x1: int, y1: int, x2: int, y2: int) -> Runs:
    """A rectangle of pixels on a picture of 20 x 30."""
    mask = np.zeros(SIZE, bool)
    mask[y1:y2, x1:x2] = True
    return rle.from_mask(mask)


def flags(*values: int) -> np.ndarray:
    return np.array(values, bool)


def test_shared_pixels_by_hand() -> None:
    truth = [box(0, 0, 10, 10), box(2, 2, 4, 4)]  # the smaller one is in front
    found = [box(0, 0, 10, 5), box(0, 0, 10, 10)]  # the first, the better one, is in front
    shared = shared_pixels(truth, found)
    assert shared.pixels.tolist() == [[46, 50, 0], [4, 0, 0], [0, 0, 500]]
    assert (shared.area.tolist(), shared.size.tolist()) == ([96, 4], [50, 50])
    cut = shared_pixels(truth, found, box(0, 0, 30, 2))
    assert cut.pixels.tolist() == [[26, 50, 0], [4, 0, 0], [0, 0, 460]]
    assert cut.hidden.tolist() == [20, 0]


def test_panoptic_quality_by_hand() -> None:
    truth = [box(0, 0, 10, 10), box(20, 0, 30, 10), box(0, 10, 10, 20)]
    found = [box(0, 0, 10, 8), box(20, 0, 30, 5), box(0, 10, 10, 20), box(15, 12, 18, 15)]
    shared = shared_pixels(truth, found)
    # The first is found with an IoU of 0.8; the second's IoU is 0.5, which is not more than a half: one wrong, one missed. The
    # third is taken for another class, and the last lies on nothing.
    counts = panoptic_counts(shared, np.array([0, 0, 1]), np.array([0, 0, 0, 1]), flags(0, 0, 0), 3)
    assert counts.tolist() == [[pytest.approx(0.8), 1, 2, 1], [0, 0, 1, 1], [0, 0, 0, 0]]
    quality = panoptic_quality(counts)
    np.testing.assert_allclose(quality.sq, [0.8, 0, np.nan])
    np.testing.assert_allclose(quality.rq, [1 / 2.5, 0, np.nan])
    np.testing.assert_allclose(quality.pq, [0.8 / 2.5, 0, np.nan])
    twice = panoptic_quality(
        counts + panoptic_counts(shared_pixels(truth, truth), *[np.array([0, 0, 1])] * 2, flags(0, 0, 0), 3)
    )
    np.testing.assert_allclose(twice.pq, [2.8 / 4.5, 1 / 2, np.nan])


def test_answers_on_crowds_and_where_nobody_judges_are_not_wrong() -> None:
    truth = [box(0, 0, 10, 10), box(12, 0, 16, 4)]
    found = [box(0, 0, 10, 9), box(12, 0, 16, 4), box(20, 0, 30, 10), box(12, 10, 18, 14)]
    left_out = box(18, 0, 30, 6)
    counts = panoptic_counts(
        shared_pixels(truth, found, left_out), np.array([0, 1]), np.array([0, 0, 0, 1]), flags(1, 0), 2
    )
    # The first lies on a crowd, the third mostly on what nobody judges. The second has the wrong class.
    assert counts.tolist() == [[0, 0, 1, 0], [0, 0, 1, 1]]
    other_class = panoptic_counts(shared_pixels(truth, found), np.array([1, 1]), np.zeros(4, int), flags(1, 0), 2)
    assert other_class[0].tolist() == [0, 0, 4, 0]


def test_pixels_where_nobody_judges_are_not_in_the_union() -> None:
    truth, found = [box(0, 0, 10, 5)], [box(0, 0, 10, 10)]
    counts = panoptic_counts(
        shared_pixels(truth, found, box(0, 6, 30, 20)), np.zeros(1, int), np.zeros(1, int), flags(0), 1
    )
    assert counts.tolist() == [[pytest.approx(50 / 60), 1, 0, 0]]


def test_the_aggregated_index_by_hand() -> None:
    truth = [box(0, 0, 10, 10), box(20, 0, 30, 10), box(0, 12, 5, 17)]
    found = [box(0, 0, 10, 8), box(5, 8, 10, 10), box(18, 0, 30, 10), box(20, 15, 22, 17)]
    # 80 of 100, and 100 of 120 are shared; of the third, 25, nothing; two answers, 10 and 4, are nobody's best.
    shared = shared_pixels(truth, found)
    assert aggregated_jaccard(shared, flags(0, 0, 0)) == pytest.approx(180 / (100 + 120 + 25 + 10 + 4))
    # With the second a crowd the answer on it is not wrong.
    assert aggregated_jaccard(shared, flags(0, 1, 0)) == pytest.approx(80 / (100 + 25 + 10 + 4))
    assert aggregated_jaccard(shared_pixels(truth, []), flags(0, 0, 0)) == 0
    assert aggregated_jaccard(shared_pixels([], found), flags()) == 0
    assert np.isnan(aggregated_jaccard(shared_pixels([], []), flags()))
    assert aggregated_jaccard(shared_pixels(truth, truth), flags(0, 0, 0)) == 1


def maps(scene: MaskScene, place: int) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """The pixels of each annotated and of each found object where no other is in front, and the order of the found ones."""
    pixels = []
    truth, found = scene.truth[place][0], scene.found[place][0]
    ranks = np.argsort(-scene.found[place][2], kind="stable")
    size = next(((runs.height, runs.width) for runs in (*truth, *found)), SIZE)
    orders = [sorted(range(len(truth)), key=lambda row: rle.area(truth[row])), ranks.tolist()]
    for masks, order in ((truth, orders[0]), (found, orders[1])):
        taken, own = np.zeros(size, bool), [np.zeros(size, bool) for _ in masks]
        for row in order:
            own[row] = rle.to_mask(masks[row]) & ~taken
            taken |= own[row]
        pixels.append(own)
    return pixels[0], [pixels[1][row] for row in ranks], ranks


@settings(max_examples=20, deadline=None)
@given(mask_scenes)
def test_both_are_those_of_their_definitions(scene: MaskScene) -> None:
    for place, ((truth, kinds, crowd), (found, said, _)) in enumerate(zip(scene.truth, scene.found, strict=True)):
        if len({rle.area(runs) for runs in truth}) < len(truth):
            continue  # of equally large ones either may be in front
        ours, theirs, ranks = maps(scene, place)
        shared = shared_pixels(truth, [found[row] for row in ranks])
        counts = panoptic_counts(shared, kinds, said[ranks], crowd, scene.classes)
        expected = np.zeros((scene.classes, 4))
        hit = np.zeros(len(theirs), bool)
        for g, own in enumerate(ours):
            if crowd[g] or not own.any():
                continue
            ious = [
                (own & other).sum() / (own | other).sum() if said[ranks[d]] == kinds[g] else 0.0
                for d, other in enumerate(theirs)
            ]
            best = int(np.argmax(ious)) if ious else -1
            if best >= 0 and ious[best] > 0.5:
                hit[best] = True
                expected[kinds[g], :2] += (ious[best], 1)
            else:
                expected[kinds[g], 3] += 1
        for d, other in enumerate(theirs):
            on_crowd = sum((other & own).sum() for g, own in enumerate(ours) if crowd[g] and kinds[g] == said[ranks[d]])
            if other.any() and not hit[d] and 2 * on_crowd <= other.sum():
                expected[said[ranks[d]], 2] += 1
        np.testing.assert_allclose(counts, expected)
        if not crowd.any():
            assert aggregated_jaccard(shared, crowd) == pytest.approx(jaccard(ours, theirs), nan_ok=True)


def jaccard(truth: list[np.ndarray], found: list[np.ndarray]) -> float:
    """Kumar et al. 2017, algorithm 1, as it stands."""
    common = total = 0
    used = set()
    for own in truth:
        shares = [(own & other).sum() / max((own | other).sum(), 1) for other in found]
        best = int(np.argmax(shares)) if shares else -1
        if best >= 0 and shares[best] > 0:
            used.add(best)
            common += (own & found[best]).sum()
            total += (own | found[best]).sum()
        else:
            total += own.sum()
    total += sum(other.sum() for d, other in enumerate(found) if d not in used)
    return float(common / total) if total else float("nan")


def test_quality_equals_the_reference_on_the_same_maps(tmp_path: Path) -> None:
    from hotcoco.panoptic import PanopticEval

    scene = random_masks(7, pictures=9, classes=3, most=14, crowd=0.3)
    sums = np.zeros((3, 4))
    truths: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    images = []
    for place, ((truth, kinds, crowd), (found, said, scores)) in enumerate(zip(scene.truth, scene.found, strict=True)):
        for k in range(3):
            crowd[np.flatnonzero(crowd & (kinds == k))[1:]] = False  # theirs knows one crowd of a class in a picture
        order = np.argsort(-scores, kind="stable")
        ranked = [found[row] for row in order]
        sums += panoptic_counts(shared_pixels(truth, ranked), kinds, said[order], crowd, 3)
        size = next(((runs.height, runs.width) for runs in (*truth, *found)), SIZE)
        images.append({"id": place, "height": size[0], "width": size[1], "file_name": f"{place}.jpg"})
        front = np.argsort([-rle.area(runs) for runs in truth], kind="stable")
        owners = owner_map(truth, *size, front)
        truths.append(panoptic_row(tmp_path / "truth", place, owners, kinds, crowd))
        owners = owner_map(ranked, *size, np.arange(len(ranked))[::-1])
        answers.append(panoptic_row(tmp_path / "found", place, owners, said[order], np.zeros(len(found), bool)))
    categories = [{"id": k, "name": str(k), "isthing": int(k > 0)} for k in range(4)]
    judge = PanopticEval(
        *({"images": images, "annotations": rows, "categories": categories} for rows in (truths, answers)),
        gt_folder=str(tmp_path / "truth"),
        pred_folder=str(tmp_path / "found"),
    )
    judge.evaluate()
    expected = judge.results()
    assert sums[:, 1].sum() > 5
    for k in range(3):
        each = expected["per_class"][k + 1]
        assert sums[k] == pytest.approx([each["iou"], each["tp"], each["fp"], each["fn"]])
    quality = panoptic_quality(sums)
    for name in ("pq", "sq", "rq"):
        assert mean_of_present(getattr(quality, name)) == pytest.approx(expected["Things"][name])


def panoptic_row(
    folder: Path, place: int, owners: np.ndarray, classes: np.ndarray, crowd: np.ndarray
) -> dict[str, Any]:
    """A picture in COCO's panoptic format: a PNG of numbers, and what they are. What no object has is of category 0, as
    number 0 would be left out."""
    folder.mkdir(exist_ok=True)
    numbers = np.where(owners < 0, 200, owners + 1).astype(np.uint8)
    Image.fromarray(np.stack([numbers, numbers * 0, numbers * 0], -1)).save(folder / f"{place}.png")
    segments = [
        {"id": n, "category_id": 0, "iscrowd": 0}
        if n == 200
        else {"id": n, "category_id": int(classes[n - 1]) + 1, "iscrowd": int(crowd[n - 1])}
        for n in np.unique(numbers).tolist()
    ]
    rows = [{**one, "area": int((numbers == one["id"]).sum())} for one in segments]
    return {"image_id": place, "file_name": f"{place}.png", "segments_info": rows}
