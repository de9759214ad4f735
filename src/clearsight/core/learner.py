"""How an architecture learns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from clearsight.core.net import Net
from clearsight.core.pipeline import Batch


@dataclass
class ParamGroup:
    """Parameters that one optimiser treats alike."""

    params: list[nn.Parameter]
    lr_scale: float = 1.0
    decay: bool = True  # False for biases and norms: weight decay leaves them alone


class Learner(nn.Module, ABC):
    """A net with its loss. `phases` are trained in turn at every step, each with an optimiser of its own:
    ("main",) for most, ("discriminator", "generator") for a GAN, () for a memory bank that only `finish` fills."""

    phases: ClassVar[tuple[str, ...]] = ("main",)
    net: Net

    @abstractmethod
    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Named scalar losses, to be summed by the engine. Never calls backward. Missing targets are masked; a batch
        with none gives zero loss that still has a gradient."""

    def parameter_groups(self, phase: str) -> list[ParamGroup]:
        """What the phase's optimiser moves. By default all of the net's, with no weight decay on vectors and scalars."""
        return split_decay(list(self.net.parameters()))

    def finish(self, batches: Iterable[Batch]) -> None:
        """After the last step: one pass over the training data for learners that collect (a memory bank, statistics)."""


def split_decay(params: list[nn.Parameter], lr_scale: float = 1.0) -> list[ParamGroup]:
    """Weights with decay, vectors and scalars (biases, norms) without."""
    groups = (
        ParamGroup([p for p in params if p.ndim > 1], lr_scale, decay=True),
        ParamGroup([p for p in params if p.ndim <= 1], lr_scale, decay=False),
    )
    return [group for group in groups if group.params]
