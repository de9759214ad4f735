"""Losses of masks on grids, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from clearsight.losses.masks import mask_bce, mask_dice

WANTED = torch.tensor([[[1.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]])
ALL = torch.ones(2, 2, 2, dtype=torch.bool)


def test_cross_entropy_is_the_mean_over_the_cells_judged() -> None:
    logits = torch.zeros(2, 2, 2)
    assert mask_bce(logits, WANTED, ALL).tolist() == pytest.approx([math.log(2)] * 2)
    logits[0, 0, 1] = 100.0  # surely wrong, but nobody judges it
    judged = ALL.clone()
    judged[0, 0, 1] = False
    assert mask_bce(logits, WANTED, judged).tolist() == pytest.approx([math.log(2)] * 2)
    assert mask_bce(logits, WANTED, ALL)[0].item() == pytest.approx((3 * math.log(2) + 100) / 4)
    assert mask_bce(logits, WANTED, torch.zeros_like(ALL)).tolist() == [0, 0]


def test_dice_by_hand() -> None:
    halves = torch.zeros(2, 2, 2)
    # four cells of a half: shared 1 and 0.5, squares 1 each, wanted 2 and 1
    assert mask_dice(halves, WANTED, ALL).tolist() == pytest.approx([1 - 3 / 4, 1 - 2 / 3])
    sure = (WANTED * 2 - 1) * 50
    assert mask_dice(sure, WANTED, ALL).tolist() == pytest.approx([0, 0], abs=1e-6)
    assert mask_dice(-sure, WANTED, ALL).tolist() == pytest.approx([1 - 1 / 5, 1 - 1 / 5])


def test_what_nobody_judges_has_no_gradient() -> None:
    logits = torch.randn(2, 2, 2, generator=torch.Generator().manual_seed(0)).requires_grad_()
    judged = ALL.clone()
    judged[1, 0] = False
    (mask_bce(logits, WANTED, judged) + mask_dice(logits, WANTED, judged)).sum().backward()
    assert logits.grad is not None
    assert not logits.grad[1, 0].any() and logits.grad[1, 1].all() and logits.grad[0].all()
