"""Kinds of error against hotcoco's, which follow the authors' tool, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings

from clearsight.metrics.error_kinds import KINDS, Kind, closest, error_kinds
from clearsight.metrics.matching import match
from tests.unit.metrics.scenes import Scene, scenes
from tests.unit.metrics.test_detection import gathered

THEIRS = dict(zip(KINDS, ("Loc", "Cls", "Dupe", "Bkg", "Both", "Miss"), strict=True))


@settings(max_examples=40)
@given(scenes)
def test_kinds_and_costs_are_those_of_tide(scene: Scene) -> None:
    import hotcoco

    found, truth = Scene([(b, k, np.zeros(len(k), bool)) for b, k, _ in scene.truth], scene.found, scene.classes).boxes
    assume(len(np.unique(found.scores)) == len(found.scores))  # of equal scores theirs takes another order
    images = [{"id": place + 1} for place in range(scene.pictures)]
    kinds = [{"id": place + 1, "name": str(place)} for place in range(scene.classes)]
    known = hotcoco.COCO.from_arrays(images, kinds, truth.picture + 1, truth.classes + 1, truth.boxes)
    rows = np.column_stack([found.picture + 1, found.boxes, found.scores, found.classes + 1])
    judge = hotcoco.COCOeval(known, known.load_res(rows), "bbox")
    judge.evaluate()
    expected = judge.tide_errors()
    errors = error_kinds(match(found, truth, scene.pictures, scene.classes))
    assert errors.counts == {kind: expected["counts"][name] for kind, name in THEIRS.items()}
    asked = np.bincount(truth.classes, minlength=scene.classes)
    still_asked = asked - np.bincount(truth.classes[errors.missed], minlength=scene.classes)
    for kind, name in THEIRS.items():
        if kind == "missed" and (still_asked == 0)[asked > 0].any():
            assert errors.costs[kind] >= expected["delta_ap"][name] - 1e-9  # theirs counts such a class with an AP of 0
        else:
            assert errors.costs[kind] == pytest.approx(expected["delta_ap"][name], abs=1e-6)


@settings(max_examples=40)
@given(scenes)
def test_what_is_ignored_is_no_error(scene: Scene) -> None:
    matches = match(*scene.boxes, scene.pictures, scene.classes)
    errors = error_kinds(matches)
    assert not errors.missed[matches.truth.ignored].any()
    assert (errors.kind[matches.ignored[0] | matches.hits[0]] == -1).all()
    assert (errors.kind[~matches.ignored[0] & ~matches.hits[0]] >= 0).all()
    assert not matches.truth.ignored[errors.meant[errors.meant >= 0]].any()


def test_each_kind_by_hand() -> None:
    truth = [[0, 0, 100, 100], [200, 0, 300, 100], [0, 200, 100, 300], [500, 0, 600, 100]]
    found = {
        "right": ([0, 0, 100, 100], 0, 0.9),
        "duplicate": ([0, 0, 100, 90], 0, 0.8),
        "localisation": ([0, 200, 100, 240], 0, 0.7),
        "classification": ([200, 0, 300, 95], 0, 0.6),
        "both": ([200, 0, 300, 30], 0, 0.5),
        "background": ([400, 400, 450, 450], 0, 0.4),
    }
    boxes, classes, scores = (list(column) for column in zip(*found.values(), strict=True))
    matches = match(*gathered([(truth, [0, 1, 0, 1])], [(boxes, classes, scores)]), 1, 2)
    errors = error_kinds(matches)
    assert [Kind(kind).name.lower() for kind in errors.kind] == list(found)
    assert errors.meant.tolist() == [-1, 0, 2, 1, 1, -1]
    assert errors.missed.tolist() == [False, False, False, True]
    assert errors.counts == dict.fromkeys(KINDS, 1)
    # AP50 of class 0 is 51 of 101 recalls at precision 1, of class 1 it is 0. Put right, the loose box is the third of class 0:
    # 50 more recalls at 2/3. The box of the wrong class, put right, finds one of the two of class 1.
    assert errors.costs["localisation"] == pytest.approx(50 / 101 * 2 / 3 / 2)
    assert errors.costs["classification"] == pytest.approx(51 / 101 / 2)
    assert errors.costs["duplicate"] == pytest.approx(0)
    # With one box of class 1 fewer to be found nothing changes for it: none is found.
    assert errors.costs["missed"] == pytest.approx(0)


def test_the_closest_of_equal_ones_is_the_first() -> None:
    found, truth = gathered([([[0, 0, 10, 10], [0, 0, 10, 10]], [0, 0])], [([[0, 0, 10, 10]], [0], [0.5])])
    largest, which = closest(match(found, truth, 1, 1).pairs, 1)
    assert (largest.tolist(), which.tolist()) == ([1.0], [0])
