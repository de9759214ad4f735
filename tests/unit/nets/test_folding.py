"""Norms folded into convolutions: the net answers as before, with fewer operations."""

from __future__ import annotations

import pytest
import timm
import torch
from torch import Tensor, nn

from clearsight.nets.folding import folded


def _settled(net: nn.Module, channels: int = 3) -> nn.Module:
    """The net with norms that do something: statistics and weights of their own."""
    generator = torch.Generator().manual_seed(0)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in (
                (module.running_mean, -1, 1),
                (module.running_var, 0.5, 2),
                (module.weight, 0.5, 2),
                (module.bias, -1, 1),
            ):
                assert tensor is not None
                tensor.data.copy_(low + (high - low) * torch.rand(tensor.shape, generator=generator))
    return net.eval()


def _count(net: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in net.modules())


@pytest.mark.parametrize("name", ["test_resnet", "test_byobnet", "mobilenetv2_100", "resnetv2_50", "densenet121"])
def test_answers_stay_as_they_were(name: str) -> None:
    net = _settled(timm.create_model(name, num_classes=5))
    images = torch.rand(2, 3, 64, 64)
    made = folded(net, torch.zeros(1, 3, 64, 64))
    with torch.inference_mode():
        wanted, found = net(images), made(images)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3 * float(wanted.abs().max()))


def test_every_norm_of_a_plain_net_is_folded_and_the_net_itself_kept() -> None:
    net = _settled(timm.create_model("mobilenetv2_100", num_classes=5))
    before = _count(net)
    assert before > 40
    assert _count(folded(net, torch.zeros(1, 3, 64, 64))) == 0
    assert _count(net) == before


class _Twice(nn.Module):
    """A convolution whose output is read by a norm and by an addition, and one that two norms follow in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.shared = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1)
        self.norm, self.first, self.second = nn.BatchNorm2d(4), nn.BatchNorm2d(4), nn.BatchNorm2d(4)

    def forward(self, images: Tensor) -> Tensor:
        stem = self.stem(images)
        both = stem + self.norm(stem)
        found: Tensor = self.first(self.shared(both)) * self.second(self.shared(both + 1))
        return found


def test_an_output_that_others_read_stays_and_one_that_two_norms_follow_is_made_twice() -> None:
    net = _settled(_Twice())
    made = folded(net, torch.zeros(1, 3, 8, 8))
    images = torch.rand(2, 3, 8, 8)
    assert _count(made) == 1 and isinstance(made.norm, nn.BatchNorm2d)
    torch.testing.assert_close(made(images), net(images))


def test_a_net_without_norms_is_itself() -> None:
    net = nn.Conv2d(3, 4, 1)
    assert folded(net, torch.zeros(1, 3, 8, 8)) is net
