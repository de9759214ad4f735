"""The classic nets have the layers of their descriptions."""

from __future__ import annotations

import pytest
import torch

from clearsight.core.errors import InputError
from clearsight.nets import classic


@pytest.mark.parametrize(
    ("make", "channels", "size", "parameters"),
    [
        (classic.lenet, 1, 28, 61_706),  # the count usually given for LeNet-5 with this padding
        (classic.twoconv, 3, 32, 896 + 18_496 + (64 * 64 * 128 + 128) + 1_290),
        (classic.feedforward, 1, 28, (784 * 256 + 256) + (256 * 128 + 128) + 1_290),
    ],
)
def test_parameters_and_shapes(make: object, channels: int, size: int, parameters: int) -> None:
    net = make(channels, size, 10)  # type: ignore[operator]
    assert sum(p.numel() for p in net.parameters()) == parameters
    assert net(torch.rand(2, channels, size, size)).shape == (2, 10)


def test_pictures_too_small_are_one_sentence() -> None:
    with pytest.raises(InputError, match="too small for the net lenet"):
        classic.lenet(1, 8, 10)
