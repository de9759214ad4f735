"""A net made quicker for answering: batch norms folded into the convolutions before them.

In evaluation a batch norm is the map x ↦ γ (x − μ) / √(σ² + ε) + β of each channel, with numbers that no longer change: the
convolution before it takes them into its weights and bias (Jacob et al. 2018, arXiv 1712.05877, section 3.2, eq. 14).
"""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Norm = nn.modules.batchnorm._BatchNorm
M = TypeVar("M", bound=nn.Module)


@torch.no_grad()
def folded(net: M, images: Tensor) -> M:
    """A copy of the net, in evaluation mode, whose convolutions did the work of the norms right behind them; the net itself
    where it has none. `images` (B, C, H, W) are run through it once, to see which norm follows which convolution. One
    that is used several times stays as it is: norms of its own may follow each use."""
    if not any(isinstance(module, Norm) for module in net.modules()):
        return net
    made = copy.deepcopy(net).eval()
    names = {module: name for name, module in made.named_modules()}
    for conv, norm in _pairs(made, images):
        assert norm.running_mean is not None and norm.running_var is not None
        conv.weight, conv.bias = fuse_conv_bn_weights(
            conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        # timm's norms have an activation and a dropout in them
        rest = [part for part in norm.children() if not isinstance(part, nn.Identity)]
        parent, _, leaf = names[norm].rpartition(".")
        setattr(made.get_submodule(parent), leaf, nn.Sequential(*rest) if rest else nn.Identity())
    return made


def _pairs(net: nn.Module, images: Tensor) -> list[tuple[nn.Conv2d, Norm]]:
    """The convolutions whose output is a norm's input and nothing else's, with that norm."""
    makers: dict[int, nn.Conv2d] = {}
    outputs: list[Tensor] = []  # kept, so that no two have the same id
    uses: Counter[nn.Module] = Counter()
    pairs: list[tuple[nn.Conv2d, Norm, int]] = []
    readers = _Readers()

    def leaves(module: nn.Module, inputs: Any, output: Tensor) -> None:
        makers[id(output)] = module  # type: ignore[assignment]
        outputs.append(output)
        readers.counts[id(output)] = 0  # a tensor that is no more may have had this id
        uses[module] += 1

    def enters(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        uses[module] += 1
        if (maker := makers.get(id(inputs[0]))) is not None:
            pairs.append((maker, module, id(inputs[0])))  # type: ignore[arg-type]

    hooks = []
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(leaves))
        elif isinstance(module, Norm) and module.running_mean is not None:
            hooks.append(module.register_forward_pre_hook(enters))
    try:
        with readers:
            net(images)
    finally:
        for hook in hooks:
            hook.remove()
    once = readers.counts
    return [(conv, norm) for conv, norm, output in pairs if uses[conv] == uses[norm] == once[output] == 1]


class _Readers(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts how often each tensor, by its id, is read by an operation."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts: Counter[int] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.counts.update(id(value) for value in tree_leaves((args, kwargs or {})) if isinstance(value, Tensor))
        return func(*args, **(kwargs or {}))
