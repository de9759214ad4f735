"""Losses of detectors, against torchvision and by hand."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import complete_box_iou_loss, generalized_box_iou_loss

from clearsight.losses.detection import box_loss, distribution_focal, no_loss, quality_bce

FIRST = torch.tensor([[0.0, 0.0, 4.0, 4.0], [1.0, 1.0, 3.0, 6.0]])
SECOND = torch.tensor([[2.0, 0.0, 6.0, 4.0], [1.0, 2.0, 3.0, 6.0]])


def test_box_losses_are_those_of_torchvision() -> None:
    one = torch.ones(2)
    expected = complete_box_iou_loss(FIRST, SECOND, reduction="sum")
    torch.testing.assert_close(box_loss(FIRST, SECOND, one), expected, atol=1e-5, rtol=1e-4)
    expected = generalized_box_iou_loss(FIRST, SECOND, reduction="sum")
    torch.testing.assert_close(box_loss(FIRST, SECOND, one, "giou"), expected, atol=1e-5, rtol=1e-4)


def test_weights_count_boxes() -> None:
    assert box_loss(FIRST, SECOND, torch.tensor([1.0, 0.0]), "iou").item() == pytest.approx(1 - 1 / 3)


def test_the_distribution_is_cross_entropy_to_both_neighbours() -> None:
    logits = torch.randn(1, 4, 5, generator=torch.Generator().manual_seed(0))
    distance = torch.tensor([[0.25, 1.0, 2.5, 3.75]])
    expected = 0.0
    for side, value in enumerate(distance[0].tolist()):
        low = math.floor(value)
        for bin_, share in ((low, low + 1 - value), (low + 1, value - low)):
            expected += share * F.cross_entropy(logits[0, side][None], torch.tensor([bin_])).item() / 4
    found = distribution_focal(logits, distance, torch.tensor([2.0]))
    assert found.item() == pytest.approx(2 * expected, rel=1e-5)


def test_distances_beyond_the_last_bin_are_taken_for_the_last() -> None:
    logits = torch.full((1, 4, 4), -20.0)
    logits[..., 3] = 20.0
    assert distribution_focal(logits, torch.full((1, 4), 99.0), torch.ones(1)).item() < 0.5


def test_scores_learn_the_quality() -> None:
    logits, wanted = torch.tensor([[[0.0, 2.0], [-1.0, 0.0]]]), torch.tensor([[[0.5, 1.0], [0.0, 0.0]]])
    each = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(-1)
    torch.testing.assert_close(quality_bce(logits, wanted), each.sum())
    torch.testing.assert_close(quality_bce(logits, wanted, torch.tensor([[True, False]])), each[0, 0])


def test_no_loss_has_a_gradient_of_zero() -> None:
    value = torch.randn(3, requires_grad=True)
    loss = no_loss(value)
    loss.backward()
    assert loss == 0 and value.grad is not None and not value.grad.any()
