"""Task-aligned assignment, worked out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from clearsight.losses.assignment import Assignment, task_aligned

PLACES = torch.tensor([[2.0, 2.0], [6.0, 2.0], [10.0, 2.0], [14.0, 2.0]])


def assigned(
    boxes: list[list[float]],
    scores: list[list[float]],
    objects: list[list[float]],
    labels: list[int],
    crowd: list[bool] | None = None,
    reach: Tensor | None = None,
    per_object: int = 2,
) -> Assignment:
    return task_aligned(
        torch.tensor([scores]),
        torch.tensor([boxes]),
        PLACES,
        torch.tensor([objects]).reshape(1, -1, 4),
        torch.tensor([labels], dtype=torch.long).reshape(1, -1),
        torch.tensor([crowd or [False] * len(labels)], dtype=torch.bool).reshape(1, -1),
        per_object=per_object,
        reach=reach,
    )


def test_places_inside_whose_score_and_box_are_best_learn_the_object() -> None:
    whole, half, off = [0.0, 0.0, 8.0, 4.0], [0.0, 0.0, 4.0, 4.0], [8.0, 0.0, 12.0, 4.0]
    found = assigned([whole, half, off, off], [[0.25], [0.25], [0.9], [0.9]], [whole], [0])
    assert found.positive.tolist() == [[True, True, False, False]]  # the others lie outside of it
    # s^½ · u⁶: ½ · 1 and ½ · ½⁶; scaled so that the greatest is the greatest IoU, 1
    assert found.quality[0].tolist() == pytest.approx([1.0, 0.5**6, 0.0, 0.0], rel=1e-5)
    assert not found.ignored.any()


def test_only_so_many_places_learn_an_object() -> None:
    box = [0.0, 0.0, 16.0, 4.0]
    found = assigned([box] * 4, [[0.1], [0.4], [0.3], [0.2]], [box], [0])
    assert found.positive.tolist() == [[False, True, True, False]]


def test_a_place_that_two_objects_want_learns_the_one_it_overlaps_more() -> None:
    left, right = [0.0, 0.0, 12.0, 4.0], [4.0, 0.0, 16.0, 4.0]
    boxes = [left, left, right, right]
    found = assigned(boxes, [[0.5]] * 4, [left, right], [0, 0], per_object=4)
    assert found.positive.all()
    assert found.objects.tolist() == [[0, 0, 1, 1]]


def test_the_score_that_counts_is_that_of_the_objects_class() -> None:
    box = [0.0, 0.0, 8.0, 4.0]
    found = assigned([box] * 4, [[0.9, 0.1], [0.1, 0.9], [0.0, 0.0], [0.0, 0.0]], [box], [1], per_object=1)
    assert found.positive.tolist() == [[False, True, False, False]]


def test_padding_teaches_nothing() -> None:
    found = assigned([[0.0, 0.0, 8.0, 4.0]] * 4, [[0.9]] * 4, [[0.0, 0.0, 8.0, 4.0], [0.0, 0.0, 8.0, 4.0]], [-1, -1])
    assert not found.positive.any() and not found.quality.any() and not found.ignored.any()


def test_no_object_at_all() -> None:
    found = assigned([[0.0, 0.0, 8.0, 4.0]] * 4, [[0.9]] * 4, [[0.0] * 4], [-1])
    assert not found.positive.any()


def test_boxes_that_fit_nothing_yet_are_learnt_by_the_places_nearest_the_middle() -> None:
    far = [100.0, 100.0, 101.0, 101.0]
    found = assigned([far] * 4, [[0.01]] * 4, [[0.0, 0.0, 12.0, 4.0]], [0], per_object=1)
    assert found.positive.tolist() == [[False, True, False, False]]  # 6 is the middle
    assert found.quality.sum() == 0  # no score is to be learnt from a box that does not fit


def test_an_object_between_places_is_learnt_by_those_within_reach() -> None:
    small = [3.5, 1.5, 4.5, 2.5]
    none = assigned([small] * 4, [[0.5]] * 4, [small], [0])
    assert not none.positive.any()
    some = assigned([small] * 4, [[0.5]] * 4, [small], [0], reach=torch.full((4,), 2.0))
    assert some.positive.tolist() == [[True, True, False, False]]


def test_a_crowd_is_not_learnt_and_what_lies_in_it_is_ignored() -> None:
    crowd, single = [0.0, 0.0, 8.0, 4.0], [8.0, 0.0, 12.0, 4.0]
    boxes = [crowd, [5.0, 1.0, 7.0, 3.0], single, [12.0, 0.0, 16.0, 4.0]]
    found = assigned(boxes, [[0.5]] * 4, [crowd, single], [0, 0], crowd=[True, False])
    assert found.positive.tolist() == [[False, False, True, False]]
    assert found.ignored.tolist() == [[True, True, False, False]]
