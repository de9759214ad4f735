"""Boxes against torchvision's operators and against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision import ops

from clearsight.ops.boxes import Overlap, area, centres, clip, corners, from_corners, intersection, iou_matrix, overlap


def boxes(count: int, seed: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    low = torch.rand(count, 2, generator=draw) * 50
    return torch.cat([low, low + 1 + 30 * torch.rand(count, 2, generator=draw)], 1)


def test_area_and_middle_by_hand() -> None:
    found = torch.tensor([[1.0, 2.0, 4.0, 8.0], [5.0, 5.0, 3.0, 9.0]])
    assert area(found).tolist() == [18.0, 0.0]  # turned inside out: no area
    assert centres(found).tolist() == [[2.5, 5.0], [4.0, 7.0]]


@given(st.integers(0, 10_000))
def test_iou_is_that_of_torchvision(seed: int) -> None:
    first, second = boxes(5, seed), boxes(7, seed + 1)
    torch.testing.assert_close(iou_matrix(first, second), ops.box_iou(first, second))


@given(st.integers(0, 10_000))
def test_overlaps_are_those_of_torchvision(seed: int) -> None:
    first, second = boxes(6, seed), boxes(6, seed + 1)
    kinds: list[tuple[Overlap, torch.Tensor]] = [
        ("giou", ops.generalized_box_iou(first, second).diag()),
        ("diou", ops.distance_box_iou(first, second).diag()),
        ("ciou", ops.complete_box_iou(first, second).diag()),
        ("iou", ops.box_iou(first, second).diag()),
    ]
    for kind, expected in kinds:
        torch.testing.assert_close(overlap(first, second, kind), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["iou", "giou", "diou", "ciou"])
def test_a_box_agrees_wholly_with_itself_and_has_a_finite_gradient(kind: Overlap) -> None:
    found = boxes(4, 0).requires_grad_()
    value = overlap(found, found.detach(), kind)
    torch.testing.assert_close(value, torch.ones(4))
    value.sum().backward()
    assert found.grad is not None and found.grad.isfinite().all()


def test_an_empty_box_overlaps_nothing() -> None:
    empty, whole = torch.zeros(1, 4), torch.tensor([[0.0, 0.0, 5.0, 5.0]])
    assert iou_matrix(empty, empty).item() == 0
    assert iou_matrix(empty, whole).item() == 0
    assert intersection(empty, whole).item() == 0


def test_clipping_by_numbers_and_by_tensors() -> None:
    found = torch.tensor([[[-3.0, 2.0, 14.0, 30.0], [4.0, 5.0, 6.0, 7.0]]])
    expected = [[[0.0, 2.0, 10.0, 20.0], [4.0, 5.0, 6.0, 7.0]]]
    assert clip(found, 10.0, 20.0).tolist() == expected
    limits = torch.full((1, 2), 10.0), torch.full((1, 2), 20.0)
    assert clip(found, *limits).tolist() == expected
    torch.testing.assert_close(clip(found[0], 10.0, 20.0), ops.clip_boxes_to_image(found[0], (20, 10)))


def test_corners_there_and_back() -> None:
    found = boxes(3, 2)[None]
    assert corners(found).shape == (1, 6, 2)
    np.testing.assert_array_equal(corners(found)[0, :2].numpy(), found[0, 0].reshape(2, 2).numpy())
    assert torch.equal(from_corners(corners(found)), found)
