"""The settings that classification chooses where the user said nothing, each with its reason.

A recipe says how much time to spend: "quick" is for trying things out, "balanced" for every day, "best" for the last
point of accuracy. It scales the passes over the data, and chooses among nets and augmentations of different cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearsight.core.task import Situation

SMALL = 96
"""Pictures up to this side are learnt at their own size; larger ones are photographs."""

TINY = 24
"""Pictures up to this side, digits say, leave a deep net nothing to halve."""

PASSES: Mapping[str, float] = {"quick": 0.4, "balanced": 1.0, "best": 2.5}
"""What each recipe multiplies the passes over the data by."""

PHOTO_NETS: Mapping[tuple[str, str], str] = {
    ("cpu", "quick"): "mobilenetv3_small_100",
    ("cpu", "balanced"): "mobilenetv3_large_100",
    ("cpu", "best"): "efficientnet_b0",
    ("gpu", "quick"): "mobilenetv3_large_100",
    ("gpu", "balanced"): "convnext_tiny",
    ("gpu", "best"): "convnext_base",
}

Settings = dict[str, tuple[Any, str]]


def default_net(size: int, situation: Situation) -> tuple[str, str]:
    """A net for pictures of this size."""
    if size <= TINY:
        return "twoconv", f"pictures of {size}×{size} need no deep net"
    if size <= SMALL:
        return "fast", f"pictures of {size}×{size}: our own net for small pictures learns in few passes"
    kind = "cpu" if situation.device == "cpu" else "gpu"
    name = PHOTO_NETS[kind, situation.recipe]
    why = "a small pretrained net is quick and transfers well" if kind == "cpu" else "a modern pretrained net"
    return name, f"photographs on a {kind.upper()}, recipe {situation.recipe}: {why}"


def suggest(size: int, channels: int, situation: Situation) -> Mapping[str, tuple[Any, str]]:
    """Settings by field of the training options."""
    settings = _transfer(situation) if situation.weights else _from_nothing(size, channels, situation)
    epochs, why = settings["epochs"]
    if situation.recipe != "balanced":
        scaled = max(1.0, round(epochs * PASSES[situation.recipe]))
        settings["epochs"] = (
            scaled,
            f"{why}, {PASSES[situation.recipe]:g} times as many for recipe {situation.recipe}",
        )
    if situation.recipe == "best":
        settings |= _best(channels)
    if size > SMALL and situation.any_size:
        settings["train_size"] = (_train_size(size), "random crops show things larger than whole photographs do")
    return settings


def _train_size(size: int) -> int:
    """About 7/8 of the side judged at: random crops magnify, so a net judged at the side that it learnt at meets things
    smaller than it knows them (Touvron et al. 2019, arXiv:1906.06423). And a step costs a quarter less."""
    return min(size, round(size * 7 / 8 / 32) * 32)


def _best(channels: int) -> Settings:
    why = "recipe best"
    found: Settings = {
        "trivialaugment": (0.5, f"{why}: longer training wants more variety"),
        "ema": (0.999, f"{why}: averaged weights waver less from step to step"),
    }
    if channels == 3:
        found["tta"] = ("flip", f"{why}: a picture and its mirror image are two opinions")
    return found


def _transfer(situation: Situation) -> Settings:
    why = "fine-tuning pretrained weights"
    count = situation.count or 100_000
    return {
        "epochs": (12 if count < 2_000 else 8 if count < 50_000 else 5, f"{why} on {count:,} pictures"),
        "batch_size": (16 if count < 1_000 else 32, f"{why}: small sets want more steps"),
        "optimiser": ("adamw", why),
        "lr": (1e-3, f"{why}: the new head moves fast"),
        "backbone_lr": (0.1, f"{why}: what is learnt already moves slowly"),
        "freeze": (2.0, f"{why}: the new head settles before the rest moves"),
        "weight_decay": (0.02, why),
        "schedule": ("cosine", why),
        "warmup": (0.1, why),
        "label_smoothing": (0.1, f"{why}: few pictures are learnt by heart soon"),
        "ema": (0.98 if count < 2_000 else 0.999, "averaged weights waver less from step to step"),
        "flip": (0.5, "photographs: left and right rarely matter"),
        "crop": (0.5, "photographs: objects come in many sizes"),
        "colour": (0.2, "photographs: light varies"),
    }


def _from_nothing(size: int, channels: int, situation: Situation) -> Settings:
    why = "training from nothing"
    count = situation.count or 100_000
    settings: Settings = {
        "epochs": (40 if count < 5_000 else 20 if count < 100_000 else 10, f"{why} on {count:,} pictures"),
        "batch_size": (32 if count < 5_000 else 128, f"{count:,} pictures"),
        "optimiser": ("adamw", why),
        "lr": (2e-3, why),
        "weight_decay": (0.02, why),
        "schedule": ("cosine", why),
        "warmup": (0.05, why),
        "shift": (0.1, "objects are not always in the middle"),
    }
    if channels == 1:
        settings["flip"] = (0.0, "grey pictures may be writing, where left and right matter")
    else:
        settings["flip"] = (0.5, "photographs: left and right rarely matter")
        settings["colour"] = (0.1 if size <= SMALL else 0.2, "light varies")
    if size > SMALL:
        settings["crop"] = (0.35, "photographs: objects come in many sizes")
        settings["epochs"] = (60 if count < 5_000 else 30, f"{why} on {count:,} photographs")
    return settings
