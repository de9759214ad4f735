"""RandAugment and TrivialAugment: what is drawn, and that grouping changes nothing."""

from __future__ import annotations

import math

import pytest
import torch
from torchvision.transforms.v2 import functional as V

from clearsight.ops import affine, policies
from clearsight.ops.policies import OPERATIONS, RANDAUGMENT, Drawn, randaugment, trivialaugment, wide
from clearsight.ops.random import generator
from clearsight.ops.transforms import scaled

ROUNDING = 1.01 / 255


def pictures(count: int, side: int = 32) -> torch.Tensor:
    return torch.randint(256, (count, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def only(name: str, strength: float, space: policies.Space = RANDAUGMENT) -> Drawn:
    return Drawn(torch.tensor([[OPERATIONS.index(name)]]), torch.tensor([[strength]]), space)


@pytest.mark.parametrize("strength", [-0.6, 0.5, 1.0])
def test_each_operation_is_torchvisions_of_the_same_strength(strength: float) -> None:
    """8 bits there, float here: two roundings apart at most. Shears go about the middle."""
    image = pictures(1)
    factor, most = 1 + 0.9 * strength, abs(strength)
    for name, wanted in {
        "brightness": V.adjust_brightness(image, factor),
        "colour": V.adjust_saturation(image, factor),
        "contrast": V.adjust_contrast(image, factor),
        "sharpness": V.adjust_sharpness(image, factor),
        "posterise": V.posterize(image, 8 - round(most * 4)),
        "solarise": V.solarize(image, 256 * (1 - most)),
        "autocontrast": V.autocontrast(image),
        "equalise": V.equalize(image),
    }.items():
        drawn = only(name, strength)
        assert not drawn.moved().any() and torch.equal(drawn.matrix()[0], torch.eye(3)), name
        made = drawn.apply(scaled(image))
        torch.testing.assert_close(made, scaled(wanted), atol=2 * ROUNDING, rtol=0)


def test_each_operation_that_moves_is_its_map() -> None:
    half = torch.tensor([0.5])
    nothing = torch.zeros(1)
    for name, wanted in {
        "identity": torch.eye(3)[None],
        "shear_x": affine.slant(half * 0.3),
        "shear_y": affine.slant(nothing, half * 0.3),
        "translate_x": affine.move(half * 150 / 331, nothing),
        "translate_y": affine.move(nothing, half * 150 / 331),
        "rotate": affine.turn(torch.tensor([math.radians(15)])),
    }.items():
        drawn = only(name, 0.5)
        torch.testing.assert_close(drawn.matrix(), wanted)
        assert drawn.moved().item() == (name != "identity")
        assert torch.equal(drawn.apply(scaled(pictures(1))), scaled(pictures(1)))


def test_a_batch_is_its_pictures_one_by_one() -> None:
    drawn = randaugment(200, 7.0, generator(3))
    assert len(set(drawn.operation.flatten().tolist())) == len(OPERATIONS)
    images = scaled(pictures(200, 8))
    made, maps = drawn.apply(images.clone()), drawn.matrix()
    for i in range(200):
        alone = Drawn(drawn.operation[:, i : i + 1], drawn.strength[:, i : i + 1], drawn.space)
        torch.testing.assert_close(alone.apply(images[i : i + 1].clone()), made[i : i + 1])
        torch.testing.assert_close(alone.matrix(), maps[i : i + 1])
    assert made.min() >= 0 and made.max() <= 1


def test_randaugment_draws_two_operations_of_one_magnitude_and_either_sign() -> None:
    drawn = randaugment(1000, 4.0, generator(0))
    assert drawn.operation.shape == drawn.strength.shape == (2, 1000)
    assert drawn.strength.unique().tolist() == pytest.approx([-0.4, 0.4])
    counts = torch.bincount(drawn.operation.flatten(), minlength=len(OPERATIONS))
    assert counts.min() > 2000 / 14 * 0.7 and counts.max() < 2000 / 14 * 1.3


def test_trivialaugment_draws_one_of_any_strength_with_its_probability() -> None:
    drawn = trivialaugment(1000, 0.5, 32, generator(0))
    assert drawn.operation.shape == (1, 1000) and drawn.strength.min() < -0.95 and drawn.strength.max() > 0.95
    assert (drawn.operation == 0).float().mean().item() == pytest.approx(0.5 + 0.5 / 14, abs=0.05)
    assert not trivialaugment(50, 0.0, 32, generator(0)).operation.any()
    assert wide(32).translate == 1 and wide(224).translate == pytest.approx(32 / 224) and wide(16).translate == 1


def test_no_strength_changes_nothing() -> None:
    images = scaled(pictures(14))
    drawn = Drawn(torch.arange(14)[None], torch.zeros(1, 14), RANDAUGMENT)
    made = drawn.apply(images.clone())
    kept = [
        i for i, name in enumerate(OPERATIONS) if name not in {"autocontrast", "equalise"}
    ]  # these know no strength
    torch.testing.assert_close(made[kept], images[kept])
    assert not drawn.moved().any()
