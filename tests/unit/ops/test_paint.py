"""Masks of objects as one map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearsight.ops.paint import paint
from clearsight.ops.rle import Runs, from_mask

VOID = 255


def square(top: int, left: int, side: int, height: int = 6, width: int = 8) -> Runs:
    mask = np.zeros((height, width), bool)
    mask[top : top + side, left : left + side] = True
    return from_mask(mask)


def test_a_small_object_on_a_large_one_stays_to_be_seen() -> None:
    for order in ([0, 1], [1, 0]):
        runs, classes = [square(1, 1, 4), square(2, 2, 2)], [1, 2]
        found = paint([runs[i] for i in order], [classes[i] for i in order], 6, 8, background=0)
        assert found.dtype == np.uint8
        assert found.tolist() == [
            [0, 0, 0, 0, 0, 0, 0, 0],
            [0, 1, 1, 1, 1, 0, 0, 0],
            [0, 1, 2, 2, 1, 0, 0, 0],
            [0, 1, 2, 2, 1, 0, 0, 0],
            [0, 1, 1, 1, 1, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 0],
        ]


def test_a_crowd_hides_no_object_however_small_the_crowd() -> None:
    found = paint([square(1, 1, 4), square(2, 2, 2)], [1, VOID], 6, 8, background=0)
    assert (found == 1).sum() == 16
    found = paint([square(1, 1, 4), square(2, 2, 2)], [VOID, 1], 6, 8, background=0)
    assert ((found == 1).sum(), (found == VOID).sum()) == (4, 12)


def test_ignored_pixels_are_void_in_the_end() -> None:
    found = paint([square(1, 1, 4)], [1], 6, 8, background=0, ignored=square(0, 0, 2))
    assert ((found == 1).sum(), (found == VOID).sum()) == (15, 4)


def test_nothing_is_the_background() -> None:
    assert (paint([], [], 2, 3, background=4) == np.full((2, 3), 4)).all()


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="8 x 6 pixels does not fit 6 x 8"):
        paint([square(0, 0, 1)], [1], 8, 6, background=0)


@given(st.integers(0, 2**32 - 1))
def test_any_masks_are_painted_as_pixel_by_pixel(seed: int) -> None:
    draw = np.random.default_rng(seed)
    masks = draw.random((draw.integers(0, 5), 5, 7)) < draw.random()
    wanted = np.full((5, 7), 9, np.uint8)
    for number in np.argsort(-masks.sum((1, 2)), kind="stable"):
        wanted[masks[number]] = number
    found = paint([from_mask(mask) for mask in masks], list(range(len(masks))), 5, 7, background=9)
    assert (found == wanted).all()
