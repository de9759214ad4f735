"""Whose each pixel is, and what a grid over a box sees of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from clearsight.ops.box_grids import covered, middles
from clearsight.ops.owners import NOBODY, UNJUDGED, owner_map, owners, smaller_in_front
from clearsight.ops.rle import Runs, from_mask


def rectangle(x1: int, y1: int, x2: int, y2: int) -> Runs:
    mask = np.zeros((6, 8), bool)
    mask[y1:y2, x1:x2] = True
    return from_mask(mask)


def test_of_masks_that_overlap_the_last_one_laid_down_owns_the_pixel() -> None:
    masks = [rectangle(0, 0, 4, 4), rectangle(2, 2, 6, 6), from_mask(np.zeros((6, 8), bool)), rectangle(7, 5, 8, 6)]
    expected = np.full((6, 8), NOBODY)
    expected[:4, :4], expected[2:, 2:6], expected[5, 7] = 0, 1, 3
    np.testing.assert_array_equal(owner_map(masks, 6, 8, range(4)), expected)
    expected[:4, :4], expected[5, 7] = 0, NOBODY
    np.testing.assert_array_equal(owner_map(masks, 6, 8, [1, 0]), expected)
    assert smaller_in_front(masks) == [0, 1, 3, 2]  # of one size in their order


def test_small_objects_lie_before_large_ones_and_some_are_left_out() -> None:
    large, small, crowd = rectangle(0, 0, 6, 6), rectangle(4, 2, 7, 4), rectangle(0, 0, 8, 2)
    found = owners([small, large, crowd], 6, 8, np.array([False, False, True]))
    expected = np.full((6, 8), NOBODY)
    expected[:, :6] = 1
    expected[2:4, 4:7] = 0
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.int16


def test_what_is_ignored_is_unjudged_where_it_is_no_object_s() -> None:
    found = owners([rectangle(0, 0, 4, 6)], 6, 8, ignored=rectangle(2, 0, 6, 6))
    assert (found[:, :4] == 0).all() and (found[:, 4:6] == UNJUDGED).all() and (found[:, 6:] == NOBODY).all()


def test_no_objects_and_masks_of_another_size() -> None:
    assert (owners([], 6, 8) == NOBODY).all()
    with pytest.raises(ValueError, match="8 x 6 pixels does not fit 8 x 7"):
        owners([rectangle(0, 0, 1, 1)], 7, 8)


def test_the_middles_of_a_grid_s_cells_by_hand() -> None:
    x, y = middles(torch.tensor([[10.0, 20.0, 18.0, 24.0]]), 4)
    assert x.tolist() == [[11.0, 13.0, 15.0, 17.0]] and y.tolist() == [[20.5, 21.5, 22.5, 23.5]]


def test_cells_are_covered_where_their_middles_are_the_object_s() -> None:
    owned = torch.full((2, 6, 8), NOBODY, dtype=torch.int32)
    owned[1, 2:4, 2:6] = 5
    owned[1, 4:, :] = UNJUDGED
    boxes = torch.tensor([[2.0, 2.0, 6.0, 4.0], [0.0, 0.0, 8.0, 6.0], [6.0, 0.0, 10.0, 4.0]])
    pictures, objects = torch.tensor([1, 1, 1]), torch.tensor([5, 5, 5])
    wanted, judged = covered(owned, pictures, boxes, objects, 2)
    assert wanted[0].all() and judged[0].all()
    assert wanted[1].tolist() == [[False, False], [False, False]]  # middles at (2, 1.5), (6, 4.5): outside
    assert judged[1].tolist() == [[True, True], [False, False]]
    assert not wanted[2].any() and judged[2].all()  # beyond the picture nothing is covered, and that is known
