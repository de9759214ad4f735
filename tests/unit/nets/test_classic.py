"""The classic nets have the layers of their descriptions, and of their settings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from clearsight.core.errors import InputError
from clearsight.nets import classic


@pytest.mark.parametrize(
    ("make", "channels", "size", "parameters"),
    [
        (classic.lenet, 1, 28, 61_706),  # the count usually given for LeNet-5 with this padding
        (classic.twoconv, 3, 32, 896 + 18_496 + (64 * 64 * 128 + 128) + 1_290),
        (classic.conv32, 1, 28, 320 + (32 * 14 * 14 * 64 + 64) + 650),
        (classic.conv32_64, 1, 28, 320 + 18_496 + (64 * 7 * 7 * 64 + 64) + 650),
        (classic.feedforward, 1, 28, (784 * 256 + 256) + (256 * 128 + 128) + 1_290),
    ],
)
def test_parameters_and_shapes(make: Callable[..., nn.Module], channels: int, size: int, parameters: int) -> None:
    net = make(channels, size, 10)
    assert sum(p.numel() for p in net.parameters()) == parameters
    assert net(torch.rand(2, channels, size, size)).shape == (2, 10)


@pytest.mark.parametrize("make", [classic.lenet, classic.twoconv, classic.conv32, classic.conv32_64])
@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_settings_are_what_the_layers_have(make: Callable[..., nn.Sequential], kernel: int) -> None:
    net = make(1, 28, 10, kernel=kernel, activation="silu", pooling="average")
    kinds = [type(layer) for layer in net]
    assert {layer.kernel_size for layer in net if isinstance(layer, nn.Conv2d)} == {(kernel, kernel)}
    assert nn.SiLU in kinds and nn.AvgPool2d in kinds
    assert nn.ReLU not in kinds and nn.MaxPool2d not in kinds
    assert net(torch.rand(2, 1, 28, 28)).shape == (2, 10)


def test_saturating_activations_begin_in_their_middle() -> None:
    """Xavier: the first layer's weights are uniform up to gain · √(6 / (inputs + outputs))."""
    torch.manual_seed(0)
    for activation, gain in (("tanh", 5 / 3), ("sigmoid", 4.0)):
        net = classic.feedforward(1, 28, 10, activation=activation)  # type: ignore[arg-type]
        first, last = net[1], net[-1]
        assert isinstance(first, nn.Linear) and isinstance(last, nn.Linear)
        assert first.weight.abs().max().item() == pytest.approx(gain * (6 / (784 + 256)) ** 0.5, rel=1e-3)
        assert last.weight.abs().max().item() == pytest.approx((6 / (128 + 10)) ** 0.5, rel=2e-2)
        assert not first.bias.any()


def test_the_default_start_is_torchs_own() -> None:
    torch.manual_seed(3)
    ours = classic.twoconv(3, 32, 10)
    torch.manual_seed(3)
    plain = [nn.Conv2d(3, 32, 3, padding=1), nn.Conv2d(32, 64, 3, padding=1), nn.Linear(4096, 128), nn.Linear(128, 10)]
    layers = [layer for layer in ours if isinstance(layer, (nn.Conv2d, nn.Linear))]
    for mine, theirs in zip(layers, plain, strict=True):
        assert torch.equal(mine.weight, theirs.weight)
        assert torch.equal(mine.bias, theirs.bias)  # type: ignore[arg-type]


def test_pictures_too_small_are_one_sentence() -> None:
    with pytest.raises(InputError, match="8×8 are too small for this net"):
        classic.lenet(1, 8, 10)
