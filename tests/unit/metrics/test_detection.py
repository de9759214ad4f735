"""COCO's figures and our own matching against pycocotools and hand-worked pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from clearsight.metrics import boxes
from clearsight.metrics.average_precision import average_precision, mean_over_classes
from clearsight.metrics.boxes import FoundBoxes, TruthBoxes, iou, overlaps, place_in_run
from clearsight.metrics.detection import FIGURES, coco_figures
from clearsight.metrics.matching import THRESHOLDS, match
from tests.unit.metrics.scenes import Scene, pycocotools, random_scene, scenes


def gathered(
    truth: list[tuple[list[list[float]], list[int]]], found: list[tuple[list[list[float]], list[int], list[float]]]
) -> tuple[FoundBoxes, TruthBoxes]:
    return (
        FoundBoxes.gather(
            [np.array(b, np.float32).reshape(-1, 4) for b, _, _ in found],
            [np.array(k, np.int64) for _, k, _ in found],
            [np.array(s) for _, _, s in found],
        ),
        TruthBoxes.gather(
            [np.array(b, np.float32).reshape(-1, 4) for b, _ in truth],
            [np.array(k, np.int64) for _, k in truth],
            [np.zeros(len(k), bool) for _, k in truth],
        ),
    )


@settings(max_examples=30)
@given(scenes)
def test_every_figure_equals_pycocotools(scene: Scene) -> None:
    found = coco_figures(*scene.boxes, scene.pictures, scene.classes)
    expected = pycocotools(scene)
    np.testing.assert_allclose([found.values[name] for name in FIGURES], expected.stats, atol=1e-6)
    np.testing.assert_allclose(found.precision, expected.eval["precision"], atol=1e-6)
    np.testing.assert_allclose(found.recall, expected.eval["recall"], atol=1e-6)


@settings(max_examples=30)
@given(scenes)
def test_the_matches_are_those_of_pycocotools(scene: Scene) -> None:
    found, truth = scene.boxes
    matches = match(found, truth, scene.pictures, scene.classes)
    expected = {}  # (picture, class, place among its boxes) -> annotation at each threshold
    for one in pycocotools(scene).evalImgs:
        if one is not None and one["aRng"] == [0, 1e5**2]:
            for place in range(len(one["dtIds"])):
                key = (one["image_id"] - 1, one["category_id"] - 1, place)
                expected[key] = one["dtMatches"][:, place].astype(int) - 1
    keys = list(zip(found.picture.tolist(), found.classes.tolist(), found.rank.tolist(), strict=True))
    assert set(keys) == set(expected)
    for place, key in enumerate(keys):
        np.testing.assert_array_equal(matches.truths[:, place], expected[key])


def test_a_set_without_any_box_has_no_figure() -> None:
    found, truth = gathered([([], []), ([], [])], [([], [], []), ([], [], [])])
    assert set(coco_figures(found, truth, 2, 3).values.values()) == {-1.0}
    matches = match(found, truth, 2, 3)
    assert matches.truths.shape == (10, 0)
    assert matches.support.tolist() == [0, 0, 0]


def test_pictures_with_more_boxes_than_count() -> None:
    scene = random_scene(0, pictures=4, classes=1, most=400)
    found, truth = scene.boxes
    assert found.rank.max() > 150
    expected = pycocotools(scene)
    np.testing.assert_allclose(list(coco_figures(found, truth, 4, 1).values.values()), expected.stats, atol=1e-6)
    mean = mean_over_classes(average_precision(match(found, truth, 4, 1)))[0]
    np.testing.assert_allclose([mean.mean(), mean[0], mean[5]], expected.stats[:3], atol=1e-6)


def test_only_the_hundred_best_of_a_class_and_picture_count() -> None:
    box = [0.0, 0.0, 50.0, 50.0]
    scores = [0.001 * n for n in range(1, 121)]
    found, truth = gathered([([box], [0])], [([box] * 121, [0] * 120 + [1], [*scores, 0.5])])
    assert found.counted.sum() == 101
    assert found.scores[found.counted & (found.classes == 0)].min() == pytest.approx(0.021)
    assert match(found, truth, 1, 2).hits[0].sum() == 1


def test_the_surer_box_is_the_one_even_where_another_fits_better() -> None:
    found, truth = gathered(
        [([[0, 0, 100, 100], [200, 0, 300, 100]], [0, 0])],
        [([[0, 0, 100, 100], [0, 0, 100, 80], [200, 0, 300, 50]], [0, 0, 0], [0.5, 0.9, 0.4])],
    )
    matches = match(found, truth, 1, 1)
    assert found.scores.tolist() == [0.9, 0.5, 0.4]
    assert matches.truths[0].tolist() == [0, -1, 1]  # IoU 0.8, taken already, 0.5
    assert matches.truths[6].tolist() == [0, -1, -1]  # at 0.8
    assert matches.truths[7].tolist() == [-1, 0, -1]  # at 0.85
    assert pytest.approx(0.8) == THRESHOLDS[6]


def test_crowds_take_in_any_number_and_count_for_nothing() -> None:
    truth = TruthBoxes.gather(
        [np.array([[0, 0, 200, 200], [0, 0, 40, 40]], np.float32)], [np.array([0, 0])], [np.array([True, False])]
    )
    corners = np.array([[0, 0, 40, 40], [50, 50, 90, 90], [100, 100, 140, 140], [190, 190, 230, 230]], np.float32)
    found = FoundBoxes.gather([corners], [np.zeros(4, np.int64)], [np.array([0.9, 0.8, 0.7, 0.6])])
    matches = match(found, truth, 1, 1)
    assert matches.hits[0].tolist() == [True, False, False, False]
    assert matches.ignored[0].tolist() == [False, True, True, False]
    assert matches.support.tolist() == [1]


def test_iou_by_hand() -> None:
    one = np.array([[0, 0, 10, 10.0]] * 4)
    other = np.array([[5, 0, 10, 10], [10, 0, 5, 5], [0, 0, 0, 10], [2, 2, 30, 30.0]])
    ignored = np.array([False, False, False, True])
    np.testing.assert_allclose(iou(one, other, ignored), [50 / 150, 0, 0, 64 / 100])


def test_pairs_are_the_same_however_many_are_looked_at_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found, truth = random_scene(3, pictures=30).boxes
    whole = overlaps(found, truth, 0.1)
    monkeypatch.setattr(boxes, "CHUNK", 7)
    parts = overlaps(found, truth, 0.1)
    assert len(whole.found) > 100
    for name in ("found", "truth", "iou"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


def test_places_in_runs_of_equal_keys() -> None:
    assert place_in_run(np.array([2, 2, 2, 5, 5, 2])).tolist() == [0, 1, 2, 0, 1, 0]
    assert place_in_run(np.array([1, 1, 1, 1]), np.array([0, 0, 1, 1])).tolist() == [0, 1, 0, 1]
    assert place_in_run(np.zeros(0)).tolist() == []


def test_the_areas_of_annotations_may_be_others_than_those_of_their_boxes() -> None:
    corners, kinds, none = [np.array([[0, 0, 100, 100]], np.float32)], [np.zeros(1, np.int64)], [np.zeros(1, bool)]
    found = FoundBoxes.gather(corners, kinds, [np.array([0.9])])
    own = coco_figures(found, TruthBoxes.gather(corners, kinds, none), 1, 1).values
    masked = coco_figures(found, TruthBoxes.gather(corners, kinds, none, [np.array([900.0])]), 1, 1).values
    assert (own["map_large"], own["map_small"]) == (pytest.approx(1), -1)
    assert (masked["map_large"], masked["map_small"]) == (-1, pytest.approx(1))
