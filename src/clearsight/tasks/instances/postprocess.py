"""From objects on the canvas, chosen and drawn, to an answer in pixels of the photograph."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from clearsight.core.pipeline import Postprocess
from clearsight.tasks.objects.postprocess import answered, on_photo


class InstancePostprocess(Postprocess):
    """What a net answers, taken to the photograph. Masks stay grids, so that the answer's size does not hang
    on the photograph's; `shown` says which scores reach the threshold of their class, by `thresholds`."""

    thresholds: Tensor

    def __init__(self, thresholds: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("thresholds", torch.tensor(thresholds))

    def forward(self, outputs: dict[str, Tensor], frame: Tensor) -> dict[str, Tensor]:
        """`boxes` (B, D, 4) photo pixels within the photograph, `mask_boxes` (B, D, 4), which may reach beyond it, `scores`
        (B, D), `classes` (B, D) float, `shown` (B, D) 0 or 1, `masks` (B, D, M, M) probabilities on grids over `mask_boxes`,
        and `extent` (B, 2), the photograph's height and width."""
        scores = outputs["scores"].float()
        _, inside = on_photo(outputs["boxes"].float(), frame)
        placed, _ = on_photo(outputs["mask_boxes"].float(), frame)
        found = answered(inside, scores, outputs["classes"], self.thresholds)
        real = scores > 0
        return {
            **found,
            "mask_boxes": placed * real[..., None],
            "masks": outputs["masks"].float() * real[..., None, None],
            "extent": frame[:, 4:6].flip(1),
        }
