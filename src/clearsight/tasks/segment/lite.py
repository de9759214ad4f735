"""Our own small segmentation net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor, nn

from clearsight.core.net import LabelAxis, Tap
from clearsight.core.task import Situation, Task
from clearsight.nets.backbone import Backbone, Inputs
from clearsight.nets.from_nothing import FROM_NOTHING
from clearsight.nets.lite import STRIDES, Body, Ladder
from clearsight.nets.settings import Switch
from clearsight.tasks.segment.segmenter import LIGHT, Segmenter

FINER = 2
"""Each place of the finest level answers for so many rows and columns of its own (Shi et al. 2016, ESPCN, section 3.1): thin
things are not blurred before they are told apart."""

Width = Annotated[int, Field(ge=24, le=1024), "a whole number from 24"]
Stand = Annotated[str, "own, or the name of one of timm's models"]


class Lite(Segmenter):
    """Our own: small, quick on a CPU.

    With a body of its own for training from nothing, or on a backbone of timm's.
    """

    name = "lite"
    light = False

    def __init__(
        self,
        task: Task[Any],
        config: Mapping[str, Any],
        *,
        backbone: Stand = "own",
        inputs: Inputs = "own",
        width: Width = 96,
        deep: Switch = True,
    ) -> None:
        stand = None if backbone == "own" else Backbone.create(backbone, task.channels, inputs, STRIDES, task.shape)
        super().__init__(task, config, stand)
        self.body = Body(task.channels) if stand is None else None
        self.ladder = Ladder(Body.channels if stand is None else stand.channels, width)
        classes, widths = len(task.labels), self.ladder.widths
        self.head = nn.Sequential(nn.Conv2d(widths[0], classes * FINER**2, 1), nn.PixelShuffle(FINER))
        self.deep = nn.ModuleList(nn.Conv2d(each, classes, 1) for each in widths[1:3] if deep)

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        if situation.weights is None:
            return FROM_NOTHING
        why = "pretrained weights need fewer pictures; backbone=own for its own"
        return {"net_options": (f"backbone={LIGHT}", why)}

    def features(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        below = self.body if self.backbone is None else self.backbone
        assert below is not None
        found = self.ladder(below(images))
        return found[0], found[1 : 1 + len(self.deep)]

    def feature_taps(self) -> list[Tap]:
        if self.body is None:
            return super().feature_taps()
        return [Tap(f"body.levels.{number}", level) for number, level in enumerate(self.body.levels)]

    def label_axis(self, name: str) -> LabelAxis:
        """The head has `FINER`² rows for each label."""
        return LabelAxis(inner=FINER**2) if name.startswith("head.") else LabelAxis()
