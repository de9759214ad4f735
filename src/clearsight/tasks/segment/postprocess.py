"""From logits on the canvas to the class of each pixel of the photograph."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from clearsight.core.pipeline import Postprocess

STRIP = 4_000_000
"""Values, all classes together, that are enlarged at once: a large photograph goes strip by strip, so that no memory is
needed for more of it than its answer takes."""


class SegmentPostprocess(Postprocess):
    """Logits (1, K, h, w) and the frame (1, 6) of one picture → `mask` uint8 (1, H, W), the class of each pixel of the
    photograph, and where they are asked for `probabilities` (1, K, H, W), the softmax of the logits there.

    Logits are enlarged, not classes, so that borders run smoothly between the canvas's pixels: bilinear, by the frame.
    Beyond the outermost pixels of the canvas whose middles lie on the photograph they go on as they are, since the bars
    beside it say nothing.
    """

    def __init__(self, probabilities: bool) -> None:
        super().__init__()
        self.probabilities = probabilities

    def forward(self, outputs: dict[str, Tensor], frame: Tensor) -> dict[str, Tensor]:
        logits = outputs["logits"].float()
        scale_x, scale_y, offset_x, offset_y, wide, high = frame[0].unbind()
        # an exported graph takes both from the frame of the photograph that it is given: `int` would fix them
        height: Any = high.round().long().item()
        width: Any = wide.round().long().item()
        torch._check(height >= 1)
        torch._check(width >= 1)
        across = _weights(width, wide, scale_x, offset_x, logits.shape[-1])
        down = _weights(height, high, scale_y, offset_y, logits.shape[-2])
        if self.probabilities:
            shares = _enlarged(logits, down, across).softmax(1)
            return {"mask": shares.argmax(1).to(torch.uint8), "probabilities": shares}
        if torch.compiler.is_exporting():
            return {"mask": _largest(logits, down, across)}
        rows = max(1, STRIP // (logits.shape[1] * width))
        strips = zip(*(torch.split(part, rows) for part in down), strict=True)
        return {"mask": torch.cat([_enlarged(logits, part, across).argmax(1).to(torch.uint8) for part in strips], 1)}


Weights = tuple[Tensor, Tensor, Tensor]
"""Of each pixel of the photograph along an axis (L,): the canvas's pixels before and behind it, and the share of the latter."""


def _weights(count: int, length: Tensor, scale: Tensor, offset: Tensor, side: int) -> Weights:
    """Where `count` pixels of a photograph lie on a canvas of `side` pixels; `length` is the count again, as a tensor."""
    places = torch.arange(count, device=scale.device, dtype=torch.float32)
    places = (places + 0.5 - offset) / scale - 0.5  # in pixels from the middle of the first
    ends = torch.stack([(-offset / scale - 0.5).ceil(), ((length - offset) / scale - 0.5).floor()])
    middle = ((length / 2 - offset) / scale).floor()
    ends = torch.where(ends[0] > ends[1], middle, ends)  # a photograph may be thinner than a pixel of the canvas
    ends = ends.clamp(0, side - 1)
    places = torch.minimum(torch.maximum(places, ends[0]), ends[1])
    before = places.floor()
    behind = (before + 1).clamp(max=side - 1)
    return before.long(), behind.long(), places - before


def _largest(logits: Tensor, down: Weights, across: Weights) -> Tensor:
    """The class whose enlarged logits (1, K, h, w) are largest, uint8 (1, H, W), of equal ones the first. In an exported graph,
    which knows no strips, class by class: all at once would take K times the memory of the photograph's pixels."""
    best = _enlarged(logits[:, :1], down, across)
    which = torch.zeros_like(best, dtype=torch.uint8)
    for number in range(1, logits.shape[1]):
        value = _enlarged(logits[:, number : number + 1], down, across)
        which = torch.where(value > best, torch.full_like(which, number), which)
        best = torch.maximum(best, value)
    return which[:, 0]


def _enlarged(logits: Tensor, down: Weights, across: Weights) -> Tensor:
    """Logits (1, K, h, w) → (1, K, H, W)."""
    (above, below, low), (left, right, far) = down, across
    rows = torch.lerp(logits[:, :, above], logits[:, :, below], low[:, None])
    return torch.lerp(rows[..., left], rows[..., right], far)
