"""Boxes through affine maps, windows and frames: by hand, against points, and against torchvision."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms.v2 import functional as V
from torchvision.tv_tensors import BoundingBoxes

from clearsight.ops import affine
from clearsight.ops.box_geometry import compact, extents, place, through, within
from clearsight.ops.geometry import make_frame

BOX = torch.tensor([[[-3.0, 1.0, 5.0, 3.0]]])
ONE = torch.ones(1)


def test_moves_sizes_and_mirrors_by_hand() -> None:
    assert through(BOX, affine.matrix((ONE, 0.0, 2.0), (0.0, ONE, -1.0))).tolist() == [[[-1, 0, 7, 2]]]
    assert through(BOX, affine.stretch(2 * ONE, 0.5)).tolist() == [[[-6, 0.5, 10, 1.5]]]
    assert through(BOX, affine.mirror(ONE == 1)).tolist() == [[[-5, 1, 3, 3]]]
    assert through(BOX, affine.quarter(torch.tensor([1]))).tolist() == [[[-3, -3, -1, 5]]]


@settings(max_examples=80)
@given(
    angle=st.floats(-math.pi, math.pi), slant=st.floats(-1, 1), width=st.floats(1, 40), height=st.floats(1, 40),
    x=st.floats(-20, 20), y=st.floats(-20, 20), size=st.floats(0.3, 3),
)  # fmt: skip
def test_it_is_the_box_around_the_ellipse(
    angle: float, slant: float, width: float, height: float, x: float, y: float, size: float
) -> None:
    one = torch.tensor
    maps = affine.turn(one([angle])) @ affine.slant(one([slant])) @ affine.stretch(one([size]), size)
    maps = maps @ affine.matrix((ONE, 0.0, 3.0), (0.0, ONE, -2.0))
    round_ = torch.linspace(0, 2 * math.pi, 2001)
    points = torch.stack([x + width / 2 * round_.cos(), y + height / 2 * round_.sin(), torch.ones(2001)])
    moved = (maps[0] @ points)[:2]
    wanted = torch.cat([moved.amin(1), moved.amax(1)])
    box = one([[[x - width / 2, y - height / 2, x + width / 2, y + height / 2]]])
    torch.testing.assert_close(through(box, maps)[0, 0], wanted, atol=2e-3, rtol=1e-4)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("size", [0.5, 1.5])
def test_where_axes_stay_axes_it_is_torchvisions_box(turns: int, size: float) -> None:
    """torchvision turns clockwise about the middle of a canvas of 40×40, and takes the box around the corners."""
    boxes = torch.tensor([[4.0, 6.0, 20.0, 14.0], [10.0, 22.0, 15.0, 39.0]])
    given = BoundingBoxes(boxes, format="XYXY", canvas_size=(40, 40))  # type: ignore[call-arg]
    theirs = V.affine(given, 90.0 * turns, [3, -2], size, [0.0, 0.0])
    moved = affine.matrix((ONE, 0.0, 3.0), (0.0, ONE, -2.0)) @ affine.stretch(size * ONE, size)
    back = affine.quarter(torch.tensor([-turns]))  # leads from the turned picture to the given one
    ours = through((boxes - 20)[None], moved @ affine.inverse(back)) + 20
    torch.testing.assert_close(ours[0].clamp(0, 40), theirs.as_subclass(Tensor).clamp(0, 40), atol=1e-3, rtol=0)


def seen(box: list[float], window: list[float], crowd: bool = False) -> tuple[list[float], int]:
    boxes, labels = within(
        torch.tensor([[box]]), torch.tensor([[7]]), torch.tensor([[crowd]]), torch.tensor(window)[None, None]
    )
    return boxes[0, 0].tolist(), int(labels)


@pytest.mark.parametrize(
    ("box", "crowd", "cut", "kept"),
    [
        ([2.0, 2, 8, 8], False, [2, 2, 8, 8], True),
        ([-10.0, 2, 8, 8], False, [0, 2, 8, 8], True),  # 8 of 18
        ([-90.0, 2, 8, 8], False, [0, 2, 8, 8], False),  # 8 of 98
        ([-90.0, 2, 8, 8], True, [0, 2, 8, 8], True),  # a crowd
        ([-90.0, 2, 1, 8], True, [0, 2, 1, 8], False),  # a pixel of a crowd
        ([-2.0, 2, 1.5, 8], False, [0, 2, 1.5, 8], False),  # less than two pixels
        ([2.0, 2, 2.5, 3], False, [2, 2, 2.5, 3], True),  # whole, however small
        ([20.0, 2, 28, 8], False, [20, 2, 20, 8], False),  # outside
        ([-5.0, -5, 25, 15], False, [0, 0, 20, 10], True),  # all around
    ],
)
def test_through_a_window(box: list[float], crowd: bool, cut: list[float], kept: bool) -> None:
    assert seen(box, [0, 0, 20, 10], crowd) == (cut, 7 if kept else -1)


def test_compact_keeps_order_and_pads_to_the_largest_count() -> None:
    labels = torch.tensor([[-1, 4, -1, 5], [-1, -1, 6, -1], [-1, -1, -1, -1]])
    boxes = torch.arange(48.0).reshape(3, 4, 4)
    crowd = torch.ones(3, 4, dtype=torch.bool)
    made, names, crowds = compact(boxes, labels, crowd)
    assert names.tolist() == [[4, 5], [6, -1], [-1, -1]]
    assert torch.equal(made[0], boxes[0, [1, 3]]) and torch.equal(made[1, 0], boxes[1, 2])
    assert (made[1:, 1] == 0).all() and crowds.tolist() == [[True, True], [True, False], [False, False]]
    assert compact(boxes[2:], labels[2:], crowd[2:])[1].tolist() == [[-1]]  # one row at least


def test_a_frame_says_where_the_photograph_lies() -> None:
    values = (torch.tensor(v) for v in (2.0, 2.0, -10.0, 0.0, 300.0, 200.0))
    sx, sy, ox, oy, width, height = values
    frame = make_frame((sx, sy), (ox, oy), (width, height))
    assert place(frame).tolist() == [5, 0, 155, 100] and place(frame.expand(3, 6)).shape == (3, 4)


def test_extents_are_the_boxes_round_what_each_owns() -> None:
    owners = torch.full((2, 6, 9), -1, dtype=torch.int16)
    owners[0, 1:3, 2:5], owners[0, 4, 7], owners[0, 0, 8] = 0, 0, 2
    owners[1, :, :], owners[1, 5, 0] = 1, -2  # what nobody has judged is nobody's
    boxes, there = extents(owners, 3)
    assert there.tolist() == [[True, False, True], [False, True, False]]
    assert boxes[0, 0].tolist() == [2, 1, 8, 5] and boxes[0, 2].tolist() == [8, 0, 9, 1]
    assert boxes[1, 1].tolist() == [0, 0, 9, 6]
