"""How nets answer with masks: objects are chosen first, and only those chosen are looked at closely, as masks cost most."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn

from clearsight.core.net import Net, Outputs
from clearsight.tasks.objects.selection import Selection


class InstanceNet(Net):
    """A net that gives masks to the objects that a selection keeps of those it finds."""

    selection: Selection
    """The one of the task that it was built for."""

    mask_size: int
    """Its masks are grids of so many cells a side."""

    @abstractmethod
    def answer(self, images: Tensor, selection: Selection) -> Outputs:
        """Images (B, C, H, W) in [0, 1] → `boxes` (B, D, 4) canvas pixels, uncut, `scores` (B, D) and `classes` (B, D) int64 as
        the selection gives them, and `masks` (B, D, M, M), probabilities on grids over `mask_boxes` (B, D, 4), which are those
        of `ops.box_grids`."""

    def forward(self, images: Tensor) -> Outputs:
        return self.answer(images, self.selection)


class Answering(nn.Module):
    """A net with the selection that a task asks for, which may be another one than it was trained with."""

    def __init__(self, net: InstanceNet, selection: Selection) -> None:
        super().__init__()
        self.net, self.selection = net, selection

    def forward(self, images: Tensor) -> Outputs:
        return self.net.answer(images, self.selection)
