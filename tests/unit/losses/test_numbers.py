"""Losses of numbers against torch's own, and where some are unknown."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from clearsight.losses.numbers import absolute_error, huber, squared_error

DRAW = torch.Generator().manual_seed(0)
FOUND, WANTED = 2 * torch.randn(6, 3, generator=DRAW), torch.randn(6, 3, generator=DRAW)
PAIRS = [(squared_error, F.mse_loss), (absolute_error, F.l1_loss), (huber, F.huber_loss)]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_they_equal_torch(ours, theirs) -> None:  # type: ignore[no-untyped-def]
    torch.testing.assert_close(ours(FOUND, WANTED), theirs(FOUND, WANTED))


@pytest.mark.parametrize("ours", [ours for ours, _ in PAIRS])
def test_what_is_unknown_is_left_out(ours) -> None:  # type: ignore[no-untyped-def]
    partly = WANTED.clone()
    partly[0, 1] = partly[3] = torch.nan
    known = ~partly.isnan()
    torch.testing.assert_close(ours(FOUND, partly), ours(FOUND[known], WANTED[known]))
    found = FOUND.clone().requires_grad_(True)
    loss = ours(found, torch.full_like(WANTED, torch.nan))
    loss.backward()
    assert loss == 0 and found.grad is not None and not found.grad.any()
