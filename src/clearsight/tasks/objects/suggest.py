"""The settings that the tasks which find objects choose where the user said nothing, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearsight.core.task import Situation

PASSES: Mapping[str, float] = {"quick": 0.4, "balanced": 1.0, "best": 2.0}
"""What each recipe multiplies the passes over the data by."""

LABELS = "a detector's places learn how well their box fits, not a label alone"
UNFITTING: Mapping[str, str] = {
    "label_smoothing": LABELS,
    "class_weights": LABELS,
    "focal_gamma": LABELS,
    "loss": "each detector brings its own losses",
    "sampling": "a picture may show every class at once",
    "rare": "--crop shows an object drawn by lot",
    "cutmix": "boxes that are cut in two would have to be guessed; mosaic does the same with whole pictures",
    "alternate": "it mirrors small pictures in turn; flip mirrors by lot",
    "erase": "it may hide whole objects, whose boxes would stay",
    "randaugment": "its operations move pixels without their boxes",
    "trivialaugment": "its operations move pixels without their boxes",
    "progressive": "the canvas has one shape",
    "train_size": "the canvas has one shape",
    "tta": "views are not averaged where boxes differ",
}
"""Training options that mean nothing where objects are to be found."""


def suggest(situation: Situation) -> dict[str, tuple[Any, str]]:
    """Settings by field of the training options."""
    why = "fine-tuning pretrained weights" if situation.weights else "training from nothing"
    count = situation.count or 100_000
    few = count < 2_000
    epochs = (70 if few else 30 if count < 20_000 else 12) * (1 if situation.weights else 1.5)
    epochs = max(1.0, round(epochs * PASSES[situation.recipe]))
    settings: dict[str, tuple[Any, str]] = {
        "epochs": (epochs, f"{why} on {count:,} pictures, recipe {situation.recipe}"),
        "batch_size": (8, "a picture holds many objects, so few pictures make a batch"),
        "optimiser": ("adamw", "one-stage detectors learn by it from few pictures (Lyu et al. 2022, RTMDet)"),
        "lr": (1e-3, why),
        "weight_decay": (0.05, "as RTMDet (Lyu et al. 2022, table 1)"),
        "schedule": ("cosine", why),
        "warmup": (0.05, why),
        "clip": (10.0, "a batch of few boxes may have wild gradients"),
        # over 200 steps where these are several passes: an average over more holds what mosaics taught long after they end
        "ema": (0.995 if few else 0.998 if count < 20_000 else 0.9998, "averaged weights waver less from step to step"),
        "flip": (0.5, "left and right rarely matter"),
        "scale": (0.4, "objects come in many sizes"),
        "shift": (0.1, "objects may be cut by the border"),
        "colour": (0.3, "light varies"),
        "mosaic": (0.5, "four pictures in one are more objects, on other backgrounds (Bochkovskiy et al. 2020)"),
        "close": (0.4 if few else 0.25, "the last passes see photographs as they are (Ge et al. 2021)"),
        "eval_every": (5.0, "looks cost time"),
    }
    if situation.weights:
        settings["backbone_lr"] = (0.5, f"{why}: what is learnt already moves more slowly")
        settings["freeze"] = (1.0, f"{why}: neck and head settle before the rest moves")
        settings["still"] = (0.33, f"{why}: edges and corners are known, and cost most to learn")
    return settings
