"""The softmax form of focal loss: worked by hand, and cross-entropy where gamma is 0."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from clearsight.losses.cross_entropy import cross_entropy
from clearsight.losses.focal import focal

LOGITS = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
TARGET = torch.tensor([0, 1, 2, 3, 1, 0])
WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 1.5])


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_without_gamma_it_is_cross_entropy(weights: torch.Tensor | None, smoothing: float) -> None:
    shares = F.one_hot(TARGET, 4).float()
    for target in (TARGET, shares):
        expected = cross_entropy(LOGITS, shares, smoothing, weights)
        torch.testing.assert_close(focal(LOGITS, target, 0.0, smoothing, weights), expected)


def test_each_picture_weighs_by_its_doubt() -> None:
    p = LOGITS.softmax(1)[torch.arange(6), TARGET]
    torch.testing.assert_close(focal(LOGITS, TARGET, 2.0), (-((1 - p) ** 2) * p.log()).mean())
    weighted = (-((1 - p) ** 2) * p.log() * WEIGHTS[TARGET]).sum() / WEIGHTS[TARGET].sum()
    torch.testing.assert_close(focal(LOGITS, TARGET, 2.0, 0.0, WEIGHTS), weighted)


def test_unknown_targets_are_left_out() -> None:
    partly = torch.tensor([0, -1, 2, -1, 1, 0])
    torch.testing.assert_close(focal(LOGITS, partly), focal(LOGITS[partly >= 0], partly[partly >= 0]))
    logits = LOGITS.clone().requires_grad_(True)
    loss = focal(logits, torch.full((6,), -1), 2.0, 0.1, WEIGHTS)
    loss.backward()
    assert loss == 0 and logits.grad is not None and not logits.grad.any()


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_certainty_gives_finite_gradients(gamma: float) -> None:
    logits = torch.tensor([[100.0, -100.0]], requires_grad=True)
    focal(logits, torch.tensor([0]), gamma).backward()
    assert logits.grad is not None and logits.grad.isfinite().all()
