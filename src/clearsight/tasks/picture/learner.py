"""How a net that gives one vector for a picture learns: by the loss that the task has chosen, whatever the net."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from clearsight.core.learner import GroupedLearner, ParamGroup
from clearsight.core.net import Net, Outputs
from clearsight.core.pipeline import Batch
from clearsight.losses.named import Loss, one_label


class ClassifierNet(Net):
    """A net that gives {"logits": (B, K)}: for one of K labels, for several of them, or for K numbers."""

    @abstractmethod
    def forward(self, images: Tensor) -> Outputs: ...

    def own_groups(self) -> list[ParamGroup]:
        """How the optimiser is to move this net, where it was made for one way; empty where any will do."""
        return []

    def learner(self, options: Mapping[str, Any]) -> Classifier:
        loss = options.get("criterion") or one_label("cross_entropy", options.get("label_smoothing", 0.0))
        return Classifier(self, loss, options)


class Classifier(GroupedLearner):
    """A loss on the logits, with class weights (K,), the option `class_weights`.

    Targets are those that the task's stages give: "answer" (B, K), NaN where unknown; or "label" (B,), −1 where
    unknown, and in its place, where pictures were mixed, "shares" (B, K), all zero where unknown.
    """

    net: ClassifierNet
    class_weights: Tensor | None

    def __init__(self, net: ClassifierNet, loss: Loss, options: Mapping[str, Any]) -> None:
        super().__init__(net, options)
        self.loss = loss
        self.register_buffer("class_weights", options.get("class_weights"), persistent=False)

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        logits = self.net(batch.images)["logits"].float()
        target = next(batch.targets[name] for name in ("answer", "shares", "label") if name in batch.targets)
        return {"loss": self.loss(logits, target, self.class_weights)}

    def parameter_groups(self, phase: str) -> list[ParamGroup]:
        """The net's own groups, where it has some; else head and pretrained part apart."""
        return self.net.own_groups() or super().parameter_groups(phase)
