"""Where a training stands, whom it tells, and when its loss is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from clearsight.core.errors import CheckFailed
from clearsight.core.net import Net

DIVERGED = 10.0  # a running loss this many times the first one will not come back


@dataclass
class State:
    """Where a training stands. All of it is plain JSON."""

    step: int = 0  # optimiser steps done
    best: float | None = None
    best_step: int = 0
    since_best: int = 0  # looks without a better one
    seconds: float = 0.0
    first_loss: float | None = None
    running_loss: float | None = None
    finished: bool = False
    rows: list[dict[str, float]] = field(default_factory=list)  # one for each look: what metrics.csv holds

    def take_loss(self, loss: float, lr: float) -> None:
        """Follow the loss. Raises `CheckFailed` where it is no number any more or grows without end."""
        advice = f"try a lower learning rate (--lr {lr / 10:g}), --clip 1 or a longer --warmup"
        if loss != loss or abs(loss) == float("inf"):
            raise CheckFailed(f"the loss is not a number any more near step {self.step}: {advice}")
        self.first_loss = loss if self.first_loss is None else self.first_loss
        self.running_loss = loss if self.running_loss is None else 0.95 * self.running_loss + 0.05 * loss
        if self.running_loss > DIVERGED * max(self.first_loss, 0.1):
            grown = f"the loss grew from {self.first_loss:.3g} to {self.running_loss:.3g} by step {self.step}"
            raise CheckFailed(f"{grown}, training diverges: {advice}")

    def take_score(self, score: float, higher_is_better: bool) -> bool:
        """Follow the score that the best weights are chosen by; whether this is the best so far."""
        better = self.best is None or (score > self.best if higher_is_better else score < self.best)
        if better:
            self.best, self.best_step, self.since_best = score, self.step, 0
        else:
            self.since_best += 1
        return better


class Log(Protocol):
    """Where a loop tells what it does."""

    def step(self, state: State, losses: Mapping[str, float], lr: float) -> None:
        """Every few steps."""

    def look(self, state: State, row: Mapping[str, float]) -> None:
        """After each look at the held-out pictures."""


Look = Callable[[Net], tuple[float | None, dict[str, float]]]
"""Judge a net: the score to choose by (None where nothing may be chosen) and all figures to write down."""
