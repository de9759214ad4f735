"""How a classifier learns: cross-entropy, whatever the net."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from clearsight.core.learner import Learner, ParamGroup, split_decay
from clearsight.core.net import Net, Outputs
from clearsight.core.pipeline import Batch
from clearsight.losses.cross_entropy import cross_entropy


class ClassifierNet(Net):
    """A net that gives {"logits": (B, K)}."""

    @abstractmethod
    def forward(self, images: Tensor) -> Outputs: ...

    def learner(self, options: Mapping[str, Any]) -> Classifier:
        return Classifier(
            self,
            label_smoothing=options.get("label_smoothing", 0.0),
            class_weights=options.get("class_weights"),
            backbone_lr=options.get("backbone_lr", 1.0),
        )


class Classifier(Learner):
    """Cross-entropy on the logits, with label smoothing and class weights (K,)."""

    class_weights: Tensor | None

    def __init__(
        self,
        net: Net,
        label_smoothing: float = 0.0,
        class_weights: Tensor | None = None,
        backbone_lr: float = 1.0,
    ) -> None:
        super().__init__()
        self.net = net
        self.label_smoothing = label_smoothing
        self.backbone_lr = backbone_lr
        self.register_buffer("class_weights", class_weights, persistent=False)

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        logits = self.net(batch.images)["logits"].float()
        target = batch.targets.get("shares", batch.targets["label"])
        return {"loss": cross_entropy(logits, target, self.label_smoothing, self.class_weights)}

    def parameter_groups(self, phase: str) -> list[ParamGroup]:
        kept = {id(p) for p in self.net.backbone_parameters()}
        head = [p for p in self.net.parameters() if id(p) not in kept]
        return split_decay(head) + split_decay(self.net.backbone_parameters(), self.backbone_lr)
