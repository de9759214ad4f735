"""Thresholds and confusions against trying every threshold and hand-worked pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from clearsight.metrics.matching import match
from clearsight.metrics.operating_point import best_thresholds, decide
from tests.unit.metrics.scenes import Scene, scenes
from tests.unit.metrics.test_detection import gathered


@settings(max_examples=25)
@given(scenes)
def test_no_threshold_has_a_larger_f1(scene: Scene) -> None:
    matches = match(*scene.boxes, scene.pictures, scene.classes)
    best = decide(matches, best_thresholds(matches)).ratios.f1
    for threshold in np.append(np.unique(matches.found.scores), 2.0):
        other = decide(matches, np.full(scene.classes, threshold)).ratios.f1
        assert (best >= other - 1e-12).all()


@settings(max_examples=25)
@given(scenes)
def test_every_shown_and_every_annotated_box_is_counted_once(scene: Scene) -> None:
    matches = match(*scene.boxes, scene.pictures, scene.classes)
    decided = decide(matches, np.full(scene.classes, 0.4))
    confusion = decided.confusion
    assert confusion.shape == (scene.classes + 1,) * 2
    np.testing.assert_array_equal(confusion[:-1].sum(axis=1), matches.support)
    shown = np.bincount(matches.found.classes[decided.shown], minlength=scene.classes)
    np.testing.assert_array_equal(confusion[:, :-1].sum(axis=0), shown)
    right = (matches.hits[0] & decided.shown).sum()
    assert np.trace(confusion) == right
    assert confusion[-1, -1] == 0
    np.testing.assert_allclose(decided.ratios.recall * matches.support, np.diagonal(confusion)[:-1], atol=1e-9)


def test_a_confusion_by_hand() -> None:
    found, truth = gathered(
        [([[0, 0, 40, 40], [100, 0, 140, 40], [200, 0, 240, 40]], [0, 1, 1])],
        [
            (
                [[0, 0, 40, 38], [100, 0, 140, 38], [100, 0, 140, 40], [200, 0, 240, 15], [0, 0, 40, 40]],
                [0, 0, 0, 1, 1],
                [0.9, 0.6, 0.8, 0.7, 0.2],
            )
        ],
    )
    decided = decide(match(found, truth, 1, 2), np.array([0.5, 0.5]))
    # right; the surer of two boxes of class 0 on a 1, the other on nothing; one of class 1 that fits too loosely
    assert decided.confusion.tolist() == [[1, 0, 0], [1, 0, 1], [1, 1, 0]]
    assert decided.missed.tolist() == [False, False, True]
    assert decided.ratios.precision.tolist() == [pytest.approx(1 / 3), 0]
    assert decided.ratios.recall.tolist() == [1, 0]


def test_a_threshold_lies_between_what_it_parts() -> None:
    box = [0.0, 0.0, 40.0, 40.0]
    found, truth = gathered(
        [([box], [0]), ([box], [0]), ([], [])],
        [([box], [0], [0.9]), ([box], [0], [0.6]), ([box, box], [0, 1], [0.5, 0.3])],
    )
    matches = match(found, truth, 3, 2)
    assert best_thresholds(matches).tolist() == [pytest.approx(0.55), 0.5]
