"""The residual nets for small pictures as classifiers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearsight.core.net import Tap
from clearsight.core.task import Situation, Task
from clearsight.nets.residual import resnet20, resnet56
from clearsight.tasks.picture.plain import PlainNet

EPOCHS: Mapping[str, float] = {"quick": 30, "balanced": 164, "best": 164}
"""64,000 steps of 128 pictures are 164 passes over 50,000."""


class CifarResNet(PlainNet):
    """A residual net of He et al. 2016, section 4.2."""

    any_size = True

    def feature_taps(self) -> list[Tap]:
        return [Tap(f"body.stages.{number}", stage) for number, stage in enumerate(self.body.stages)]

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        why = "He et al. 2016, section 4.2"
        epochs = EPOCHS[situation.recipe]
        whole = epochs == EPOCHS["best"]
        return {
            "epochs": (epochs, f"{why}: 64,000 steps on CIFAR-10" if whole else f"{why}, in fewer epochs than its 164"),
            "batch_size": (128, why),
            "optimiser": ("sgd", why),
            "lr": (0.1, why),
            "momentum": (0.9, why),
            "nesterov": (False, why),
            "weight_decay": (1e-4, why),
            "schedule": ("step", why),
            "drop_at": ("0.5,0.75", f"{why}: at 32,000 and 48,000 of 64,000 steps"),
            "warmup": (0.0, f"{why}: only its net of 110 layers needed a slow start"),
            "label_smoothing": (0.0, why),
            "shift": (0.125, f"{why}: 4 of 32 pixels"),
            "flip": (0.5, why) if task.channels == 3 else (0.0, "grey pictures may be writing, where sides matter"),
            "colour": (0.0, why),
        }


class ResNet20(CifarResNet):
    """A residual net of 20 layers."""

    name = "resnet20"
    make = staticmethod(resnet20)


class ResNet56(CifarResNet):
    """A residual net of 56 layers."""

    name = "resnet56"
    make = staticmethod(resnet56)
