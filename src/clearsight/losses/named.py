"""Losses by the names that `--loss` takes, for each kind of answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.losses import binary, numbers
from clearsight.losses.cross_entropy import cross_entropy
from clearsight.losses.focal import focal

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""Logits (B, K), targets as the kind of answer has them, weights of the classes (K,) or None → a scalar."""

Makers = Mapping[str, Callable[[float, float], Loss]]
"""Name → a loss from its label smoothing and focal gamma."""


def one_label(name: str, smoothing: float = 0.0, gamma: float = 2.0) -> Loss:
    """A loss for one of K labels; targets are as `cross_entropy` takes them. Raises `InputError` on another name."""
    return _find(ONE_LABEL, "one label a picture", name, smoothing, gamma)


def several_labels(name: str, smoothing: float = 0.0, gamma: float = 2.0) -> Loss:
    """A loss for labels that each apply or do not; targets are as in `binary`. Raises `InputError` on another name."""
    return _find(SEVERAL_LABELS, "several labels a picture", name, smoothing, gamma)


def number(name: str) -> Loss:
    """A loss for numbers, which knows no weights; targets are as in `numbers`. Raises `InputError` on another name."""
    return _find(NUMBERS, "numbers", name, 0.0, 0.0)


def _find(table: Makers, what: str, name: str, smoothing: float, gamma: float) -> Loss:
    if name not in table:
        raise InputError(f"--loss {name} does not fit {what}; there is {', '.join(table)}")
    return table[name](smoothing, gamma)


def _against_all(loss: Loss, logits: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
    return loss(logits, binary.one_vs_all(target, logits.shape[1]), weights)


def _cross_entropy(smoothing: float, gamma: float) -> Loss:
    return lambda logits, target, weights: cross_entropy(logits, target, smoothing, weights)


def _focal(smoothing: float, gamma: float) -> Loss:
    return lambda logits, target, weights: focal(logits, target, gamma, smoothing, weights)


def _bce(smoothing: float, gamma: float) -> Loss:
    return lambda logits, target, weights: binary.binary_cross_entropy(logits, target, smoothing, weights)


def _sigmoid_focal(smoothing: float, gamma: float) -> Loss:
    return lambda logits, target, weights: binary.sigmoid_focal(logits, target, gamma, smoothing, weights)


def _asymmetric(smoothing: float, gamma: float) -> Loss:
    return lambda logits, target, weights: binary.asymmetric(logits, target, smoothing, weights)


ONE_LABEL: Makers = {
    "cross_entropy": _cross_entropy,
    "focal": _focal,
    "bce": lambda smoothing, gamma: partial(_against_all, _bce(smoothing, gamma)),
    "asymmetric": lambda smoothing, gamma: partial(_against_all, _asymmetric(smoothing, gamma)),
}

SEVERAL_LABELS: Makers = {"bce": _bce, "focal": _sigmoid_focal, "asymmetric": _asymmetric}

NUMBERS: Makers = {
    "huber": lambda smoothing, gamma: lambda found, wanted, weights: numbers.huber(found, wanted),
    "mse": lambda smoothing, gamma: lambda found, wanted, weights: numbers.squared_error(found, wanted),
    "mae": lambda smoothing, gamma: lambda found, wanted, weights: numbers.absolute_error(found, wanted),
}
