"""The small nets that people learn on, as plain modules: images (B, C, S, S) → logits (B, K).

Their keyword-only parameters are their settings (`nets/settings`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from clearsight.core.errors import InputError
from clearsight.nets.settings import Activation, Kernel, Pooling, Whole, Wholes

ACTIVATIONS: Mapping[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}
POOLINGS: Mapping[str, type[nn.Module]] = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}

GAINS: Mapping[str, float] = {"tanh": 5 / 3, "sigmoid": 4.0}
"""What a saturating activation multiplies the weights of Glorot and Bengio by: tanh to keep the variance where it bends,
the logistic sigmoid because its slope at 0 is a quarter of tanh's. The others keep torch's own start (Kaiming uniform)."""


def feedforward(
    channels: int, size: int, classes: int, *, hidden: Wholes = (256, 128), activation: Activation = "relu"
) -> nn.Sequential:
    """Flattened pixels through fully connected layers (the multi-layer perceptron)."""
    layers: list[nn.Module] = [nn.Flatten()]
    width = channels * size * size
    for units in hidden:
        layers += [nn.Linear(width, units), ACTIVATIONS[activation]()]
        width = units
    return start(nn.Sequential(*layers, nn.Linear(width, classes)), activation)


def lenet(
    channels: int,
    size: int,
    classes: int,
    *,
    kernel: Kernel = 5,
    activation: Activation = "relu",
    pooling: Pooling = "max",
) -> nn.Sequential:
    """Two convolutions of 6 and 16 channels, each followed by pooling, then 120-84-classes, after LeNet-5 (LeCun et al.
    1998) with ReLU and max pooling for its tanh and averages; the first convolution is padded by half its kernel, so that
    28×28 pictures give the paper's 16×5×5."""
    act, pool = ACTIVATIONS[activation], POOLINGS[pooling]
    layers: list[nn.Module] = [
        nn.Conv2d(channels, 6, kernel, padding=kernel // 2),
        act(),
        pool(2),
        nn.Conv2d(6, 16, kernel),
        act(),
        pool(2),
        nn.Flatten(),
    ]
    width = flat_width(layers, channels, size)
    head = [nn.Linear(width, 120), act(), nn.Linear(120, 84), act(), nn.Linear(84, classes)]
    return start(nn.Sequential(*layers, *head), activation)


def convolutional(
    widths: Sequence[int],
    channels: int,
    size: int,
    classes: int,
    *,
    kernel: Kernel = 3,
    activation: Activation = "relu",
    pooling: Pooling = "max",
    hidden: Whole = 64,
) -> nn.Sequential:
    """A convolution for each of `widths` (its channels), each followed by pooling, then a hidden layer."""
    layers: list[nn.Module] = []
    for before, width in zip((channels, *widths), widths, strict=False):
        convolution = nn.Conv2d(before, width, kernel, padding=kernel // 2)
        layers += [convolution, ACTIVATIONS[activation](), POOLINGS[pooling](2)]
    layers.append(nn.Flatten())
    flat = flat_width(layers, channels, size)
    head = [nn.Linear(flat, hidden), ACTIVATIONS[activation](), nn.Linear(hidden, classes)]
    return start(nn.Sequential(*layers, *head), activation)


conv32 = partial(convolutional, (32,))
conv32_64 = partial(convolutional, (32, 64))
twoconv = partial(convolutional, (32, 64), hidden=128)


@torch.no_grad()
def start(net: nn.Sequential, activation: str) -> nn.Sequential:
    """The net with first weights that suit its activation: Xavier uniform for tanh and sigmoid (Glorot and Bengio 2010),
    torch's own for the others."""
    if activation in GAINS:
        layers = [layer for layer in net if isinstance(layer, (nn.Conv2d, nn.Linear))]
        for layer in layers:
            gain = 1.0 if layer is layers[-1] else GAINS[activation]  # after the last comes no activation
            nn.init.xavier_uniform_(layer.weight, gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net


def flat_width(layers: Sequence[nn.Module], channels: int, size: int) -> int:
    """How many values the layers, the last of them Flatten, make of a picture. Raises `InputError` where it is too small."""
    values: Tensor = torch.zeros(1, channels, size, size)
    try:
        with torch.no_grad():
            for layer in layers:
                values = layer(values)
    except RuntimeError:
        values = values.new_zeros(1, 0)
    if values.shape[1] == 0:
        raise InputError(f"pictures of {size}×{size} are too small for this net: give a larger --size, 16 say")
    return values.shape[1]
