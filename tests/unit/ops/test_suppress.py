"""Repeated boxes taken away for a whole batch."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.ops import batched_nms

from clearsight.ops import suppress
from clearsight.ops.suppress import survivors

SHAPE = (60, 80)


def drawn(seed: int, pictures: int, count: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(pictures, count, 2, 2, generator=generator) * torch.tensor([80.0, 60.0])
    boxes = torch.cat([corners.amin(2), corners.amax(2)], -1)
    return boxes, torch.rand(pictures, count, generator=generator)


@given(st.integers(0, 2**31), st.integers(1, 4), st.lists(st.integers(1, 12), min_size=1, max_size=3))
def test_they_are_those_of_torchvision_picture_by_picture(seed: int, pictures: int, counts: list[int]) -> None:
    boxes, scores = drawn(seed, pictures, sum(counts))
    groups = torch.cat([torch.full((count,), i) for i, count in enumerate(counts)])
    found = survivors(boxes, scores, counts, 0.4, SHAPE)
    for row in range(pictures):
        kept = batched_nms(boxes[row], scores[row], groups, 0.4)
        assert found[row].nonzero()[:, 0].tolist() == sorted(kept.tolist())


def test_all_pictures_at_once_as_in_an_exported_graph_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes, scores = drawn(7, 5, 60)
    one_by_one = survivors(boxes, scores, [20, 40], 0.4, SHAPE)
    monkeypatch.setattr(suppress.torch.compiler, "is_exporting", lambda: True)
    assert torch.equal(survivors(boxes, scores, [20, 40], 0.4, SHAPE), one_by_one)
    assert 0 < one_by_one.sum() < one_by_one.numel()


def test_by_hand() -> None:
    boxes = torch.tensor([[[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [0, 0, 10, 10]]])
    scores = torch.tensor([[0.5, 0.9, 0.1, 0.2]])
    assert survivors(boxes, scores, [4], 0.5, SHAPE).tolist() == [[False, True, True, False]]
    assert survivors(boxes, scores, [3, 1], 0.5, SHAPE).tolist() == [[False, True, True, True]]
