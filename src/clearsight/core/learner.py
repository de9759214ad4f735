"""How an architecture learns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from clearsight.core.net import Net
from clearsight.core.pipeline import Batch


@dataclass
class ParamGroup:
    """Parameters that one optimiser treats alike."""

    params: list[nn.Parameter]
    lr_scale: float = 1.0
    decay: float = True  # factor of the weight decay; False for biases and norms, which it leaves alone
    rule: Literal["muon", "sgd", "adamw"] | None = None
    """With the optimiser Muon, what moves these: None takes Muon for the weights of hidden layers, AdamW for the rest."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the optimiser is told for these alone, in its own words: {"momentum": 0.85}."""


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


class GroupedLearner(Learner):
    """A learner whose net's pretrained part moves more slowly than the rest, as the training settings `backbone_lr` and
    `layer_decay` say."""

    def __init__(self, net: Net, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.net = net
        self.backbone_lr: float = options.get("backbone_lr", 1.0)
        self.layer_decay: float = options.get("layer_decay", 1.0)

    def parameter_groups(self, phase: str) -> list[ParamGroup]:
        return grouped(self.net, self.backbone_lr, self.layer_decay)


def grouped(net: Net, backbone_lr: float = 1.0, layer_decay: float = 1.0) -> list[ParamGroup]:
    """A net's head at the whole learning rate and its pretrained part at `backbone_lr` of it, or with a layer decay each
    block at that part of the one above (Bao et al. 2022, BEiT)."""
    kept = {id(p) for p in net.backbone_parameters()}
    groups = split_decay([p for p in net.parameters() if id(p) not in kept])
    if layer_decay == 1:
        return groups + split_decay(net.backbone_parameters(), backbone_lr)
    for depth, block in enumerate(reversed(net.backbone_blocks()), 1):
        groups += split_decay(block, backbone_lr * layer_decay**depth)
    return groups


def split_decay(params: list[nn.Parameter], lr_scale: float = 1.0) -> list[ParamGroup]:
    """Weights with decay, vectors and scalars (biases, norms) without."""
    groups = (
        ParamGroup([p for p in params if p.ndim > 1], lr_scale, decay=True),
        ParamGroup([p for p in params if p.ndim <= 1], lr_scale, decay=False),
    )
    return [group for group in groups if group.params]
