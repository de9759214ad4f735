"""The course of the learning rate, and of the momentum where it has one."""

from __future__ import annotations

import math
from typing import Any

import torch

from clearsight.engine.plan import Plan

START, END = 25.0, 1e4
"""One cycle: the rate begins at 1 / START of its highest, and ends at 1 / END of that."""

SWING = 0.05
"""One cycle: how far the momentum goes above its value and below."""


def lr_factor(step: int, plan: Plan) -> float:
    """The learning rate at a step (0-based) as a part of its highest.

    After a linear warm-up: "cosine" falls to zero (Loshchilov and Hutter 2017, without restarts), "linear" too in a
    straight line, "step" by a factor at equal distances or at given shares of all steps, as ResNet's at 0.5 and 0.75
    (He et al. 2016). "onecycle" rises for the share `warmup` and falls for the rest, both along a cosine (Smith and
    Topin 2018, as torch's OneCycleLR).
    """
    if plan.schedule == "onecycle":
        rising, place = _cycle(step, plan)
        return _cosine(1 / START, 1.0, place) if rising else _cosine(1.0, 1 / (START * END), place)
    warm = round(plan.warmup * plan.total_steps)
    if step < warm:
        return (step + 1) / float(warm + 1)
    progress = (step - warm) / max(1, plan.total_steps - warm)
    if plan.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * float(progress)))
    if plan.schedule == "linear":
        return 1.0 - float(progress)
    if plan.schedule == "step":
        return float(plan.drop_factor ** _drops(step, progress, plan))
    return 1.0


def momentum_at(step: int, plan: Plan) -> float | None:
    """The momentum at a step, for SGD's kind or Adam's first beta; None where it stays as it is.

    One cycle lowers it while the rate rises, from 0.95 to 0.85 and back for a momentum of 0.9.
    """
    if plan.schedule != "onecycle" or not plan.momentum:
        return None
    high, low = min(0.99, plan.momentum + SWING), max(0.0, plan.momentum - SWING)
    rising, place = _cycle(step, plan)
    return _cosine(high, low, place) if rising else _cosine(low, high, place)


def set_rates(optimiser: torch.optim.Optimizer, lr: float, momentum: float | None = None) -> None:
    """Give every group its part of the learning rate, and the momentum to those that have none of their own."""
    for group in optimiser.param_groups:
        group["lr"] = lr * group["lr_scale"]
        if momentum is None or group.get("own_momentum"):
            continue
        if group.get("momentum"):
            group["momentum"] = momentum
        if "betas" in group:
            group["betas"] = (momentum, group["betas"][1])


def _drops(step: int, progress: float, plan: Plan) -> int:
    at: Any = plan.settings.get("drop_at")
    if at:
        return sum(step >= float(share) * plan.total_steps for share in at.split(","))
    return int(progress / plan.drop_every + 1e-9)


def _cycle(step: int, plan: Plan) -> tuple[bool, float]:
    """Whether the rate rises at this step, and where between the two ends of that part, 0 to 1."""
    last, top = plan.total_steps - 1, plan.warmup * plan.total_steps - 1
    if step <= top:
        return True, step / top if top > 0 else 1.0
    top = max(0.0, top)
    return False, min(1.0, (step - top) / max(1e-9, last - top))


def _cosine(begin: float, end: float, place: float) -> float:
    return end + (begin - end) / 2 * (1 + math.cos(math.pi * place))
