"""What the tests of the detectors share: a small task, scenes, and a feature extractor as torchvision's detectors want it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from clearsight.core.pipeline import Batch
from clearsight.core.registry import find
from clearsight.ops.boxes import clip

SIDE = 128
LABELS = ("ant", "bee", "cat")

SMALL: dict[str, dict[str, Any]] = {
    "ssd": {"backbone": "test_efficientnet", "width": 32},
    "retinanet": {"backbone": "test_efficientnet", "width": 64},
    "fcos": {"backbone": "test_efficientnet", "width": 64, "depth": 2},
    "faster-rcnn": {"backbone": "test_efficientnet", "width": 32, "hidden": 32, "proposals": 40, "regions": 24},
    "dfine": {"scale": "tiny", "queries": 30, "denoising": 10},
}
"""A configuration of every detector but our own."""


def make_task(labels: tuple[str, ...] = LABELS, size: int = SIDE, **settings: Any) -> Any:
    """The task `detect` for a square canvas."""
    return find("tasks", "detect")(labels=labels, size=size, **settings)


def make_net(name: str, task: Any, seed: int = 0, **config: Any) -> Any:
    """A small net of that name, its last layers drawn wide so that places differ in what they say."""
    torch.manual_seed(seed)
    net = find("nets", f"detect.{name}").build(task, {**SMALL[name], **config})
    for layer, module in net.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear) and ("cls" in layer or "bbox" in layer):
            nn.init.normal_(module.weight, std=0.05)
    return net


def scenes(known: tuple[bool, ...] = (True, True, True), crowds: tuple[tuple[float, ...], ...] = ()) -> Batch:
    """A batch of noise: the first picture has three objects, the second none, every other one two; `crowds` are boxes of
    crowds in the first."""
    generator = torch.Generator().manual_seed(3)
    count, most = len(known), 4 + len(crowds)
    boxes, labels = torch.zeros(count, most, 4), torch.full((count, most), -1)
    crowd = torch.zeros(count, most, dtype=torch.bool)
    there = [[(10, 12, 50, 60), (70, 20, 110, 50), (40, 80, 56, 120)], [], [(5, 5, 40, 100), (60, 30, 120, 70)]]
    for row in range(count):
        for number, box in enumerate(there[min(row, 2)]):
            boxes[row, number], labels[row, number] = torch.tensor(box).float(), (row + number) % len(LABELS)
    for number, box in enumerate(crowds, 4):
        boxes[0, number], labels[0, number], crowd[0, number] = torch.tensor(box), 0, True
    targets = {"boxes": boxes, "labels": labels, "crowd": crowd, "known": torch.tensor(known)}
    images = torch.rand(count, 3, SIDE, SIDE, generator=generator)
    return Batch(images, targets, [f"scene/{row}" for row in range(count)])


def as_targets(batch: Batch, first: int) -> list[dict[str, Tensor]]:
    """The batch's targets as torchvision's detectors take them; `first` is the index of the first class."""
    rows = [labels >= 0 for labels in batch.targets["labels"]]
    return [
        {"boxes": boxes[real], "labels": labels[real] + first}
        for boxes, labels, real in zip(batch.targets["boxes"], batch.targets["labels"], rows, strict=True)
    ]


class Features(nn.Module):
    """Our net's feature levels, by number, as a backbone of torchvision's detectors."""

    def __init__(self, net: Any, width: int | list[int]) -> None:
        super().__init__()
        self.net, self.out_channels = net, width

    def forward(self, images: Tensor) -> OrderedDict[str, Tensor]:
        net = self.net
        features = net.maps(images) if hasattr(net, "maps") else net.pyramid(net.backbone(images))
        return OrderedDict((str(number), level) for number, level in enumerate(features))


PLAIN: dict[str, Any] = {"image_mean": [0.0] * 3, "image_std": [1.0] * 3}
"""What keeps torchvision's detectors from normalising, as our backbones do that themselves."""


def rows(boxes: Tensor, scores: Tensor, classes: Tensor) -> np.ndarray[Any, Any]:
    """Detections of a picture (N, 6) in an order that does not hang on equal scores: by class, box, score."""
    table = torch.cat([classes[:, None].double(), boxes.double(), scores[:, None].double()], 1).numpy()
    return table[np.lexsort(table.T[::-1])]


def candidates(net: Any, images: Tensor) -> list[np.ndarray[Any, Any]]:
    """All that the net proposes for each picture, cut off at the border of the canvas, as `rows`."""
    net.candidates = 10**6
    with torch.no_grad():
        found = net.eval()(images)
    boxes = clip(found["boxes"], float(SIDE), float(SIDE))
    return [rows(*each) for each in zip(boxes, found["scores"], found["classes"], strict=True)]
