"""Filters against torchvision's v2 functions, which are Pillow's: float to 1e-5, 8 bits to their rounding."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor
from torchvision.transforms.v2 import functional as V

from clearsight.ops import filters
from clearsight.ops.transforms import colour, scaled

ROUNDING = 1.01 / 255
PICTURES = arrays(
    "uint8", st.tuples(st.integers(1, 3), st.sampled_from([1, 3]), st.integers(1, 24), st.integers(1, 24))
)


def eight(count: int = 3, channels: int = 3, side: int = 20) -> Tensor:
    """Uneven 8-bit pictures: one dark, one bright, one of few values."""
    values = torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(0))
    powers = torch.tensor([3.0, 0.4, 1.0])[:count, None, None, None]
    images = (values**powers * 200 + 20).to(torch.uint8)
    images[-1] = images[-1] // 64 * 64
    return images


def per_picture(images: Tensor, amounts: Tensor, call: object) -> Tensor:
    return torch.stack([call(image, float(amount)) for image, amount in zip(images, amounts, strict=True)])  # type: ignore[operator]


@pytest.mark.parametrize("channels", [1, 3])
def test_brightness_contrast_and_colour(channels: int) -> None:
    """Grey is weighed by 0.299 here and 0.2989 there."""
    images, factor, ones = scaled(eight(channels=channels)), torch.tensor([0.1, 0.9, 1.8]), torch.ones(3)
    for theirs, made in (
        (V.adjust_brightness, colour(images, factor, ones, ones)),
        (V.adjust_contrast, colour(images, ones, factor, ones)),
        (V.adjust_saturation, colour(images, ones, ones, factor)),
    ):
        wanted = per_picture(images, factor, theirs)
        torch.testing.assert_close(made, wanted, atol=2e-4, rtol=0)
        rounded = per_picture(eight(channels=channels), factor, theirs)
        torch.testing.assert_close(made, scaled(rounded), atol=2 * ROUNDING, rtol=0)


def test_sharpness() -> None:
    images, factor = scaled(eight()), torch.tensor([0.0, 1.0, 1.9])
    made = filters.sharpness(images, factor)
    torch.testing.assert_close(made, per_picture(images, factor, V.adjust_sharpness), atol=1e-5, rtol=0)
    torch.testing.assert_close(made[1], images[1])
    tiny = torch.rand(3, 3, 2, 5)
    assert torch.equal(filters.sharpness(tiny, factor), tiny)


@pytest.mark.parametrize("bits", range(9))
def test_posterise_is_exact_on_8_bits(bits: int) -> None:
    made = filters.posterise(scaled(eight()), torch.full((3,), float(bits)))
    assert torch.equal((made * 255).round().to(torch.uint8), V.posterize(eight(), bits))


def test_solarise() -> None:
    images, threshold = scaled(eight()), torch.tensor([0.0, 0.3, 0.8])
    made = filters.solarise(images, threshold)
    torch.testing.assert_close(made, per_picture(images, threshold, V.solarize), atol=1e-6, rtol=0)
    assert torch.equal(filters.solarise(images, torch.full((3,), 256 / 255)), images)


def test_autocontrast_and_equalise_leave_a_plain_channel() -> None:
    plain = torch.full((1, 3, 20, 20), 0.4)
    assert torch.equal(filters.autocontrast(plain), plain)
    assert torch.equal(filters.equalise(plain), plain)


@settings(max_examples=60)
@given(pixels=PICTURES)
def test_autocontrast_of_any_picture(pixels: object) -> None:
    images = scaled(torch.as_tensor(pixels))
    torch.testing.assert_close(filters.autocontrast(images), V.autocontrast(images), atol=1e-5, rtol=0)


@settings(max_examples=60)
@given(pixels=PICTURES)
def test_equalise_of_any_picture_is_exact(pixels: object) -> None:
    images = torch.as_tensor(pixels)
    assert torch.equal((filters.equalise(scaled(images)) * 255).round().to(torch.uint8), V.equalize(images))


def test_equalise_of_uneven_pictures_is_exact() -> None:
    made = filters.equalise(scaled(eight(side=64)))
    assert torch.equal((made * 255).round().to(torch.uint8), V.equalize(eight(side=64)))
    assert not torch.equal(made, scaled(eight(side=64)))


def test_blur_of_each_by_its_own_sigma() -> None:
    images, sigma = scaled(eight()), torch.tensor([0.4, 1.0, 1.9])
    kernel = [2 * 6 + 1] * 2  # 3 σ of the largest, to either side
    wanted = per_picture(images, sigma, lambda image, value: V.gaussian_blur(image, kernel, [value, value]))
    torch.testing.assert_close(filters.blur(images, sigma), wanted, atol=1e-5, rtol=0)
    torch.testing.assert_close(filters.blur(images, torch.full((3,), 0.01)), images)


@pytest.mark.parametrize("shape", [(1, 1), (2, 9)])
def test_blur_of_a_picture_smaller_than_its_kernel_keeps_its_mean_level(shape: tuple[int, int]) -> None:
    level = torch.full((1, 3, *shape), 0.3)
    torch.testing.assert_close(filters.blur(level, torch.tensor([4.0])), level)


def test_noise_has_the_deviation_asked_and_stays_in_range() -> None:
    images = torch.full((2, 3, 64, 64), 0.5)
    normal = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    made = filters.noise(images, normal, torch.tensor([0.0, 0.1]))
    assert torch.equal(made[0], images[0]) and made[1].std().item() == pytest.approx(0.1, rel=0.03)
    assert filters.noise(images, normal, torch.ones(2)).aminmax() == (0, 1)
