"""A net made quicker for answering on a CPU: convolutions whose weights lie as oneDNN reads them, with the activation behind.

PyTorch lays a convolution's weights out anew each time it is run, and activations pass over all of its output once more.
oneDNN can do the latter as it writes that output.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from clearsight.nets.chains import replace, watch
from clearsight.nets.folding import folded

M = TypeVar("M", bound=nn.Module)

ACTIVATIONS: Mapping[type[nn.Module], tuple[str, list[float]]] = {
    nn.ReLU: ("relu", []),
    nn.ReLU6: ("hardtanh", [0.0, 6.0]),
    nn.Hardswish: ("hardswish", []),
    nn.SiLU: ("swish", []),
}
"""Those that oneDNN can do, by its names, with their settings."""


class Packed(nn.Conv2d):
    """A convolution and what follows it, (B, in, h, w) → (B, out, h', w'), for answering only."""

    def __init__(self, conv: nn.Conv2d, shape: tuple[int, ...], activation: nn.Module | None) -> None:
        """For inputs of about that shape. Raises `RuntimeError` where this build of PyTorch has no such operations."""
        moves: dict[str, Any] = {"padding": conv.padding, "stride": conv.stride, "dilation": conv.dilation}
        kernel: Any = conv.kernel_size
        super().__init__(conv.in_channels, conv.out_channels, kernel, **moves, groups=conv.groups, device="meta")
        self.how = (*map(list, moves.values()), conv.groups)
        self.weight, self.bias = conv.weight, conv.bias
        self.then = ("none", []) if activation is None else ACTIVATIONS[type(activation)]
        try:
            self.laid_out = torch.ops.mkldnn._reorder_convolution_weight(conv.weight.detach(), *self.how, list(shape))
            self(torch.zeros(shape))
        except (AttributeError, TypeError) as error:  # these operations are PyTorch's own, and may change
            raise RuntimeError(str(error)) from error

    def forward(self, input: Tensor) -> Tensor:
        found: Tensor = torch.ops.mkldnn._convolution_pointwise(
            input, self.laid_out, self.bias, *self.how, *self.then, ""
        )
        return found


def quickened(net: M, images: Tensor) -> M:
    """A copy of the net that answers as it does, sooner, with what is to be gained where `images` (B, C, H, W) are: norms folded
    into convolutions, and on a CPU these packed. For answering only; the net itself where nothing is to be gained."""
    return packed(folded(net, images), images)


@torch.no_grad()
def packed(net: M, images: Tensor) -> M:
    """A copy of the net in evaluation mode whose convolutions are packed, for answering on a CPU alone; the net itself on other
    devices, and where PyTorch has no such operations. `images` (B, C, H, W) are run through it once, to see how large things
    are and which activation follows which convolution."""
    if images.device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return net
    made = copy.deepcopy(net).eval()
    places = {module: name for name, module in made.named_modules()}
    uses = watch(made, images, _is_plain, lambda module: type(module) in ACTIVATIONS)
    following: dict[nn.Module, nn.Module] = {}
    for module, found in uses.items():
        convs = [use.after for use in found if use.after is not None and len(uses[use.after]) == 1]
        if type(module) in ACTIVATIONS and len(convs) == len(found):  # or it is still needed elsewhere
            following |= dict.fromkeys(convs, module)
    try:
        for conv, (use, *_) in uses.items():
            if isinstance(conv, nn.Conv2d):
                replace(made, places[conv], Packed(conv, use.shape, following.get(conv)))
    except RuntimeError:
        return net
    for activation in set(following.values()):
        replace(made, places[activation])
    return made


def _is_plain(module: nn.Module) -> bool:
    """Whether it is a convolution as `Packed` works it out: subclasses may do something else before or after."""
    if type(module) is not nn.Conv2d or module.padding_mode != "zeros" or isinstance(module.padding, str):
        return False
    return module.weight.dtype == torch.float32
