"""What a net costs to run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import nn


def multiply_adds(net: nn.Module, channels: int, shape: tuple[int, int]) -> int:
    """Multiply-adds of one picture (1, C, *shape), by torch's own counter (convolutions, matrix products, attention), and
    of LSTMs, which it leaves out where they run as one operation."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    was_training = net.training
    net.eval()
    try:
        try:
            # shapes without values: nothing is computed; what other libraries remark on it is not for the user
            with warnings.catch_warnings(action="ignore"), FakeTensorMode(allow_non_fake_inputs=True):
                count = _counted(net, channels, shape)
        except RuntimeError:  # some ask for values: how many boxes are left
            count = _counted(net, channels, shape)
    finally:
        net.train(was_training)
    return count


def _counted(net: nn.Module, channels: int, shape: tuple[int, int]) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False, custom_mapping={**_lstm(), **_attention()}) as counter:
        net(torch.zeros(1, channels, *shape, device=next(net.parameters()).device))
    return int(counter.get_total_flops()) // 2


def _attention() -> Mapping[Any, Callable[..., int]]:
    """A count for the CPU's fused attention, which torch's counter knows on other devices only."""

    def count(query: Sequence[int], key: Sequence[int], value: Sequence[int], *_: Any, **__: Any) -> int:
        return 2 * prod(query) * key[-2] + 2 * prod(query[:-1]) * key[-2] * value[-1]

    return {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: count}


def _lstm() -> Mapping[Any, Callable[..., int]]:
    """A count for oneDNN's recurrent layer, where this torch has it: the gates' weights once for each step and picture."""

    def count(steps: Sequence[int], inputs: Sequence[int], states: Sequence[int], *_: Any, **__: Any) -> int:
        return 2 * steps[0] * steps[1] * (prod(inputs) + prod(states))

    layer = getattr(torch.ops.aten, "mkldnn_rnn_layer", None)
    return {} if layer is None else {layer: count}
