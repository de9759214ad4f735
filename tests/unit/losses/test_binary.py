"""Losses of labels that each apply or do not, against torch, torchvision, and formulas worked by hand."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import sigmoid_focal_loss

from clearsight.losses.binary import asymmetric, binary_cross_entropy, one_vs_all, sigmoid_focal

DRAW = torch.Generator().manual_seed(0)
LOGITS = 2 * torch.randn(6, 4, generator=DRAW)
TARGET = (torch.rand(6, 4, generator=DRAW) < 0.4).float()
SOFT = torch.rand(6, 4, generator=DRAW)
WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 3.0])


@pytest.mark.parametrize("target", [TARGET, SOFT])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_bce_equals_torch(target: torch.Tensor, weights: torch.Tensor | None, smoothing: float) -> None:
    smooth = target * (1 - smoothing) + smoothing / 2
    expected = F.binary_cross_entropy_with_logits(LOGITS, smooth, pos_weight=weights)
    torch.testing.assert_close(binary_cross_entropy(LOGITS, target, smoothing, weights), expected)


@pytest.mark.parametrize("target", [TARGET, SOFT])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_equals_torchvision(target: torch.Tensor, gamma: float) -> None:
    expected = sigmoid_focal_loss(LOGITS, target, alpha=-1, gamma=gamma, reduction="mean")
    torch.testing.assert_close(sigmoid_focal(LOGITS, target, gamma), expected)


def test_asymmetric_by_the_papers_equation() -> None:
    expected = 0.0
    for z, y in zip(LOGITS.flatten().tolist(), TARGET.flatten().tolist(), strict=True):
        p = torch.tensor(z, dtype=torch.float64).sigmoid()
        shifted = max(float(p) - 0.05, 0.0)
        expected -= float((1 - p) ** 1 * p.log()) if y else shifted**4 * float(torch.log(torch.tensor(1 - shifted)))
    found = asymmetric(LOGITS, TARGET, gamma_positive=1.0)
    assert float(found) == pytest.approx(expected / TARGET.numel(), rel=1e-5)


def test_asymmetric_without_asymmetry_is_bce_and_easy_negatives_cost_nothing() -> None:
    plain = asymmetric(LOGITS, TARGET, gamma_negative=0.0, margin=0.0)
    torch.testing.assert_close(plain, binary_cross_entropy(LOGITS, TARGET), rtol=1e-4, atol=1e-6)
    easy = torch.full((1, 1), -4.0, requires_grad=True)  # a probability of 0.018, under the margin
    loss = asymmetric(easy, torch.zeros(1, 1))
    loss.backward()
    assert loss == 0 and easy.grad == 0


LOSSES = [binary_cross_entropy, sigmoid_focal, asymmetric]


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_unknown_is_left_out(loss) -> None:  # type: ignore[no-untyped-def]
    partly = TARGET.clone()
    partly[1:3] = torch.nan
    rest = torch.tensor([0, 3, 4, 5])
    torch.testing.assert_close(loss(LOGITS, partly), loss(LOGITS[rest], TARGET[rest]))
    logits = LOGITS.clone().requires_grad_(True)
    nothing = loss(logits, torch.full((6, 4), torch.nan), positive_weights=WEIGHTS)
    nothing.backward()
    assert nothing == 0 and logits.grad is not None and not logits.grad.any()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("size", [100.0, -100.0])
def test_extreme_logits_give_finite_losses_and_gradients(loss, size: float) -> None:  # type: ignore[no-untyped-def]
    logits = torch.full((1, 2), size, requires_grad=True)
    value = loss(logits, torch.tensor([[0.0, 1.0]]))
    value.backward()
    assert value.isfinite() and logits.grad is not None and logits.grad.isfinite().all()


def test_one_of_k_as_answers_of_yes_and_no() -> None:
    rows = one_vs_all(torch.tensor([2, -1, 0]), 3)
    assert rows[[0, 2]].tolist() == [[0, 0, 1], [1, 0, 0]] and rows[1].isnan().all()
    shares = one_vs_all(torch.tensor([[0.3, 0.7], [0.0, 0.0]]), 2)
    assert shares[0].tolist() == pytest.approx([0.3, 0.7]) and shares[1].isnan().all()
