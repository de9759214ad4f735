"""Against torch's own, and where nothing is known."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from clearsight.losses.cross_entropy import cross_entropy

LOGITS = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
TARGET = torch.tensor([0, 1, 2, 3, 1, 0])
WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 1.5])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_indices_and_shares_equal_torch(smoothing: float, weights: torch.Tensor | None) -> None:
    expected = F.cross_entropy(LOGITS, TARGET, weight=weights, label_smoothing=smoothing)
    torch.testing.assert_close(cross_entropy(LOGITS, TARGET, smoothing, weights), expected)
    if weights is None or not smoothing:
        shares = F.one_hot(TARGET, 4).float()
        torch.testing.assert_close(cross_entropy(LOGITS, shares, smoothing, weights), expected)


def test_unknown_targets_are_left_out() -> None:
    partly = torch.tensor([0, -1, 2, -1, 1, 0])
    expected = F.cross_entropy(LOGITS[partly >= 0], partly[partly >= 0])
    torch.testing.assert_close(cross_entropy(LOGITS, partly), expected)
    shares = F.one_hot(partly.clamp(min=0), 4).float() * (partly >= 0)[:, None]
    torch.testing.assert_close(cross_entropy(LOGITS, shares), expected)


@pytest.mark.parametrize("target", [torch.full((6,), -1), torch.zeros(6, 4)])
def test_nothing_known_gives_zero_with_a_gradient(target: torch.Tensor) -> None:
    logits = LOGITS.clone().requires_grad_(True)
    loss = cross_entropy(logits, target, 0.1, WEIGHTS)
    loss.backward()
    assert loss == 0 and logits.grad is not None and not logits.grad.any()
