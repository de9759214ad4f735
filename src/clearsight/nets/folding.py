"""A net made quicker for answering: batch norms folded into the convolutions before them.

In evaluation a batch norm is the map x ↦ γ (x − μ) / √(σ² + ε) + β of each channel, with numbers that no longer change: the
convolution before it takes them into its weights and bias (Jacob et al. 2018, arXiv 1712.05877, section 3.2, eq. 14).
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from clearsight.nets.chains import replace, watch

Norm = nn.modules.batchnorm._BatchNorm
M = TypeVar("M", bound=nn.Module)


@torch.no_grad()
def folded(net: M, images: Tensor) -> M:
    """A copy of the net, in evaluation mode, whose convolutions did the work of the norms right behind them; the net itself
    where it has none. `images` (B, C, H, W) are run through it once, to see which norm follows which convolution. One that
    is used several times, each time before a norm of its own, is as many convolutions in the copy."""
    if not any(isinstance(module, Norm) for module in net.modules()):
        return net
    made = copy.deepcopy(net).eval()
    places = {module: name for name, module in made.named_modules()}
    for conv, norms in _followed(made, images).items():
        if len(norms) == 1:
            _fold(conv, norms[0])
            replace(made, places[norms[0]], *_rest(norms[0]))
            continue
        for norm in norms:
            replace(made, places[norm], _fold(copy.deepcopy(conv), norm), *_rest(norm))
        replace(made, places[conv])
    return made


def _followed(net: nn.Module, images: Tensor) -> dict[nn.Conv2d, list[Norm]]:
    """The convolutions of which every output is the input of a norm that has no other, and nothing else's; with these norms."""
    uses = watch(net, images, lambda module: isinstance(module, nn.Conv2d), _settled)
    norms: dict[nn.Conv2d, list[Norm]] = defaultdict(list)
    for module, (use, *more) in uses.items():
        if isinstance(module, Norm) and isinstance(use.after, nn.Conv2d) and not more:
            norms[use.after].append(module)
    return {conv: found for conv, found in norms.items() if len(found) == len(uses[conv])}


def _settled(module: nn.Module) -> bool:
    """Whether it is a norm by the statistics that training left, not by those of each batch."""
    return isinstance(module, Norm) and module.running_mean is not None


def _fold(conv: nn.Conv2d, norm: Norm) -> nn.Conv2d:
    """The convolution, which now does the norm's work too."""
    assert norm.running_mean is not None and norm.running_var is not None
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    return conv


def _rest(norm: Norm) -> list[nn.Module]:
    """What timm's norms have in them besides: an activation, a dropout."""
    return [part for part in norm.children() if not isinstance(part, nn.Identity)]
