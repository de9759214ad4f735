"""What a net costs to run."""

from __future__ import annotations

import torch
from torch import nn


def multiply_adds(net: nn.Module, channels: int, size: int) -> int:
    """Multiply-adds of one picture (1, C, S, S), by torch's own counter (convolutions, matrix products, attention)."""
    from torch.utils.flop_counter import FlopCounterMode

    was_training = net.training
    net.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, channels, size, size, device=next(net.parameters()).device))
    net.train(was_training)
    return int(counter.get_total_flops()) // 2
