"""Which candidates become answers: against torchvision's suppression, one picture at a time and all at once."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import batched_nms

from clearsight.tasks.objects.selection import Selection, taken

SHAPE = (64, 96)


def candidates(seed: int, count: int = 50, pictures: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    low = torch.rand(pictures, count, 2, generator=draw) * torch.tensor([80.0, 50.0])
    boxes = torch.cat([low, low + 3 + 20 * torch.rand(pictures, count, 2, generator=draw)], -1)
    boxes = torch.minimum(boxes, torch.tensor([96.0, 64, 96, 64]))
    scores = torch.rand(pictures, count, generator=draw).sort(1, descending=True).values
    return boxes, scores, torch.randint(0, 3, (pictures, count), generator=draw)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([5, 20, 80]))
def test_it_is_torchvision_s_suppression_class_by_class(seed: int, keep: int) -> None:
    boxes, scores, classes = candidates(seed)
    rows, kept, labels = Selection(SHAPE, keep, 0.2, 0.4, 0.0)(boxes, scores, classes)
    assert rows.shape == kept.shape == labels.shape == (3, keep)
    for picture in range(3):
        expected = batched_nms(boxes[picture], scores[picture], classes[picture], 0.4)
        expected = expected[scores[picture, expected] >= 0.2][:keep]
        there = labels[picture] >= 0
        assert there.sum() == len(expected) and there[: len(expected)].all()
        assert torch.equal(rows[picture, there], expected)
        assert torch.equal(kept[picture, there], scores[picture, expected])
        assert torch.equal(labels[picture, there], classes[picture, expected])
        assert not kept[picture, ~there].any()


@pytest.mark.parametrize("soft", [0.0, 0.5])
def test_a_batch_is_its_pictures_and_an_export_sees_the_same(soft: float, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes, scores, classes = candidates(1)
    selection = Selection(SHAPE, 30, 0.01, 0.5, soft)
    together = selection(boxes, scores, classes)
    for picture in range(3):
        part = slice(picture, picture + 1)
        for one, all_ in zip(selection(boxes[part], scores[part], classes[part]), together, strict=True):
            torch.testing.assert_close(one[0], all_[picture])
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    for here, exported in zip(together, selection(boxes, scores, classes), strict=True):
        torch.testing.assert_close(here, exported)


def test_rows_beyond_the_candidates_are_padding() -> None:
    boxes, scores, classes = candidates(2, count=4)
    rows, kept, labels = Selection(SHAPE, 10, 0.0, 1.0, 0.0)(boxes, scores, classes)
    assert (labels[:, :4] >= 0).all() and (labels[:, 4:] == -1).all() and not kept[:, 4:].any()
    assert taken(boxes, rows).shape == (3, 10, 4)
    assert torch.equal(taken(boxes, rows)[:, :4], boxes)


def test_gradients_reach_the_scores() -> None:
    boxes, scores, classes = candidates(3)
    scores.requires_grad_()
    _, kept, _ = Selection(SHAPE, 5, 0.0, 0.5, 0.0)(boxes, scores, classes)
    kept[0, 0].backward()
    assert scores.grad is not None and scores.grad[0, 0] == 1 and scores.grad.sum() == 1
