"""A fully convolutional net (Long et al. 2015, arXiv 1411.4038): torchvision's head on a backbone of timm's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor, nn

from clearsight.core.task import Task
from clearsight.nets.backbone import Backbone, Inputs, Model
from clearsight.tasks.segment.segmenter import LIGHT, Segmenter

Stride = Literal[8, 16, 32]
"""Of the backbone's last level: in place of what would make it coarser its convolutions look further apart."""


class FCN(Segmenter):
    """FCN: a head on the last level.

    torchvision's head on the last level of a backbone of timm's, kept fine by dilated convolutions.
    """

    name = "fcn"
    on_cpu = f"backbone={LIGHT},stride=16"
    light = False

    def __init__(
        self,
        task: Task[Any],
        config: Mapping[str, Any],
        *,
        backbone: Model = "resnet50",
        inputs: Inputs = "own",
        stride: Stride = 8,
    ) -> None:
        from torchvision.models.segmentation.fcn import FCNHead

        body = Backbone.create(backbone, task.channels, inputs, (stride,), task.shape, stride=stride)
        super().__init__(task, config, body)
        self.head = FCNHead(body.channels[-1], len(task.labels))
        self.deep = nn.ModuleList()

    def features(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        assert self.backbone is not None
        return self.backbone(images)[-1], []
