"""SSD: default boxes on a chain of ever coarser maps (Liu et al. 2016, arXiv:1512.02325), on any backbone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.detection._utils import BoxCoder, Matcher, SSDMatcher
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSDHead

from clearsight.core.net import LabelAxis, Outputs
from clearsight.core.task import Situation, Task
from clearsight.nets.anchors import decode
from clearsight.nets.backbone import Backbone, Inputs, Model
from clearsight.nets.pyramid import grids
from clearsight.nets.settings import Whole
from clearsight.ops.candidates import best_candidates
from clearsight.tasks.objects.detector import Detector, Raw, matched, recipe
from clearsight.tasks.objects.task import ObjectTask
from clearsight.tasks.objects.truth import Truth

ASPECTS = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))
"""Aspects of the default boxes of each map, beside the square: those of SSD300 (section 3.1)."""

SCALES = (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05)
"""Sides of the default boxes as shares of the canvas: SSD300's on COCO (section 3.4)."""

NEGATIVES = 3
"""So many places without an object are learnt from for each one with, those that are worst (section 2.2)."""


class SSD(Detector):
    """One-stage, default boxes on six maps."""

    name = "ssd"
    parts = ("score", "box")
    anchors: Tensor

    def __init__(
        self,
        task: ObjectTask[Any],
        config: Mapping[str, Any],
        *,
        backbone: Model = "resnet50",
        inputs: Inputs = "own",
        width: Whole = 256,
    ) -> None:
        """`width` is the channels of the maps that come after the backbone's."""
        super().__init__(task, config, Backbone.create(backbone, task.channels, inputs, shape=task.shape))
        extras = len(ASPECTS) - len(self.backbone.channels)
        channels = [*self.backbone.channels, *[width] * extras]
        self.even = nn.ModuleList(L2Norm(count) for count in self.backbone.channels)
        self.more = nn.ModuleList(_halving(inputs, width) for inputs in channels[-extras - 1 : -1])
        generator = DefaultBoxGenerator(ASPECTS, scales=SCALES)
        self.head = SSDHead(channels, generator.num_anchors_per_location(), len(task.labels) + 1)
        self.coder, self.matcher = BoxCoder((10.0, 10.0, 5.0, 5.0)), SSDMatcher(0.5)
        strides = [*self.backbone.strides, *(self.backbone.strides[-1] * 2**step for step in range(1, extras + 1))]
        self.register_buffer("anchors", _anchors(generator, task.shape, strides), persistent=False)

    def maps(self, images: Tensor) -> list[Tensor]:
        """Images (B, C, H, W) in [0, 1] → the six maps that boxes are found on, the finest first."""
        maps = [even(level) for even, level in zip(self.even, self.backbone(images), strict=True)]
        for layer in self.more:
            maps.append(layer(maps[-1]))
        return maps

    def raw(self, images: Tensor) -> Raw:
        """`cls_logits` (B, A, 1 + K), the background first, and `bbox_regression` (B, A, 4): torchvision's names."""
        found: Raw = self.head(self.maps(images))
        return found

    def forward(self, images: Tensor) -> Outputs:
        raw = self.raw(images)
        boxes = decode(self.coder, raw["bbox_regression"].float(), self.anchors)
        return best_candidates(boxes, raw["cls_logits"].float().softmax(-1)[..., 1:], self.candidates)

    def losses(self, raw: Raw, known: Sequence[Truth]) -> dict[str, Tensor]:
        """Cross-entropy over the objects' places and the hardest others, smooth L1 over the objects' (eqs. 1 to 3)."""
        objects = torch.stack([matched(self.matcher, truth, self.anchors) for truth in known])
        positive = objects >= 0
        count = positive.sum().clamp(min=1)
        wanted = torch.zeros_like(objects)
        shift = []
        for row, truth in enumerate(known):
            mine = positive[row]
            learnt = objects[row, mine]
            wanted[row, mine] = truth.labels[learnt] + 1
            shift.append(self.coder.encode_single(truth.boxes[learnt], self.anchors[mine]))
        boxes = F.smooth_l1_loss(raw["bbox_regression"][positive], torch.cat(shift), reduction="sum")
        costs = F.cross_entropy(raw["cls_logits"].transpose(1, 2), wanted, reduction="none")
        hard = _hardest(costs.detach().masked_fill(objects != Matcher.BELOW_LOW_THRESHOLD, -torch.inf), positive)
        return {"score": costs[positive | hard].sum() / count, "box": boxes / count}

    def label_axis(self, name: str) -> LabelAxis:
        level = int(name.split(".")[-2])  # head.classification_head.module_list.LEVEL.weight
        return LabelAxis(outer=2 + 2 * len(ASPECTS[level]), before=1)

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        why = "SSD (Liu et al. 2016, section 3)"
        return recipe(situation, 128, why, (2e-3, "1e-3 without norms in the backbone, which stands more"), 5e-4)


class L2Norm(nn.Module):
    """Features (B, C, h, w), at every place of the same length but for a factor that each channel learns (section 3.1, and
    Liu et al. 2015, ParseNet, section 3.3). What a backbone's stages give has lengths of its own, and the head is not made
    for them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))

    def forward(self, features: Tensor) -> Tensor:
        length = features.shape[1] ** 0.5  # so that a feature is of the order of one
        normed: Tensor = F.normalize(features, dim=1) * (length * self.scale[:, None, None])
        return normed


def _halving(inputs: int, width: int) -> nn.Sequential:
    """A map of half the side: a 1×1 convolution to half the channels and a 3×3 one that leaves out every other place
    (section 2.1, figure 2)."""
    layers = nn.Sequential(
        nn.Conv2d(inputs, width // 2, 1), nn.ReLU(), nn.Conv2d(width // 2, width, 3, stride=2, padding=1), nn.ReLU()
    )
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layers


def _anchors(generator: DefaultBoxGenerator, shape: tuple[int, int], strides: Sequence[int]) -> Tensor:
    """The default boxes (A, 4) of a canvas (H, W), canvas pixels."""
    maps = [torch.zeros(1, 1, *grid) for grid in grids(shape, strides)]
    found: Tensor = generator(ImageList(torch.zeros(1, 1, *shape), [shape]), maps)[0]
    return found


def _hardest(costs: Tensor, positive: Tensor) -> Tensor:
    """Of costs (B, A), −inf where they do not count, the `NEGATIVES` times as many greatest as there are positives (B, A)
    in the picture."""
    rank = costs.argsort(1, descending=True).argsort(1)
    return (rank < NEGATIVES * positive.sum(1, keepdim=True)) & costs.isfinite()
