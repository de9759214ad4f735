"""The recurrent net reads rows, from the top down, and remembers the first at the last."""

from __future__ import annotations

from typing import Literal

import pytest
import torch
from torch import nn

from clearsight.nets.cost import multiply_adds
from clearsight.nets.recurrent import RowReader


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_is_a_cell_stepping_over_rows(cell: Literal["lstm", "gru"]) -> None:
    torch.manual_seed(0)
    net = RowReader(3, 8, 5, cell=cell, hidden=16)
    step = (nn.LSTMCell if cell == "lstm" else nn.GRUCell)(24, 16)
    step.load_state_dict({name.removesuffix("_l0"): value for name, value in net.cells.state_dict().items()})
    images = torch.rand(4, 3, 8, 8)
    state: torch.Tensor | tuple[torch.Tensor, torch.Tensor] | None = None
    for row in range(8):
        state = step(torch.cat([images[:, channel, row] for channel in range(3)], 1), state)
    last = state[0] if isinstance(state, tuple) else state
    torch.testing.assert_close(net(images), net.head(last))


def test_both_directions_give_the_last_state_of_each() -> None:
    torch.manual_seed(0)
    net = RowReader(1, 8, 5, hidden=16, layers=2, bidirectional=True)
    images = torch.rand(4, 1, 8, 8)
    states, _ = net.cells(images[:, 0])  # (B, rows, 2 · hidden)
    both = torch.cat([states[:, -1, :16], states[:, 0, 16:]], 1)  # the one from below ends at the first row
    torch.testing.assert_close(net(images), net.head(both))


def test_the_first_row_counts_at_the_end() -> None:
    torch.manual_seed(0)
    net = RowReader(1, 28, 10)
    images = torch.rand(2, 1, 28, 28, requires_grad=True)
    net(images).square().sum().backward()
    assert images.grad is not None
    assert images.grad[:, :, 0].abs().sum() > 1e-4 * images.grad[:, :, -1].abs().sum()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_multiply_adds_are_the_gates_weights_once_for_each_row(cell: Literal["lstm", "gru"]) -> None:
    net = RowReader(1, 28, 10, cell=cell, hidden=16, bidirectional=True).train()
    gates = {"lstm": 4, "gru": 3}[cell]
    by_hand = 2 * 28 * gates * 16 * (28 + 16) + 2 * 16 * 10
    assert multiply_adds(net, 1, (28, 28)) == by_hand
    assert multiply_adds(net.to("meta"), 1, (28, 28)) == by_hand
    assert net.training
