"""Any of timm's models as a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from torch import Tensor, nn

from clearsight.core.net import Outputs, Tap
from clearsight.core.task import Task
from clearsight.nets import timm as adapter
from clearsight.tasks.picture.learner import ClassifierNet


class TimmClassifier(ClassifierNet):
    """A timm model by name, with the normalisation its pretrained weights expect."""

    name = "timm"
    mean: Tensor
    std: Tensor

    def __init__(self, model: nn.Module, channels: int, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.model = model
        self.config = dict(config)
        self.any_size = self.own_size(config) is None
        mean, std = adapter.normalisation(model, channels)
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    @classmethod
    def build(cls, task: Task[Any], config: Mapping[str, Any]) -> Self:
        settings = dict(config)
        model = adapter.create(settings.pop("model"), len(task.labels), task.channels, task.size, **settings)
        return cls(model, task.channels, config)

    @classmethod
    def own_size(cls, config: Mapping[str, Any]) -> int | None:
        return adapter.own_size(config["model"])

    def load_pretrained(self, weights: str) -> str:
        state = adapter.read_weights(weights, self.config["model"])
        source = f"timm's {self.config['model']}" if weights == "download" else weights
        return str(adapter.load_weights(self.model, state, source))

    def forward(self, images: Tensor) -> Outputs:
        return {"logits": self.model((images - self.mean) / self.std)}

    def feature_taps(self) -> list[Tap]:
        layers = dict(self.model.named_modules())
        found = [entry["module"] for entry in getattr(self.model, "feature_info", []) if isinstance(entry, dict)]
        return [Tap(f"model.{name}", layers[name]) for name in found if name in layers]

    def backbone_blocks(self) -> list[list[nn.Parameter]]:
        return adapter.blocks(self.model, self.backbone_parameters())

    def backbone_parameters(self) -> list[nn.Parameter]:
        heads = tuple(f"{name}." for name in adapter.head_names(self.model))
        return [p for name, p in self.model.named_parameters() if not name.startswith(heads)]
