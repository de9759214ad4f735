"""Optimisers, the course of the learning rate, and averaged weights."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from clearsight.core.learner import ParamGroup
from clearsight.engine.plan import Plan


def make_optimiser(groups: Iterable[ParamGroup], plan: Plan) -> torch.optim.Optimizer:
    """The plan's optimiser over a learner's groups; each group keeps its `lr_scale`."""
    params: list[dict[str, Any]] = [
        {"params": g.params, "lr_scale": g.lr_scale, "weight_decay": plan.weight_decay if g.decay else 0.0}
        for g in groups
    ]
    if plan.optimiser == "sgd":
        nesterov = plan.nesterov and plan.momentum > 0
        return torch.optim.SGD(params, lr=plan.lr, momentum=plan.momentum, nesterov=nesterov)
    kind = torch.optim.Adam if plan.optimiser == "adam" else torch.optim.AdamW
    fused = all(p.device.type in {"cuda", "cpu"} for g in params for p in g["params"])
    return kind(params, lr=plan.lr, fused=fused)


def lr_factor(step: int, plan: Plan) -> float:
    """The learning rate at a step (0-based) as a part of its highest: linear warm-up, then the plan's schedule.

    Cosine falls to zero (Loshchilov and Hutter 2017, without restarts).
    """
    warm = round(plan.warmup * plan.total_steps)
    if step < warm:
        return (step + 1) / float(warm + 1)
    progress = (step - warm) / max(1, plan.total_steps - warm)
    if plan.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * float(progress)))
    if plan.schedule == "step":
        return float(plan.drop_factor ** int(progress / plan.drop_every + 1e-9))
    return 1.0


def set_lr(optimiser: torch.optim.Optimizer, lr: float) -> None:
    """Give every group its part of the learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = lr * group["lr_scale"]


class Average:
    """An exponential moving average of a net's weights and buffers, eager at first: the decay rises to its value as
    (1 + n) / (10 + n) with the number of updates n."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.state = {name: value.detach().clone() for name, value in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        """Take in the net's weights after a step; whole numbers (counters) are copied."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        state = net.state_dict()
        ours: list[Tensor] = []
        theirs: list[Tensor] = []
        for name, value in self.state.items():
            if value.is_floating_point():
                ours.append(value)
                theirs.append(state[name])
            else:
                value.copy_(state[name])
        torch._foreach_lerp_(ours, theirs, 1 - decay)

    def load(self, state: dict[str, Tensor], updates: int) -> None:
        """Take over a saved average."""
        self.updates = updates
        for name, value in self.state.items():
            value.copy_(state[name])


class Swapped:
    """Within this context the net holds the averaged weights; afterwards its own again."""

    def __init__(self, net: nn.Module, average: Average | None) -> None:
        self.net, self.average = net, average
        self.own: dict[str, Any] = {}

    def __enter__(self) -> None:
        if self.average is not None:
            self.own = {name: value.detach().clone() for name, value in self.net.state_dict().items()}
            self.net.load_state_dict(self.average.state)

    def __exit__(self, *_: object) -> None:
        if self.average is not None:
            self.net.load_state_dict(self.own)
