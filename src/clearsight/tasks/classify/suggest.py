"""The settings that classification chooses where the user said nothing, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearsight.core.task import Situation

SMALL = 96
"""Pictures up to this side are learnt at their own size; larger ones are photographs."""


def default_net(size: int, device: str) -> tuple[str, str]:
    """A net for pictures of this size."""
    if size <= SMALL:
        return "twoconv", f"pictures of {size}×{size} need no deep net"
    if device == "cpu":
        return "mobilenetv3_large_100", "photographs on a CPU: a small pretrained net is quick and transfers well"
    return "convnext_tiny", "photographs on a GPU: a modern pretrained net"


def suggest(size: int, channels: int, situation: Situation) -> Mapping[str, tuple[Any, str]]:
    """Settings by field of the training options."""
    return _transfer(situation) if situation.weights else _from_nothing(size, channels, situation)


def _transfer(situation: Situation) -> dict[str, tuple[Any, str]]:
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


def _from_nothing(size: int, channels: int, situation: Situation) -> dict[str, tuple[Any, str]]:
    why = "training from nothing"
    count = situation.count or 100_000
    settings: dict[str, tuple[Any, str]] = {
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
