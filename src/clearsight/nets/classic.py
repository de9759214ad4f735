"""The small nets that people learn on, as plain modules: images (B, C, S, S) → logits (B, K)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from clearsight.core.errors import InputError


def feedforward(channels: int, size: int, classes: int, hidden: Sequence[int] = (256, 128)) -> nn.Sequential:
    """Flattened pixels through fully connected layers with ReLU (the multi-layer perceptron)."""
    layers: list[nn.Module] = [nn.Flatten()]
    width = channels * size * size
    for units in hidden:
        layers += [nn.Linear(width, units), nn.ReLU()]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, classes))


def lenet(channels: int, size: int, classes: int) -> nn.Sequential:
    """Two 5×5 convolutions of 6 and 16 channels, each followed by pooling, then 120-84-classes, after LeNet-5
    (LeCun et al. 1998) with ReLU and max pooling for its tanh and averages; the first convolution is padded by two, so
    that 28×28 pictures give the paper's 16×5×5."""
    layers: list[nn.Module] = [
        nn.Conv2d(channels, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
    ]
    width = flat_width(layers, channels, size, "lenet")
    head = [nn.Linear(width, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes)]
    return nn.Sequential(*layers, *head)


def twoconv(channels: int, size: int, classes: int, hidden: int = 128) -> nn.Sequential:
    """Two 3×3 convolutions of 32 and 64 channels, each followed by ReLU and pooling, then 128 hidden units."""
    layers: list[nn.Module] = [
        nn.Conv2d(channels, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
    ]
    width = flat_width(layers, channels, size, "twoconv")
    return nn.Sequential(*layers, nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, classes))


def flat_width(layers: Sequence[nn.Module], channels: int, size: int, name: str) -> int:
    """How many values the layers, the last of them Flatten, make of a picture. Raises `InputError` where it is too small."""
    values: Tensor = torch.zeros(1, channels, size, size)
    try:
        with torch.no_grad():
            for layer in layers:
                values = layer(values)
    except RuntimeError:
        values = values.new_zeros(1, 0)
    if values.shape[1] == 0:
        raise InputError(f"pictures of {size}×{size} are too small for the net {name}: give a larger --size, 16 say")
    return values.shape[1]
