"""From a place of the detector to the mask of the object that it finds.

Every place brings the weights of a small net of its own, which says of each point of its box whether the object covers it, by
features of the picture and by where in the box the point lies (Tian et al. 2020, CondInst, section 3.2; Lyu et al. 2022,
RTMDet, section 4.2). It is asked at the cells of a grid over the box and nowhere else, so that hundreds of small objects
cost as much as hundreds of large ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import roi_align

from clearsight.nets.yolo.blocks import Conv, Separable

STRIDE = 4
"""Canvas pixels from one place of the features to the next."""


class MaskFeatures(nn.Module):
    """The backbone's maps at stride 4 (B, C, H / 4, W / 4) and the neck's finest level (B, width, h, w) → what masks are told
    by (B, features, H / 4, W / 4): edges from the former, what belongs together from the latter."""

    def __init__(self, channels: int, width: int, hidden: int, features: int) -> None:
        super().__init__()
        self.fine, self.coarse = Conv(channels, hidden), Conv(width, hidden)
        self.mixed = nn.Sequential(Separable(hidden, hidden), Separable(hidden, hidden))
        self.project = nn.Conv2d(hidden, features, 1)

    def forward(self, maps: Tensor, level: Tensor) -> Tensor:
        fine, coarse = self.fine(maps), self.coarse(level)
        if coarse.shape[-2:] != fine.shape[-2:]:
            coarse = F.interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)
        found: Tensor = self.project(self.mixed(fine + coarse))
        return found


class MaskNets(nn.Module):
    """Features (B, F, H / 4, W / 4), boxes (B, D, 4) in canvas pixels and the numbers that each brings (B, D, `count`) → mask
    logits (B, D, M, M) on grids over the boxes, M being `side`.

    Two hidden layers of F units; a cell's inputs are the features at its middle and its place in the box, from −1 to 1.
    """

    cells: Tensor

    def __init__(self, features: int, side: int) -> None:
        super().__init__()
        self.features, self.side = features, side
        self.shapes = ((features, features + 2), (features, features), (1, features))
        step = (torch.arange(side) * 2 + 1) / side - 1
        y, x = torch.meshgrid(step, step, indexing="ij")
        self.register_buffer("cells", torch.stack([x, y]).reshape(1, 2, -1), persistent=False)

    @property
    def count(self) -> int:
        """How many numbers such a net is made of: weights and biases."""
        return sum(outputs * (inputs + 1) for outputs, inputs in self.shapes)

    def begin(self, projects: Sequence[nn.Conv2d]) -> None:
        """Let convolutions that bring the numbers begin with one and the same net for all places, drawn at random: nets of
        zeros would have nothing to learn from."""
        numbers = []
        for outputs, inputs in self.shapes:
            numbers += [torch.randn(outputs * inputs) * (2 / inputs) ** 0.5, torch.zeros(outputs)]
        for project in projects:
            nn.init.normal_(project.weight, std=0.01)
            assert project.bias is not None
            project.bias.data.copy_(torch.cat(numbers))

    def forward(self, features: Tensor, boxes: Tensor, numbers: Tensor) -> Tensor:
        count, each = boxes.shape[:2]
        if torch.compiler.is_exporting():  # the number of pictures is not known then
            pictures = torch.arange(count, device=boxes.device)[:, None].expand(count, each).flatten()
            found = self.at(features, pictures, boxes.flatten(0, 1), numbers.flatten(0, 1))
            return found.reshape(count, each, self.side, self.side)
        first = torch.zeros(each, dtype=torch.long, device=boxes.device)
        parts = zip(torch.split(features, 1), boxes, numbers, strict=True)  # one by one, so that memory stays small
        return torch.stack([self.at(one, first, box, number) for one, box, number in parts])

    def at(self, features: Tensor, pictures: Tensor, boxes: Tensor, numbers: Tensor) -> Tensor:
        """The same for boxes (R, 4) of pictures (R,), with numbers (R, count): (R, M, M)."""
        regions = torch.cat([pictures.to(boxes.dtype)[:, None], boxes], 1)
        # the middle of a cell is where it is read: what the picture shows between has been seen by the convolutions
        read = roi_align(features.float(), regions, self.side, 1 / STRIDE, sampling_ratio=1, aligned=True)
        x = torch.cat([read.flatten(2), self.cells.expand(boxes.shape[0], -1, -1)], 1)
        parts = torch.split(numbers.float(), [size for o, i in self.shapes for size in (o * i, o)], 1)
        for layer, (outputs, inputs) in enumerate(self.shapes):
            weight, bias = parts[2 * layer].reshape(-1, outputs, inputs), parts[2 * layer + 1]
            x = torch.bmm(weight, x) + bias[..., None]
            x = F.relu(x) if layer + 1 < len(self.shapes) else x
        return x.reshape(-1, self.side, self.side)
