"""Optimisers, and averaged weights."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from clearsight.core.learner import Learner, ParamGroup, split_decay
from clearsight.engine.muon import Muon, hidden_weights
from clearsight.engine.plan import Plan


def make_optimisers(learner: Learner, plan: Plan) -> dict[str, torch.optim.Optimizer]:
    """The plan's optimiser for each phase of a learner."""
    hidden = hidden_weights(learner)
    return {phase: make_optimiser(learner.parameter_groups(phase), plan, hidden) for phase in learner.phases}


def make_optimiser(groups: Iterable[ParamGroup], plan: Plan, hidden: Set[int] = frozenset()) -> torch.optim.Optimizer:
    """The plan's optimiser over a learner's groups; each group keeps its `lr_scale` and its own settings. `hidden` holds
    the ids of the weights that Muon moves in groups that do not say what moves them. A group that
    says so is made for Muon: another optimiser moves its parameters as it moves any."""
    if plan.optimiser == "muon":
        parts = [part for group in groups for part in by_rule(group, hidden)]
    else:
        parts = [part for g in groups for part in ([g] if g.rule is None else split_decay(g.params))]
    params: list[dict[str, Any]] = [
        {
            "params": g.params,
            "lr_scale": g.lr_scale,
            "weight_decay": plan.weight_decay * g.decay,
            "own_momentum": "momentum" in g.settings,
            **({"rule": g.rule} if plan.optimiser == "muon" else {}),
            **g.settings,
        }
        for g in parts
    ]
    if plan.optimiser == "muon":
        dtype = "bfloat16" if plan.precision == "bf16" else "float32"
        return Muon(params, lr=plan.lr, momentum=plan.momentum, dtype=dtype)
    if plan.optimiser in {"sgd", "gd"}:
        nesterov = plan.nesterov and plan.momentum > 0
        return torch.optim.SGD(params, lr=plan.lr, momentum=plan.momentum, nesterov=nesterov)
    if plan.optimiser == "rmsprop":
        return torch.optim.RMSprop(params, lr=plan.lr, momentum=plan.momentum)
    if plan.optimiser == "adagrad":
        return torch.optim.Adagrad(params, lr=plan.lr)
    kind = torch.optim.Adam if plan.optimiser == "adam" else torch.optim.AdamW
    fused = all(p.device.type in {"cuda", "cpu"} for g in params for p in g["params"])
    return kind(params, lr=plan.lr, fused=fused)


def by_rule(group: ParamGroup, hidden: Set[int]) -> list[ParamGroup]:
    """A group as Muon takes it: itself where it says what moves it, else parted into hidden layers' weights and the rest."""
    if group.rule is not None:
        return [group]
    weights = [p for p in group.params if id(p) in hidden and p.ndim > 1]
    taken = {id(p) for p in weights}
    rest = [p for p in group.params if id(p) not in taken]
    parts = (replace(group, params=weights, rule="muon"), replace(group, params=rest, rule="adamw"))
    return [part for part in parts if part.params]


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
