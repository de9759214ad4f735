"""`fast`: our own net for small pictures, and the settings it was made for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.learner import ParamGroup
from clearsight.core.net import Outputs, Tap
from clearsight.core.task import Situation, Task
from clearsight.nets.fast import FastNet, moments
from clearsight.nets.settings import checked, choices
from clearsight.tasks.picture.learner import ClassifierNet

BUDGETS: Mapping[str, tuple[int, int, str]] = {
    "quick": (16, 2, "flip"),
    "balanced": (48, 8, "flip_shift"),
    "best": (80, 18, "flip_shift"),
}
"""Recipe -> width, passes over 50,000 pictures, views: meant for a minute, ten minutes and an hour of CIFAR-10 on two cores."""

LR = 0.12
HEAD_LR, BIAS_LR = 0.67 / LR, 5.3 / LR
"""Learning rates of the head and of the biases, as factors of the kernels'. The biases', which carry all that the norms
can learn, was found here: a hundredth of it ends a point lower after four passes over CIFAR-10, four times it no higher.
So were the kernels' rate and the batch, a half and an eighth of the source's: nearly another point."""


class Fast(ClassifierNet):
    """Our own for small pictures: quick to learn.

    `nets.fast.FastNet` behind a normalisation that is taken, like its first layer, from the training pictures.
    """

    name: ClassVar[str] = "fast"
    any_size: bool = True
    mean: Tensor
    std: Tensor

    def __init__(self, body: FastNet, channels: int, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.body = body
        self.config = dict(config)
        self.register_buffer("mean", torch.full((1, channels, 1, 1), 0.5))
        self.register_buffer("std", torch.full((1, channels, 1, 1), 0.25))

    @classmethod
    def build(cls, task: Task[Any], config: Mapping[str, Any]) -> Self:
        settings = checked(FastNet, cls.name, config)
        if task.size < 15:
            raise InputError(
                f"pictures of {task.size}×{task.size} are too small for the net fast: give --size 16 or more"
            )
        return cls(FastNet(task.channels, len(task.labels), **settings), task.channels, settings)

    @classmethod
    def choices(cls) -> dict[str, tuple[Any, str]]:
        """Its settings: name -> (default, what it may be, in words)."""
        return choices(FastNet)

    def forward(self, images: Tensor) -> Outputs:
        return {"logits": self.body((images - self.mean) / self.std)}

    @torch.no_grad()
    def prepare(self, images: Iterable[Tensor]) -> None:
        pictures = list(images)
        mean, std = moments(pictures)
        self.mean.copy_(mean.view(1, -1, 1, 1))
        self.std.copy_(std.view(1, -1, 1, 1))
        self.body.set_whitening((batch - self.mean) / self.std for batch in pictures)

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        width, epochs, views = BUDGETS[situation.recipe]
        count = situation.count or 50_000
        epochs = round(epochs * max(1.0, (50_000 / count) ** 0.5))  # few pictures are seen more often
        why, source = f"recipe {situation.recipe}", "the net fast, as in Jordan 2024"
        found: dict[str, tuple[Any, str]] = {
            "net_options": (f"width={width}", f"{why}: the widest that its time allows"),
            "epochs": (epochs, f"{why}, on {count:,} pictures"),
            "batch_size": (max(16, min(250, count // 200)), f"{count:,} pictures"),
            "optimiser": ("muon", source),
            "lr": (LR, "found on CIFAR-10"),
            "momentum": (0.6, source),
            "weight_decay": (4e-3, "found on CIFAR-10"),
            "schedule": ("linear", source),
            "warmup": (0.0, source),
            "label_smoothing": (0.2, source),
            "shift": (2 / 32, source),
            "colour": (0.0, source),
            "flip": (0.0, "mirrored at every other pass instead, or not at all"),
            "alternate": (float(task.channels == 3), "grey pictures may be writing" if task.channels == 1 else source),
            "ema": (0.0, source),
            "eval_every": (max(1.0, epochs / 3), f"{why}: a look costs time"),
            "tta": (views if task.channels == 3 else "none", f"{why}: views of one picture are several opinions"),
        }
        if situation.bf16:
            found["precision"] = ("bf16", "the device multiplies faster in bfloat16")
        return found

    def own_groups(self) -> list[ParamGroup]:
        """Muon moves the kernels alone, at a fixed norm; SGD the head and the biases, at rates of their own."""
        kernels = [p for p in self.body.groups.parameters() if p.ndim == 4]
        biases = [p for name, p in self.body.named_parameters() if name.endswith("bias")]
        muon = {"steps": 3, "scale": "none", "normalise": True}
        sgd = {"momentum": 0.85, "nesterov": True}
        return [
            ParamGroup(kernels, decay=0.0, rule="muon", settings=muon),
            ParamGroup(list(self.body.head.parameters()), HEAD_LR, decay=1 / HEAD_LR, rule="sgd", settings=sgd),
            ParamGroup(biases, BIAS_LR, decay=1 / BIAS_LR, rule="sgd", settings=sgd),
        ]

    def feature_taps(self) -> list[Tap]:
        return [Tap(f"body.groups.{number}", group) for number, group in enumerate(self.body.groups)]
