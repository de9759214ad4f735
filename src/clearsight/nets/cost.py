"""What a net costs to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import nn


def multiply_adds(net: nn.Module, channels: int, size: int) -> int:
    """Multiply-adds of one picture (1, C, S, S), by torch's own counter (convolutions, matrix products, attention), and
    of LSTMs, which it leaves out where they run as one operation."""
    from torch.utils.flop_counter import FlopCounterMode

    was_training = net.training
    net.eval()
    with torch.no_grad(), FlopCounterMode(display=False, custom_mapping=dict(_lstm())) as counter:
        net(torch.zeros(1, channels, size, size, device=next(net.parameters()).device))
    net.train(was_training)
    return int(counter.get_total_flops()) // 2


def _lstm() -> Mapping[Any, Callable[..., int]]:
    """A count for oneDNN's recurrent layer, where this torch has it: the gates' weights once for each step and picture."""

    def count(steps: Sequence[int], inputs: Sequence[int], states: Sequence[int], *_: Any, **__: Any) -> int:
        return 2 * steps[0] * steps[1] * (prod(inputs) + prod(states))

    layer = getattr(torch.ops.aten, "mkldnn_rnn_layer", None)
    return {} if layer is None else {layer: count}
