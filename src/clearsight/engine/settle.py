"""What some settings ask of others, once all of them have a value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from clearsight.core.errors import InputError
from clearsight.engine.plan import USER, Plan

USUAL: Mapping[str, Mapping[str, float]] = {
    "gd": {"lr": 0.1, "momentum": 0.0, "weight_decay": 5e-4},
    "sgd": {"lr": 0.05, "momentum": 0.9, "weight_decay": 5e-4},
    "adagrad": {"lr": 0.01, "weight_decay": 0.0},
    "rmsprop": {"lr": 5e-4, "momentum": 0.0, "weight_decay": 0.0},
    "adam": {"lr": 1e-3, "weight_decay": 0.0},
    "adamw": {"lr": 1e-3, "weight_decay": 0.02},
    "muon": {"lr": 5e-3, "momentum": 0.95, "weight_decay": 0.02},
}
"""What suits most nets with each optimiser. Only AdamW and Muon keep weight decay apart from the gradient: what suits
them would drown the gradient of the others."""


def settle(plan: Plan, suggested: Mapping[str, tuple[Any, str]], count: int, world: int) -> Plan:
    """The plan with what its optimiser and its schedule ask of other settings, where the user did not say otherwise;
    `suggested` is what they were suggested with, `count` the number of training pictures. Raises `InputError` on
    settings that contradict each other."""
    _refuse(plan)
    optimiser = plan.optimiser
    another = plan.why["optimiser"] == USER and optimiser != suggested.get("optimiser", ("adamw", ""))[0]
    for name, value in USUAL[optimiser].items():
        if plan.why[name] != USER and (another or not plan.why[name]):
            plan = plan.with_setting(name, value, f"usual with {optimiser}")
    if plan.schedule == "onecycle" and plan.why["schedule"] == USER and plan.why["warmup"] != USER:
        plan = plan.with_setting("warmup", 0.3, "one cycle rises for three tenths of the steps")
    if optimiser == "gd":
        batches = max(1, math.ceil(count / (full_batch(plan.batch_size, count, world) * world)))
        plan = plan.with_setting("accumulate", batches, "gd takes one step with all pictures")
    return plan


def full_batch(batch_size: int, count: int, world: int) -> int:
    """Pictures in a forward pass of a rank where every pass over the data is cut by itself: two or more where there are
    ranks, so that each has one of the last batch."""
    return min(max(batch_size, 2 if world > 1 else 1), math.ceil(count / world))


def _refuse(plan: Plan) -> None:
    if plan.find_lr and plan.why["lr"] == USER:
        raise InputError(f"--lr {plan.lr:g} and --find-lr contradict each other: leave one of them out")
    if plan.why.get("drop_at") == USER and plan.schedule != "step":
        raise InputError(f"--drop-at {plan.drop_at} is for --schedule step, and this training's is {plan.schedule}")
    if plan.optimiser == "gd" and plan.accumulate != 1:
        raise InputError(f"--accumulate {plan.accumulate}: gd takes one step with all pictures, leave it out")
    if plan.optimiser == "gd" and plan.sampling == "balanced":
        raise InputError(
            "--sampling balanced: gd takes every picture once; --class-weights balanced does what you want"
        )
