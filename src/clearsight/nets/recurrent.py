"""A recurrent net that reads a picture line by line: images (B, C, S, S) → logits (B, K)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from clearsight.nets.settings import Switch, Whole

CELLS: Mapping[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}


class RowReader(nn.Module):
    """The rows of a picture from top to bottom as the steps of a sequence, C·S values each; the last layer's state after
    the last row (in both directions, where it reads from below as well) goes through a linear layer.

    Cells: LSTM (Hochreiter and Schmidhuber 1997; Gers et al. 2000) or GRU (Cho et al. 2014).
    """

    def __init__(
        self,
        channels: int,
        size: int,
        classes: int,
        *,
        cell: Literal["lstm", "gru"] = "lstm",
        hidden: Whole = 128,
        layers: Whole = 1,
        bidirectional: Switch = False,
    ) -> None:
        super().__init__()
        self.directions = 2 if bidirectional else 1
        self.cells = CELLS[cell](channels * size, hidden, layers, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(self.directions * hidden, classes)
        if cell == "lstm":
            self._remember(hidden)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) → logits (B, K)."""
        rows = images.permute(0, 2, 1, 3).flatten(2)
        _, last = self.cells(rows)
        states = last[0] if isinstance(last, tuple) else last  # (layers · directions, B, hidden)
        logits: Tensor = self.head(states[-self.directions :].transpose(0, 1).flatten(1))
        return logits

    @torch.no_grad()
    def _remember(self, hidden: int) -> None:
        """Open the forget gates at first (a bias of 1), so that early rows are not lost (Jozefowicz et al. 2015)."""
        for name, bias in self.cells.named_parameters():
            if name.startswith("bias_ih"):
                bias[hidden : 2 * hidden] = 1.0  # torch's order of the gates: input, forget, cell, output
