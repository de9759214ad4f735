"""The settings that segmentation chooses where the user said nothing, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearsight.core.task import Situation

PASSES: Mapping[str, float] = {"quick": 0.4, "balanced": 1.0, "best": 2.0}
"""What each recipe multiplies the passes over the data by."""

BLENDED = "a pixel would be of two classes at once"
MOVED = "its operations move pixels without their classes"
UNFITTING: Mapping[str, str] = {
    "parts": "--crop and --train-size show parts of pictures",
    "sampling": "most pictures show most classes; --rare draws what is shown of them by class",
    "mixup": BLENDED,
    "cutmix": "a crop shows parts of pictures as well; leave it out",
    "mosaic": "its pixels teach as much one picture at a time",
    "close": "nothing is mixed",
    "alternate": "it mirrors small pictures in turn; flip mirrors by lot",
    "erase": "what is hidden would still have its class",
    "randaugment": MOVED,
    "trivialaugment": MOVED,
    "progressive": "what is learnt from has one size",
}
"""Training options that mean nothing to segmentation."""


def suggest(situation: Situation) -> dict[str, tuple[Any, str]]:
    """Settings by field of the training options."""
    why = "fine-tuning pretrained weights" if situation.weights else "training from nothing"
    count = situation.count or 100_000
    passes = (40 if count < 2_000 else 20 if count < 20_000 else 8) * (1 if situation.weights else 2)
    epochs = max(1.0, round(passes * PASSES[situation.recipe]))
    settings: dict[str, tuple[Any, str]] = {
        "epochs": (epochs, f"{why} on {count:,} pictures, recipe {situation.recipe}"),
        "batch_size": (8, "each pixel is an example, so few pictures make a batch"),
        "loss": ("ce+dice", "pixels one by one, and regions as they are judged: small classes count as much as large"),
        "optimiser": ("adamw", why),
        "lr": (1e-3 if situation.weights else 2e-3, why),
        "weight_decay": (0.02, why),
        "schedule": ("cosine", why),
        "warmup": (0.05, why),
        "clip": (5.0, "a batch of few pictures may have wild gradients"),
        "ema": (0.99 if count < 2_000 else 0.999, "averaged weights waver less from step to step"),
        "flip": (0.5, "left and right rarely matter"),
        "scale": (0.3, "things come in many sizes"),
        "crop": (0.5, "what is shown larger shows more of small classes; bars beside smaller pictures teach nothing"),
        "rare": (0.5, "small classes are seen as often as large ones"),
        "colour": (0.3, "light varies"),
        "eval_every": (5.0, "looks cost time"),
    }
    if situation.weights:
        settings["backbone_lr"] = (0.3, f"{why}: what is learnt already moves more slowly")
        settings["freeze"] = (1.0, f"{why}: the new layers settle before the rest moves")
        settings["still"] = (0.25, f"{why}: edges and corners are known, and cost most to learn")
    if situation.recipe == "best":
        settings["tta"] = ("flip", "recipe best: a picture and its mirror image are two opinions")
    return settings
