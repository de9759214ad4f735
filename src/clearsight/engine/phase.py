"""A learner in one of its phases, and the gradient of one step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from clearsight.core.learner import Learner
from clearsight.core.pipeline import Batch


class Phase(nn.Module):
    """A learner in one of its phases: what Fabric wraps, so that forward, and not another method, is what ranks sync."""

    def __init__(self, learner: Learner, name: str) -> None:
        super().__init__()
        self.learner, self.name = learner, name

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        return self.learner.training_step(batch, self.name)


def descend(
    fabric: Fabric, module: Any, batches: Iterable[Batch], count: int, nominal: float
) -> tuple[dict[str, Tensor], float]:
    """Add the gradient of the mean loss over the pictures of `count` batches to the parameters'; `nominal` is how many
    pictures each should hold. Returns the named losses, and what gradients and losses are too small by where batches
    held fewer: a factor of 1 but for pictures that could not be used."""
    losses: dict[str, Tensor] = {}
    seen = 0.0
    for number, batch in enumerate(batches):
        share = count * nominal / len(batch) if count > 1 else 1.0
        with fabric.no_backward_sync(module, enabled=number < count - 1):
            parts: dict[str, Tensor] = module(batch)
            fabric.backward(total(parts, share))
        for name, value in parts.items():
            part = value.detach() / share
            losses[name] = losses[name] + part if name in losses else part
        seen += len(batch)
    if count == 1:
        return losses, 1.0
    if fabric.world_size > 1:  # one factor for all ranks, or their weights would drift apart
        seen = float(fabric.all_reduce(torch.tensor(seen, device=fabric.device)))  # type: ignore[arg-type]
    factor = count * nominal / seen
    return (losses, 1.0) if abs(factor - 1) < 1e-6 else ({n: v * factor for n, v in losses.items()}, factor)


def total(parts: dict[str, Tensor], share: float) -> Tensor:
    """The sum of named losses, divided by so many."""
    losses = list(parts.values())
    loss = losses[0] if len(losses) == 1 else torch.stack(losses).sum()
    return loss if share == 1 else loss / share


def scale_gradients(params: Iterable[nn.Parameter], factor: float) -> None:
    """Multiply the gradients of these parameters."""
    grads: Sequence[Tensor] = [p.grad for p in params if p.grad is not None]
    if factor != 1 and grads:
        torch._foreach_mul_(list(grads), factor)
