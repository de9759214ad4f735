"""Losses by name and weights of classes, by hand."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from clearsight.core.errors import InputError
from clearsight.losses import named, weights

LOGITS = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
TARGET = torch.tensor([0, 2, 1, -1, 2])


def test_every_loss_of_one_label_takes_indices_and_shares_alike() -> None:
    shares = F.one_hot(TARGET.clamp(min=0), 3).float() * (TARGET >= 0)[:, None]
    for name in named.ONE_LABEL:
        loss = named.one_label(name, 0.0)
        torch.testing.assert_close(loss(LOGITS, TARGET, None), loss(LOGITS, shares, None))
    known = TARGET >= 0
    expected = F.binary_cross_entropy_with_logits(LOGITS[known], shares[known])
    torch.testing.assert_close(named.one_label("bce")(LOGITS, TARGET, None), expected)
    torch.testing.assert_close(
        named.one_label("cross_entropy")(LOGITS, TARGET, None), F.cross_entropy(LOGITS, TARGET, ignore_index=-1)
    )


def test_settings_reach_the_loss() -> None:
    smooth = F.cross_entropy(LOGITS, TARGET, ignore_index=-1, label_smoothing=0.2)
    torch.testing.assert_close(named.one_label("cross_entropy", 0.2)(LOGITS, TARGET, None), smooth)
    assert named.one_label("focal", gamma=0.0)(LOGITS, TARGET, None) > named.one_label("focal")(LOGITS, TARGET, None)
    answers = torch.ones(5, 3)
    assert named.several_labels("focal", gamma=0.0)(LOGITS, answers, None) > named.several_labels("focal")(
        LOGITS, answers, None
    )


@pytest.mark.parametrize(
    ("find", "wrong", "fitting"),
    [
        (named.one_label, "mse", "cross_entropy, focal, bce, asymmetric"),
        (named.several_labels, "cross_entropy", "bce, focal, asymmetric"),
        (named.number, "focal", "huber, mse, mae"),
    ],
)
def test_a_loss_that_does_not_fit_is_refused_with_those_that_do(find, wrong: str, fitting: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=f"^--loss {wrong} does not fit .*; there is {fitting}$"):
        find(wrong)


def test_weights_by_hand() -> None:
    counts = torch.tensor([8, 2, 0])
    assert weights.balanced(counts).tolist() == pytest.approx([10 / 24, 10 / 6, 10 / 3])
    assert weights.effective_number(torch.tensor([1, 2]), 0.9).tolist() == pytest.approx([1.0, 1.9])
    found = weights.effective(torch.tensor([1, 2]), 0.9)
    assert found.tolist() == pytest.approx([2 * 1.9 / 2.9, 2 / 2.9])
    assert weights.positive_balanced(torch.tensor([1, 5, 0]), 10).tolist() == pytest.approx([9, 1, 10])
    assert weights.positive_root(torch.tensor([1, 5, 0]), 10).tolist() == pytest.approx([3, 1, 10**0.5])
    assert weights.positive_effective(torch.tensor([1]), 3, 0.9).tolist() == pytest.approx([1.9])


def test_effective_weights_lie_between_even_and_balanced() -> None:
    counts = torch.tensor([10, 100_000])
    ratio = [float(w[0] / w[1]) for w in (weights.effective(counts), weights.balanced(counts))]
    assert 1 < ratio[0] < ratio[1]
