"""AP of resampled pictures against COCO's AP of the very pictures drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.metrics import average_precision as module
from clearsight.metrics.average_precision import average_precision, interpolated, mean_over_classes
from clearsight.metrics.detection import coco_figures
from clearsight.metrics.matching import match
from tests.unit.metrics.scenes import Scene, pycocotools, random_scene, scenes


def coco(scene: Scene) -> np.ndarray:
    """AP (K, T), NaN where there is no truth."""
    figures = coco_figures(*scene.boxes, scene.pictures, scene.classes)
    found = np.stack([figures.ap_at(place) for place in range(10)], axis=1)
    return np.where(found < 0, np.nan, found)


@settings(max_examples=30)
@given(scenes)
def test_every_picture_once_is_cocos_ap(scene: Scene) -> None:
    found = average_precision(match(*scene.boxes, scene.pictures, scene.classes))[0]
    np.testing.assert_allclose(found, coco(scene), atol=1e-9)
    expected = pycocotools(scene).stats[:3]
    mean = mean_over_classes(found[None])[0]
    np.testing.assert_allclose(np.nan_to_num([mean.mean(), mean[0], mean[5]], nan=-1.0), expected, atol=1e-6)


@settings(max_examples=30)
@given(scenes, st.integers(0, 2**32 - 1))
def test_a_picture_that_counts_twice_is_two_pictures(scene: Scene, seed: int) -> None:
    matches = match(*scene.boxes, scene.pictures, scene.classes)
    counts = np.random.default_rng(seed).multinomial(scene.pictures, np.full(scene.pictures, 1 / scene.pictures), 4)
    found = average_precision(matches, counts)
    for row, times in zip(found, counts, strict=True):
        drawn = np.repeat(np.arange(scene.pictures), times).tolist()
        scores = np.concatenate([scores for _, _, scores in scene.found])
        if len(np.unique(scores)) == len(scores):  # else COCO's figure depends on the order of the pictures
            np.testing.assert_allclose(row, coco(scene.picked(drawn)), atol=1e-9)


def test_resamples_are_the_same_however_many_are_worked_on_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = random_scene(5, pictures=20)
    matches = match(*scene.boxes, 20, scene.classes)
    counts = np.random.default_rng(0).multinomial(20, np.full(20, 1 / 20), size=9)
    whole = average_precision(matches, counts)
    monkeypatch.setattr(module, "CELLS", 50)
    np.testing.assert_allclose(average_precision(matches, counts), whole, atol=1e-12)


def test_by_hand() -> None:
    # right, wrong, right of three: precision 1 up to a recall of 1/3 (34 of 101 recalls), 2/3 up to 2/3 (33 more), then 0
    assert interpolated(np.array([True, False, True]), 3) == pytest.approx((34 + 33 * 2 / 3) / 101)
    assert interpolated(np.array([True]), 1) == pytest.approx(1)
    assert interpolated(np.array([False, False]), 2) == 0
    assert interpolated(np.zeros(0, bool), 2) == 0


def test_classes_that_are_not_there_are_left_out_of_the_mean() -> None:
    values = np.array([[[0.5], [np.nan], [1.0]], [[np.nan]] * 3])
    np.testing.assert_array_equal(mean_over_classes(values), [[0.75], [np.nan]])
