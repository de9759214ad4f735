"""A module of `nets/` as a classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from clearsight.core.net import Outputs
from clearsight.core.task import Task
from clearsight.nets import settings
from clearsight.tasks.picture.learner import ClassifierNet


class PlainNet(ClassifierNet):
    """A plain module, images (B, C, S, S) → logits (B, K), behind a fixed normalisation of pixels to [-1, 1]."""

    make: ClassVar[Callable[..., nn.Module]]
    """(channels, size, classes, settings by keyword) → the module."""

    body: Any

    def __init__(self, body: nn.Module, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.body = body
        self.config = dict(config)

    @classmethod
    def build(cls, task: Task[Any], config: Mapping[str, Any]) -> Self:
        said = settings.checked(cls.make, cls.name, config)
        return cls(cls.make(task.channels, task.size, len(task.labels), **said), config)

    @classmethod
    def choices(cls) -> dict[str, tuple[Any, str]]:
        """Its settings: name -> (default, what it may be, in words)."""
        return settings.choices(cls.make)

    def forward(self, images: Tensor) -> Outputs:
        return {"logits": self.body(images * 2 - 1)}
