"""Losses of class masks by hand, against torch, and against the reference library where it has the same one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.sample import VOID
from clearsight.losses import pixels, regions
from clearsight.losses.segmentation import TERMS, parse, segmentation_loss
from clearsight.losses.weights import inverse_root, median_frequency

ALL = (*TERMS, "ce+0.5*dice+lovasz")


def scene(seed: int = 0, classes: int = 4, void: float = 0.2) -> tuple[Tensor, Tensor]:
    """Logits (2, K, 9, 11) and a mask uint8 (2, 9, 11), of which a part is not known and the last class does not occur."""
    random = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, classes, 9, 11, generator=random)
    mask = torch.randint(0, classes - 1, (2, 9, 11), generator=random).to(torch.uint8)
    mask[torch.rand(2, 9, 11, generator=random) < void] = VOID
    return logits, mask


def known(logits: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """What the terms take: log-probabilities and the mask."""
    return logits.log_softmax(1), mask


@pytest.mark.parametrize("name", ALL)
def test_pixels_that_nobody_knows_do_not_matter(name: str) -> None:
    logits, mask = scene()
    other = torch.where((mask == VOID)[:, None], torch.randn(logits.shape) * 5, logits)
    loss = segmentation_loss(name, torch.tensor([1.0, 2.0, 0.5, 1.0]))
    torch.testing.assert_close(loss(logits, mask), loss(other, mask))
    logits.requires_grad_()
    (gradient,) = torch.autograd.grad(loss(logits, mask), logits)
    assert (gradient.movedim(1, -1)[mask == VOID] == 0).all()
    assert (gradient.movedim(1, -1)[mask != VOID] != 0).any()


@pytest.mark.parametrize("name", ALL)
def test_where_nothing_is_known_the_loss_is_zero_with_a_gradient(name: str) -> None:
    logits = torch.randn(2, 3, 4, 5, requires_grad=True)
    loss = segmentation_loss(name, smoothing=0.1)(logits, torch.full((2, 4, 5), VOID, dtype=torch.uint8))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss == 0
    assert (gradient == 0).all()


@pytest.mark.parametrize("name", ALL)
def test_what_is_right_and_sure_costs_less_than_what_is_wrong(name: str) -> None:
    _, mask = scene(void=0.0)
    right = F.one_hot(mask.long(), 4).movedim(-1, 1) * 30.0
    loss = segmentation_loss(name)
    assert 0 <= float(loss(right, mask)) < 1e-4 < 0.5 < float(loss(right.roll(1, 1), mask))


def test_cross_entropy_is_that_of_torch() -> None:
    logits, mask = scene()
    weights = torch.tensor([1.0, 2.0, 0.5, 3.0])
    settings = {"weight": weights, "ignore_index": VOID, "label_smoothing": 0.1}
    expected = F.cross_entropy(logits, mask.long(), **settings)
    torch.testing.assert_close(pixels.cross_entropy(*known(logits, mask), 0.1, weights), expected)
    torch.testing.assert_close(segmentation_loss("ce", weights, 0.1)(logits, mask), expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_focal_without_gamma_is_cross_entropy_and_by_hand_with_it(smoothing: float) -> None:
    logits, mask = scene()
    weights = torch.tensor([1.0, 2.0, 0.5, 3.0])
    torch.testing.assert_close(
        pixels.focal(*known(logits, mask), 0.0, smoothing, weights),
        pixels.cross_entropy(*known(logits, mask), smoothing, weights),
    )
    torch.testing.assert_close(
        pixels.focal(*known(logits, mask), 0.0, smoothing), pixels.cross_entropy(*known(logits, mask), smoothing)
    )
    even = torch.tensor([[0.75, 0.25]]).log()[:, :, None, None]  # p = 3/4 and 1/4
    expected = 0.25**2 * -math.log(0.75)
    if smoothing:
        expected = 0.9 * expected + 0.1 * 0.75**2 * -math.log(0.25)
    found = pixels.focal(*known(even, torch.zeros(1, 1, 1, dtype=torch.long)), 2.0, smoothing)
    assert float(found) == pytest.approx(expected)


def probabilities(*truth: float) -> tuple[Tensor, Tensor]:
    """Logits (1, 2, 1, P) of pixels of class 0 whose truth has these probabilities, and their mask."""
    p = torch.tensor(truth)
    return torch.stack([p, 1 - p]).log()[None, :, None], torch.zeros(1, 1, len(truth), dtype=torch.uint8)


def test_hard_pixels_are_those_under_the_bar_and_never_fewer_than_asked_for() -> None:
    logits, mask = probabilities(0.9, 0.6, 0.5, 0.95, 0.8)
    assert float(pixels.hard_examples(*known(logits, mask))) == pytest.approx(-np.log([0.6, 0.5]).mean())
    assert float(pixels.hard_examples(*known(logits, mask), least=0.5)) == pytest.approx(
        -np.log([0.8, 0.6, 0.5]).mean()
    )
    assert float(pixels.hard_examples(*known(logits, mask), sure=0.1, least=0.1)) == pytest.approx(-math.log(0.5))
    mask[0, 0, 2] = VOID
    assert float(pixels.hard_examples(*known(logits, mask))) == pytest.approx(-math.log(0.6))
    everything = pixels.hard_examples(*known(*scene()), least=1.0)
    torch.testing.assert_close(everything, pixels.cross_entropy(*known(*scene())))


def test_hard_pixels_are_chosen_whatever_their_class_counts() -> None:
    logits, mask = probabilities(0.6, 0.9)
    logits, mask = torch.cat([logits, logits.flip(1)], 3), torch.cat([mask, 1 - mask], 2)
    weights = torch.tensor([1.0, 3.0])
    assert float(pixels.hard_examples(*known(logits, mask), weights=weights)) == pytest.approx(-math.log(0.6))


def test_weights_at_borders_by_hand() -> None:
    mask = torch.zeros(1, 7, 40, dtype=torch.uint8)
    mask[:, :, 20:] = 1
    weights = pixels.border_weights(mask, near=10.0, spread=5.0)
    assert weights[0, 3, 19:26].tolist() == pytest.approx(
        [11.0, 11.0, *(1 + 10 * math.exp(-(d**2) / 50) for d in range(1, 6))]
    )
    assert weights[0, 3, 36] == 1  # beyond three times the spread
    assert (weights[0] == weights[0, :1]).all()
    mask[:, :, 20:22] = VOID  # what lies beyond is not known
    assert (pixels.border_weights(mask) == 1).all()


def test_weights_at_borders_go_by_the_shortest_way() -> None:
    mask = torch.zeros(2, 30, 30, dtype=torch.uint8)
    mask[0, 10, 12], mask[0, 20, 5:9] = 1, 2
    found = pixels.border_weights(mask, near=4.0, spread=2.0)
    places = np.argwhere(pixels._borders(mask)[0].numpy())
    assert len(places) == 5 + 14
    grid = np.stack(np.mgrid[:30, :30], axis=-1)[:, :, None]
    distance = np.sqrt(((grid - places) ** 2).sum(-1).min(-1))
    expected = 1 + 4 * np.exp(-(distance**2) / 8)
    near = distance <= 6
    np.testing.assert_allclose(found[0].numpy()[near], expected[near], rtol=1e-5)
    assert (found[1] == 1).all()


def test_the_border_loss_is_a_weighted_cross_entropy() -> None:
    logits, mask = scene()
    losses = F.cross_entropy(logits, mask.long(), ignore_index=VOID, reduction="none")
    weights = pixels.border_weights(mask) * (mask != VOID)
    torch.testing.assert_close(
        pixels.border_cross_entropy(*known(logits, mask)), (losses * weights).sum() / weights.sum()
    )
    even = pixels.border_cross_entropy(*known(logits, mask), near=0.0)
    torch.testing.assert_close(even, pixels.cross_entropy(*known(logits, mask)))


def test_dice_by_hand() -> None:
    p = torch.tensor([[0.8, 0.6, 0.1], [0.2, 0.4, 0.9]])[None, :, None]
    mask = torch.tensor([[[0, 1, 1]]])
    first = 2 * 0.8 / (0.64 + 0.36 + 0.01 + 1)
    second = 2 * (0.4 + 0.9) / (0.04 + 0.16 + 0.81 + 2)
    assert float(regions.dice(p.log(), mask)) == pytest.approx(1 - (first + second) / 2)
    mask[0, 0, 1] = VOID
    first, second = 2 * 0.8 / (0.64 + 0.01 + 1), 2 * 0.9 / (0.04 + 0.81 + 1)
    assert float(regions.dice(p.log(), mask)) == pytest.approx(1 - (first + second) / 2)


def test_lovasz_by_hand() -> None:
    p = torch.tensor([[0.8, 0.6, 0.1], [0.2, 0.4, 0.9]])[None, :, None]
    mask = torch.tensor([[[0, 1, 1]]])
    # Errors of class 0 are 0.2, 0.6, 0.1: the second pixel, then the first, which is the class's only one, then the third.
    # 1 - IoU goes 1/2, 1, 1. Of class 1 they are the same, and 1 - IoU goes 1/2, 2/3, 1.
    expected = (0.6 / 2 + 0.2 / 2 + 0.6 / 2 + 0.2 / 6 + 0.1 / 3) / 2
    assert float(regions.lovasz(p.log(), mask)) == pytest.approx(expected)


def test_lovasz_of_sure_answers_is_one_minus_iou() -> None:
    _, mask = scene(1)
    said = torch.randint(0, 4, mask.shape, generator=torch.Generator().manual_seed(5))
    judged = mask != VOID
    expected = []
    for k in mask[judged].unique().tolist():
        own, found = (mask == k) & judged, (said == k) & judged
        expected.append(1 - float((own & found).sum() / (own | found).sum()))
    sure = F.one_hot(said, 4).movedim(-1, 1) * 60.0
    assert float(regions.lovasz(*known(sure, mask))) == pytest.approx(np.mean(expected))


@pytest.mark.slow
def test_dice_and_lovasz_equal_the_reference() -> None:
    from segmentation_models_pytorch import losses

    logits, mask = scene()
    reference = losses.LovaszLoss(mode="multiclass", per_image=False, ignore_index=VOID)
    torch.testing.assert_close(regions.lovasz(*known(logits, mask)), reference(logits, mask.long()))
    said = torch.randint(0, 3, mask.shape, generator=torch.Generator().manual_seed(5))
    sure = F.one_hot(said, 3).movedim(-1, 1) * 60.0  # of sure answers p and p² are the same; theirs has p
    theirs = losses.DiceLoss(mode="multiclass", ignore_index=VOID)
    torch.testing.assert_close(regions.dice(*known(sure, mask)), theirs(sure, mask.long()))


def test_sums_are_the_sums_of_their_terms() -> None:
    logits, mask = scene()
    assert parse("ce+0.5*dice+lovasz") == ((1.0, "ce"), (0.5, "dice"), (1.0, "lovasz"))
    assert parse(" ce + 2 * dice ") == ((1.0, "ce"), (2.0, "dice"))
    weights = torch.tensor([1.0, 2.0, 0.5, 3.0])
    found = segmentation_loss("ohem+0.5*dice+2*focal", weights, 0.1, 1.5)(logits, mask)
    expected = pixels.hard_examples(*known(logits, mask), 0.1, weights) + 0.5 * regions.dice(*known(logits, mask))
    torch.testing.assert_close(found, expected + 2 * pixels.focal(*known(logits, mask), 1.5, 0.1, weights))


@pytest.mark.parametrize("name", ["mse", "ce+", "ce+dise", "", "0.5*", "ce*0.5"])
def test_a_name_that_is_none_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(InputError, match=r"does not fit masks: there is ce, focal, ohem, boundary, dice, lovasz, and"):
        segmentation_loss(name)


@pytest.mark.parametrize("name", ["0*ce", "-1*ce", "x*ce", "ce+nan*dice", "inf*ce", "*ce"])
def test_a_factor_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="a factor must be a number above 0"):
        segmentation_loss(name)


def test_weights_of_classes_by_hand() -> None:
    # Frequencies 0.1, 0.5, 0.2 of the pictures that show each class: the median is 0.2.
    found = median_frequency(torch.tensor([100, 500, 40, 0]), torch.tensor([1000, 1000, 200, 0]))
    assert found.tolist() == pytest.approx([2.0, 0.4, 1.0, 1.0])
    assert inverse_root(torch.tensor([100, 400, 1600, 0])).tolist() == pytest.approx([2.0, 1.0, 0.5, 1.0])
    assert median_frequency(torch.zeros(2), torch.zeros(2)).tolist() == [1.0, 1.0]
    assert inverse_root(torch.zeros(2)).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("name", ALL)
def test_a_sum_looks_at_the_logits_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    logits, mask = scene()
    softmax, seen = torch.log_softmax, []
    monkeypatch.setattr(torch, "log_softmax", lambda *given: seen.append(given) or softmax(*given))
    for other in ("cross_entropy", "softmax", "log_softmax"):
        monkeypatch.setattr(F, other, lambda *given, **more: seen.append(given))
    assert segmentation_loss(name, smoothing=0.1)(logits, mask).isfinite()
    assert len(seen) == 1


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_dice_and_cross_entropy_have_the_gradients_of_plain_torch(smoothing: float, weighed: bool) -> None:
    logits, mask = scene()
    weights = torch.tensor([1.0, 2.0, 0.5, 3.0]) if weighed else None
    logits.requires_grad_()
    (found,) = torch.autograd.grad(segmentation_loss("ce+dice", weights, smoothing)(logits, mask), logits)
    target = mask.long()
    expected = F.cross_entropy(logits, target, weights, ignore_index=VOID, label_smoothing=smoothing)
    p, own = logits.softmax(1).movedim(1, -1)[mask != VOID], F.one_hot(target[mask != VOID], 4)
    dice = 1 - 2 * (p * own).sum(0) / (p.square().sum(0) + own.sum(0))
    (plain,) = torch.autograd.grad(expected + dice[own.any(0)].mean(), logits)
    torch.testing.assert_close(found, plain)
