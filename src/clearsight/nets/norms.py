"""Batch norms that were folded into their convolutions, as in weights that come from an 8-bit or a deployed model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

Norm = nn.modules.batchnorm._BatchNorm


def is_folded(norm: Norm) -> bool:
    """Whether a norm does nothing but add its bias: mean 0, variance 1, weight 1."""
    if norm.running_mean is None or norm.running_var is None or not norm.affine:
        return False
    still = (norm.running_mean == 0).all() and (norm.running_var == 1).all() and (norm.weight == 1).all()
    return bool(still) and bool((norm.bias != 0).any())


@torch.no_grad()
def unfold_norms(net: nn.Module, batches: Iterable[Tensor]) -> int:
    """Give folded norms the statistics of images (B, C, S, S), and weights and biases that undo them; returns how many.

    The net answers as before, but can be trained: in training mode a folded norm would normalise by the batch what was
    never meant to be normalised. With mean m and variance v of its input, weight √(v + ε) and bias b + m give x + b.
    """
    folded = {name: module for name, module in net.named_modules() if isinstance(module, Norm) and is_folded(module)}
    if not folded:
        return 0
    sums: dict[str, Tensor] = {}

    def watch(name: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            values = inputs[0].transpose(0, 1).flatten(1).double()
            found = torch.stack([values.sum(1), values.square().sum(1), torch.full_like(values[:, 0], values.shape[1])])
            sums[name] = sums[name] + found if name in sums else found

        return hook

    handles = [module.register_forward_pre_hook(watch(name)) for name, module in folded.items()]
    was_training = net.training
    net.eval()
    for images in batches:
        net(images)
    net.train(was_training)
    for handle in handles:
        handle.remove()
    for name, norm in folded.items():
        total, squares, count = sums[name]
        mean = total / count
        variance = (squares / count - mean.square()).clamp(min=1e-6)
        assert norm.running_mean is not None and norm.running_var is not None
        # exactly x·1 + b: the mean-shift of the old running mean 0 and variance 1 is undone with its own ε
        gain = 1 / (1 + norm.eps) ** 0.5
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt() * gain)
        norm.bias.add_(mean * gain)
    return len(folded)
