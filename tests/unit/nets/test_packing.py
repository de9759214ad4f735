"""Convolutions packed with the activations behind them: the net answers as before, with fewer modules at work."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import timm
import torch
from torch import Tensor, nn

from clearsight.nets.packing import Packed, packed, quickened


def _packed(net: nn.Module) -> list[str]:
    """What each packed convolution does besides."""
    return [module.then[0] for module in net.modules() if isinstance(module, Packed)]


@pytest.mark.parametrize("name", ["test_resnet", "mobilenetv2_100", "lcnet_075", "test_efficientnet"])
def test_answers_stay_as_they_were_for_any_number_and_size_of_pictures(name: str) -> None:
    net = timm.create_model(name, num_classes=5).eval()
    made = quickened(net, torch.zeros(1, 3, 96, 96).to(memory_format=torch.channels_last))
    assert "none" not in _packed(made)[:1] and not _packed(net)
    for images in (torch.rand(1, 3, 96, 96), torch.rand(3, 3, 64, 128)):
        with torch.inference_mode():
            wanted, found = net(images), made(images)
        torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        (nn.ReLU, "relu"),
        (nn.ReLU6, "hardtanh"),
        (nn.Hardswish, "hardswish"),
        (nn.SiLU, "swish"),
        (nn.Tanh, "none"),
    ],
)
@pytest.mark.parametrize("inplace", [False, True])
def test_activations_are_taken_over(activation: Callable[..., nn.Module], name: str, inplace: bool) -> None:
    layer = activation(inplace=True) if inplace and name != "none" else activation()
    net = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, groups=1), layer, nn.Conv2d(8, 8, 3, groups=8, dilation=2, bias=False))
    images = 20 * torch.randn(2, 3, 32, 24)
    made = packed(net, images)
    assert _packed(made) == [name, "none"]
    with torch.inference_mode():
        torch.testing.assert_close(made(images), net(images), rtol=1e-4, atol=1e-4)


class _Read(nn.Module):
    """Outputs that are read before, beside and after their activations; an activation that is also used elsewhere."""

    def __init__(self, inplace: bool) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(5))
        self.activations = nn.ModuleList(nn.ReLU(inplace) for _ in range(4))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        one, two, three, four, five = self.convs
        alone, seen, shared, last = self.activations
        x = alone(one(images))
        y = two(x + 1)
        x = x + y.mean() + seen(y)  # what is read before it keeps its sign
        x = shared(three(x))
        x = four(shared(x - 1))
        given = five(x)
        return last(x), given


@pytest.mark.parametrize("inplace", [False, True])
def test_what_others_see_stays_as_it_is(inplace: bool) -> None:
    torch.manual_seed(0)
    net = _Read(inplace)
    images = torch.randn(2, 3, 16, 16)
    made = packed(net, images)
    assert _packed(made) == ["relu", "none", "none", "none", "none"]
    assert isinstance(made.activations[0], nn.Identity) and isinstance(made.activations[2], nn.ReLU)
    with torch.inference_mode():
        for found, wanted in zip(made(images), net(images), strict=True):
            torch.testing.assert_close(found, wanted)


class _Twice(nn.Module):
    """One activation, in place, after another: only the first follows the convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.first, self.second = nn.Conv2d(3, 4, 1), nn.SiLU(inplace=True), nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.second(input=self.first(self.conv(input=images)))
        return found


def test_of_two_activations_in_place_the_first_is_taken_over() -> None:
    net, images = _Twice(), torch.randn(1, 3, 8, 8)
    made = packed(net, images)
    assert _packed(made) == ["swish"] and isinstance(made.second, nn.ReLU)
    with torch.inference_mode():
        torch.testing.assert_close(made(images), net(images))


class _Scaled(nn.Conv2d):
    """A convolution that does more than one."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


@pytest.mark.parametrize(
    "conv",
    [
        _Scaled(3, 4, 3),
        nn.Conv2d(3, 4, 3, padding="same"),
        nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(3, 4, 3).double(),
    ],
)
def test_convolutions_of_other_kinds_stay(conv: nn.Conv2d) -> None:
    images = torch.rand(1, 3, 8, 8, dtype=conv.weight.dtype)
    made = packed(nn.Sequential(conv, nn.ReLU()), images)
    assert not _packed(made)
    torch.testing.assert_close(made(images), conv(images).relu())


def test_without_the_operations_the_net_is_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    net = nn.Conv2d(3, 4, 1)
    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_convolution_weight", None)
    assert packed(net, torch.zeros(1, 3, 8, 8)) is net
