"""The small classic nets as classifiers: `feedforward`, `lenet`, `twoconv`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from clearsight.core.errors import InputError
from clearsight.core.net import Outputs, Tap
from clearsight.core.task import Task
from clearsight.nets import classic
from clearsight.tasks.classify.learner import ClassifierNet


class ClassicNet(ClassifierNet):
    """A plain module behind a fixed normalisation of pixels to [-1, 1]."""

    make: ClassVar[Callable[..., nn.Sequential]]

    def __init__(self, body: nn.Sequential, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.body = body
        self.config = dict(config)

    @classmethod
    def build(cls, task: Task[Any], config: Mapping[str, Any]) -> Self:
        try:
            body = cls.make(task.channels, task.size, len(task.labels), **config)
        except TypeError as error:
            raise InputError(f"the net {cls.name} does not know this setting: {error}") from None
        return cls(body, config)

    def forward(self, images: Tensor) -> Outputs:
        return {"logits": self.body(images * 2 - 1)}

    def feature_taps(self) -> list[Tap]:
        layers = dict(self.body.named_children())
        return [Tap(f"body.{name}", layer) for name, layer in layers.items() if isinstance(layer, nn.Conv2d)]


class FeedForward(ClassicNet):
    """Fully connected layers on the pixels."""

    name = "feedforward"
    make = staticmethod(classic.feedforward)


class LeNet(ClassicNet):
    """Two 5×5 convolutions, 120-84-classes."""

    name = "lenet"
    make = staticmethod(classic.lenet)


class TwoConv(ClassicNet):
    """Two 3×3 convolutions of 32 and 64 channels, 128 hidden units."""

    name = "twoconv"
    make = staticmethod(classic.twoconv)
