"""What some settings ask of others, once all of them have a value."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from clearsight.core.errors import InputError
from clearsight.engine.config import TrainOptions
from clearsight.engine.plan import FALLBACK, USER, Plan

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


OFF: Mapping[str, float] = {"crop": 1.0}
"""What says "none" of an augmentation where it is not 0."""


def settle(
    plan: Plan, suggested: Mapping[str, tuple[Any, str]], closing: Collection[str], count: int, world: int
) -> Plan:
    """The plan with what its optimiser and its schedule ask of other settings, where the user did not say otherwise;
    `suggested` is what they were suggested with, `closing` the augmentations that its task can end before training
    ends, `count` the number of training pictures. Raises `InputError` on settings that contradict each other."""
    _refuse(plan)
    optimiser = plan.optimiser
    another = plan.why["optimiser"] == USER and optimiser != suggested.get("optimiser", ("adamw", ""))[0]
    for name, value in USUAL[optimiser].items():
        if plan.why[name] != USER and (another or not plan.why[name]):
            plan = plan.with_setting(name, value, f"usual with {optimiser}")
    if plan.schedule == "onecycle" and plan.why["schedule"] == USER and plan.why["warmup"] != USER:
        plan = plan.with_setting("warmup", 0.3, "one cycle rises for three tenths of the steps")
    if plan.crop == 1 and plan.why["train_size"] != USER:
        plan = plan.with_setting("train_size", None, "")  # nothing is shown larger than it will be
    if optimiser == "gd":
        batches = max(1, math.ceil(count / (full_batch(plan.batch_size, count, world) * world)))
        plan = plan.with_setting("accumulate", batches, "gd takes one step with all pictures")
    if plan.precision == "16" and plan.device == "cpu":
        plan = plan.with_setting("precision", "16", f"{USER}; on a CPU that is bfloat16")
    return _without_idle(plan, closing)


def full_batch(batch_size: int, count: int, world: int) -> int:
    """Pictures in a forward pass of a rank where every pass over the data is cut by itself: two or more where there are
    ranks, so that each has one of the last batch."""
    return min(max(batch_size, 2 if world > 1 else 1), math.ceil(count / world))


def _idle(plan: Plan, closing: Collection[str]) -> dict[str, str]:
    """The settings that would do nothing, each with what it is for."""
    cycled = plan.schedule == "onecycle" and plan.optimiser in {"adam", "adamw"}  # their first beta
    step = f"--schedule step, and this training's is {plan.schedule}"
    settings: dict[str, tuple[bool, str]] = {
        "nesterov": (plan.optimiser in {"gd", "sgd"} and plan.momentum > 0, "sgd, or gd, with a momentum"),
        "momentum": (
            plan.optimiser in {"gd", "sgd", "rmsprop", "muon"} or cycled,
            "gd, sgd, rmsprop and muon, and for the one cycle of adam and adamw",
        ),
        "focal_gamma": ("focal" in str(plan.loss), f"--loss focal, and this training's is {plan.loss}"),
        "drop_at": (plan.schedule == "step", step),
        "drop_every": (
            plan.schedule == "step" and not plan.drop_at,
            "--schedule step without --drop-at" if plan.schedule == "step" else step,
        ),
        "drop_factor": (plan.schedule == "step", step),
        "close": (
            any(plan.settings.get(name) not in (None, 0, OFF.get(name)) for name in closing),
            f"trainings with {', '.join(f'--{name}' for name in sorted(closing))}",
        ),
    }
    return {name: use for name, (acts, use) in settings.items() if not acts}


def _without_idle(plan: Plan, closing: Collection[str]) -> Plan:
    """The plan without what would do nothing: refused where the user said it, else not written down as if it acted."""
    if plan.why["drop_every"] == USER and plan.why["drop_at"] != USER:
        plan = plan.with_setting("drop_at", None, "")
    for name, use in _idle(plan, closing).items():
        if plan.why[name] != USER:
            plan = plan.with_setting(name, FALLBACK.get(name, TrainOptions.model_fields[name].default), "")
        elif plan.settings[name] is not False:
            raise InputError(f"--{name.replace('_', '-')} is for {use}; leave it out")
    return plan


def _refuse(plan: Plan) -> None:
    if plan.steps is not None and plan.why["epochs"] == USER:
        raise InputError(f"--epochs {plan.epochs:g} and --steps {plan.steps} both say how long: leave one of them out")
    if plan.find_lr and plan.why["lr"] == USER:
        raise InputError(f"--lr {plan.lr:g} and --find-lr contradict each other: leave one of them out")
    if plan.optimiser == "gd" and plan.accumulate != 1:
        raise InputError(f"--accumulate {plan.accumulate}: gd takes one step with all pictures, leave it out")
    if plan.optimiser == "gd" and plan.sampling == "balanced":
        raise InputError(
            "--sampling balanced: gd takes every picture once; --class-weights balanced does what you want"
        )
