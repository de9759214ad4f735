"""What all segmentation nets share: logits on the canvas, heads that are learnt from alone, and how a batch is learnt from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clearsight.core.learner import GroupedLearner
from clearsight.core.net import Outputs
from clearsight.core.pipeline import Batch
from clearsight.core.task import Situation, Task
from clearsight.losses.segmentation import Loss, segmentation_loss
from clearsight.nets import timm as adapter
from clearsight.nets.backbone import Backbone, OnBackbone
from clearsight.nets.settings import Configured

DEEP = 0.4
"""How much the losses of the heads count that are learnt from alone (Zhao et al. 2017, PSPNet, section 3.3)."""

LIGHT = "mobilenetv2_100"
"""The backbone where there is no GPU."""


class Segmenter(Configured, OnBackbone):
    """A net that gives each pixel of the canvas a logit for each class. The keyword-only parameters of its `__init__` are its
    settings."""

    any_size: bool = True
    on_cpu: ClassVar[str] = f"backbone={LIGHT}"
    """The settings that are suggested where there is no GPU."""
    head: nn.Module
    """The last features → logits (B, K, h, w)."""
    deep: nn.ModuleList
    """Heads that are learnt from alone, whose gradients reach deep layers by a short way."""

    def __init__(self, task: Task[Any], config: Mapping[str, Any], backbone: Backbone | None) -> None:
        super().__init__()
        self.config, self.channels = dict(config), task.channels
        self.backbone = backbone
        if backbone is not None:
            self.any_size = adapter.own_size(backbone.name) is None

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        if situation.device != "cpu":
            return {}
        return {"net_options": (cls.on_cpu, "on a CPU a light backbone leaves time to learn")}

    @abstractmethod
    def features(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Images (B, C, H, W) in [0, 1] → what `head` reads, and what each of `deep` does."""

    def forward(self, images: Tensor) -> Outputs:
        last, _ = self.features(images)
        return {"logits": enlarged(self.head(last), images.shape[-2:])}

    def raw(self, images: Tensor) -> list[Tensor]:
        """Logits (B, K, h, w), of whatever height and width: those it answers by, then those learnt from alone."""
        last, deep = self.features(images)
        return [self.head(last), *(head(each) for head, each in zip(self.deep, deep, strict=True))]

    def learner(self, options: Mapping[str, Any]) -> SegmentLearner:
        return SegmentLearner(self, options.get("criterion") or segmentation_loss("ce"), options)


def enlarged(logits: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """Logits (B, K, h, w) → (B, K, H, W), bilinear."""
    if logits.shape[-2:] == tuple(size):
        return logits
    return F.interpolate(logits, size=tuple(size), mode="bilinear", align_corners=False)


def shrunk(mask: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """Classes (B, H, W) → (B, h, w): each pixel takes the class at its middle."""
    rows, columns = (
        ((torch.arange(made, device=mask.device) * 2 + 1) * given).div(2 * made, rounding_mode="floor")
        for made, given in zip(size, mask.shape[1:], strict=True)
    )
    return mask[:, rows][:, :, columns]


class SegmentLearner(GroupedLearner):
    """The task's loss on the logits as large as the canvas, and on those of each head that is learnt from alone, as large as
    they are; what is void counts for nothing."""

    net: Segmenter

    def __init__(self, net: Segmenter, loss: Loss, options: Mapping[str, Any]) -> None:
        super().__init__(net, options)
        self.loss = loss

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        mask = batch.targets["mask"]
        answer, *deep = self.net.raw(batch.images)
        losses = {"loss": self.loss(enlarged(answer, mask.shape[1:]), mask)}
        if deep:
            found = torch.stack([self.loss(each, shrunk(mask, each.shape[-2:])) for each in deep])
            losses["deep"] = DEEP * found.mean()
        return losses
