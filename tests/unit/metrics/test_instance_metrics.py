"""COCO's figures of masks and our own matching of them against pycocotools and hand-worked pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from clearsight.metrics.average_precision import average_precision, mean_over_classes
from clearsight.metrics.boxes import MANY
from clearsight.metrics.detection import FIGURES
from clearsight.metrics.instances import (
    FoundMasks,
    TruthMasks,
    boxes_and_areas,
    judged_parts,
    mask_figures,
    mask_matches,
    mask_overlaps,
)
from clearsight.ops import rle
from tests.unit.metrics.mask_scenes import MaskScene, ellipse, mask_scenes, pycocotools_masks, random_masks


@settings(max_examples=15, deadline=None)
@given(mask_scenes)
def test_every_figure_equals_pycocotools(scene: MaskScene) -> None:
    (found,) = mask_figures(*scene.masks, scene.pictures, scene.classes)
    expected = pycocotools_masks(scene)
    np.testing.assert_allclose([found.values[name] for name in FIGURES], expected.stats, atol=1e-6)
    np.testing.assert_allclose(found.precision, expected.eval["precision"], atol=1e-6)
    np.testing.assert_allclose(found.recall, expected.eval["recall"], atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(mask_scenes)
def test_average_precision_of_our_matches_is_that_of_pycocotools(scene: MaskScene) -> None:
    found = average_precision(mask_matches(*scene.masks, scene.pictures, scene.classes))[0]
    precision = pycocotools_masks(scene).eval["precision"][:, :, :, 0, -1]
    expected = np.where((precision > -1).all(1), precision.mean(1), np.nan).T
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("few", [20, 100])
def test_pictures_with_more_masks_than_count(few: int) -> None:
    scene = random_masks(1, pictures=3, classes=1, most=130)
    found, truth = scene.masks
    assert found.boxes.rank.max() > few
    less, more = mask_figures(found, truth, scene.pictures, 1, (few, MANY))
    for figures, most in ((less, few), (more, MANY)):
        expected = pycocotools_masks(scene, most)
        np.testing.assert_allclose(figures.precision, expected.eval["precision"], atol=1e-6)
        np.testing.assert_allclose(figures.recall, expected.eval["recall"], atol=1e-6)
        matches = mask_matches(replace(found, boxes=replace(found.boxes, most=most)), truth, scene.pictures, 1)
        mean = mean_over_classes(average_precision(matches))[0]
        assert mean.mean() == pytest.approx(figures.values["map"], abs=1e-6)
    assert more.values != less.values


@settings(max_examples=20, deadline=None)
@given(mask_scenes)
def test_boxes_and_areas_are_those_of_each_mask(scene: MaskScene) -> None:
    masks = [runs for some, _, _ in (*scene.truth, *scene.found) for runs in some]
    masks += [rle.from_mask(np.full((4, 3), value)) for value in (False, True)]
    boxes, area = boxes_and_areas(masks)
    np.testing.assert_array_equal(boxes, [rle.box(runs) for runs in masks])
    np.testing.assert_array_equal(area, [rle.area(runs) for runs in masks])
    assert boxes_and_areas([])[0].shape == (0, 4)


def test_a_found_mask_is_as_large_as_its_pixels_and_not_as_its_box() -> None:
    square, line = np.zeros((60, 60), bool), np.zeros((60, 60), bool)
    square[:10, :10] = True
    line[np.arange(15, 60), np.arange(15, 60)] = True  # 45 pixels in a box of 2025, which would not be a small one
    one, kinds = [rle.from_mask(square)], np.zeros(1, np.int64)
    truth = TruthMasks.gather([one], [kinds], [np.zeros(1, bool)])
    found = FoundMasks.gather([[*one, rle.from_mask(line)]], [np.zeros(2, np.int64)], [np.array([0.8, 0.9])])
    values = mask_figures(found, truth, 1, 1)[0].values
    assert values["map_small"] == values["map"] == pytest.approx(0.5)


def test_overlaps_are_those_of_each_picture_by_hand() -> None:
    size = (10, 10)

    def square(x: int, y: int, side: int) -> rle.Runs:
        mask = np.zeros(size, bool)
        mask[y : y + side, x : x + side] = True
        return rle.from_mask(mask)

    none = np.zeros(0, np.int64)
    truth = TruthMasks.gather(
        [[square(0, 0, 4), square(4, 4, 6)], [], [square(0, 0, 4)]],
        [np.array([0, 1]), none, np.array([0])],
        [np.array([False, True]), none, np.array([False])],
    )
    found = FoundMasks.gather(
        [[square(0, 0, 2), square(4, 4, 4)], [square(0, 0, 4)], []],
        [np.array([0, 0]), np.array([0]), none],
        [np.array([0.2, 0.7]), np.array([0.9]), none],
    )
    assert found.boxes.scores.tolist() == [0.7, 0.2, 0.9]
    assert [rle.area(runs) for runs in found.masks] == [16, 4, 16]
    assert truth.boxes.area.tolist() == [16, 36, 16]
    pairs = mask_overlaps(found, truth, 0.1)
    assert (pairs.found.tolist(), pairs.truth.tolist()) == ([0, 1], [1, 0])
    assert pairs.iou.tolist() == [1.0, 0.25]  # of a crowd the share of what was found
    assert len(mask_overlaps(found, truth, 0.3).iou) == 1


def test_pixels_that_nobody_judges_are_taken_out_and_masks_mostly_of_them_do_not_count() -> None:
    mask = np.zeros((6, 8), bool)
    mask[1:5, 2:6] = True
    left, half, most = (np.zeros((6, 8), bool) for _ in range(3))
    left[:, 2], half[:, 2:4], most[:, 2:5] = True, True, True
    away = np.zeros((6, 8), bool)
    away[0, 7] = True
    for hidden, judged in ((left, True), (half, True), (most, False)):
        (cut, other), kept = judged_parts([rle.from_mask(mask), rle.from_mask(away)], rle.from_mask(hidden))
        np.testing.assert_array_equal(rle.to_mask(cut), mask & ~hidden)
        np.testing.assert_array_equal(rle.to_mask(other), away)
        assert kept.tolist() == [judged, True]


def test_nothing_found_and_nothing_annotated() -> None:
    none = np.zeros(0, np.int64)
    found = FoundMasks.gather([[], []], [none, none], [none, none])
    truth = TruthMasks.gather([[], [ellipse((9, 9), (4, 4), (2, 2))]], [none, np.array([0])], [none, np.array([False])])
    (figures,) = mask_figures(found, truth, 2, 1)
    assert (figures.values["map"], figures.values["ar_100"], figures.values["map_large"]) == (0, 0, -1)
    assert mask_matches(found, truth, 2, 1).truths.shape == (10, 0)
    empty = TruthMasks.gather([[], []], [none, none], [none, none])
    assert mask_figures(found, empty, 2, 1)[0].values["map"] == -1


@pytest.mark.data
@pytest.mark.slow
def test_every_figure_equals_pycocotools_on_real_masks(shared: Path) -> None:
    from clearsight.data.open import open_data

    data = open_data(shared / "data" / "nuclei.zip")
    random = np.random.default_rng(0)
    truth, found = [], []
    for sample in list(data.samples("val"))[:25]:
        assert sample.masks is not None
        masks = list(sample.masks.runs())
        moved = [rle.from_mask(np.roll(rle.to_mask(runs), random.integers(-2, 3, 2), (0, 1))) for runs in masks]
        kinds = np.zeros(len(masks), np.int64)
        truth.append((masks, kinds, random.random(len(masks)) < 0.05))
        found.append((moved, kinds, random.random(len(masks)).astype(np.float32)))
    scene = MaskScene(truth, found, 1)
    assert max(len(masks) for masks, _, _ in truth) > 100
    figures = mask_figures(*scene.masks, scene.pictures, 1, (100, MANY))
    np.testing.assert_allclose(list(figures[0].values.values()), pycocotools_masks(scene).stats, atol=1e-6)
    np.testing.assert_allclose(figures[1].precision, pycocotools_masks(scene, MANY).eval["precision"], atol=1e-6)
