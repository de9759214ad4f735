"""Photograph → canvas, in plain tensor algebra that exports with any height and width.

Resampling is by the triangle filter, widened when shrinking (the antialiased bilinear of Pillow and of
`F.interpolate(antialias=True)`), written as two products with banded matrices. No Python int is made of the
photograph's height or width: it would be baked into an exported graph.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from clearsight.ops.geometry import make_frame

Fit = Literal["crop", "squash", "letterbox"]
"""How a photograph meets the canvas: keep its shape and cut what is too long, squeeze, or keep all and pad."""

STRIP = 16_000_000
"""Values of a photograph that are made numbers of 32 bits at once: a large one goes strip by strip, as all of it would take
many times what its pixels do."""

PAD = 114 / 255
"""Grey of the letterbox's bars."""


def triangle_matrix(length: Tensor, size: int, scale: Tensor, offset: Tensor) -> Tensor:
    """Weights (size, L) that take L pixels, whose indices are `length`, to `size`; pixel i lies at offset + (i + ½)·scale.

    Rows sum to 1, and to 0 where the centre is outside of the photograph (a letterbox's bars).
    """
    centre = offset + (torch.arange(size, device=length.device, dtype=torch.float32) + 0.5) * scale
    support = scale.clamp(min=1.0)
    weight = (1 - (length[None, :] + 0.5 - centre[:, None]).abs() / support).clamp(min=0.0)
    weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-6)
    inside = (centre >= 0) & (centre <= length[-1] + 1)
    return weight * inside[:, None]


def fit(photo: Tensor, shape: int | tuple[int, int], how: Fit, share: float = 1.0) -> tuple[Tensor, Tensor]:
    """Photo uint8 or float (..., H, W, C) of one size → canvas float (N, C, h, w) of the same value range, frames (N, 6).

    `shape` is the canvas's height and width, or the side of a square. `share` is the part of the short side that "crop"
    keeps (0.875 cuts a margin of an eighth).
    """
    h, w = (shape, shape) if isinstance(shape, int) else shape
    if share == 1 and not torch.compiler.is_exporting() and photo.shape[-3:-1] == (h, w):
        return _as_it_is(photo)  # what the products below come to, exactly
    rows = torch.arange(photo.shape[-3], device=photo.device, dtype=torch.float32)
    columns = torch.arange(photo.shape[-2], device=photo.device, dtype=torch.float32)
    height, width = rows[-1] + 1, columns[-1] + 1  # tensors, not ints
    scale_y, scale_x = height / h, width / w
    if how == "crop":
        scale_y = scale_x = torch.minimum(scale_y, scale_x) * share
    elif how == "letterbox":
        scale_y = scale_x = torch.maximum(scale_y, scale_x)
    offset_y, offset_x = (height - scale_y * h) / 2, (width - scale_x * w) / 2
    down = triangle_matrix(rows, h, scale_y, offset_y)
    across = triangle_matrix(columns, w, scale_x, offset_x)
    canvas = _narrowed(photo.movedim(-1, -3), down) @ across.T
    if how == "letterbox":
        covered = down.sum(1)[:, None] * across.sum(1)[None, :]
        canvas = canvas + PAD * 255 * (1 - covered)
    canvas = canvas.reshape(-1, photo.shape[-1], h, w)
    frame = make_frame((scale_x, scale_y), (offset_x, offset_y), (width, height))
    return canvas, frame.expand(canvas.shape[0], 6)


def _narrowed(pixels: Tensor, down: Tensor) -> Tensor:
    """Pixels (..., C, H, W) of any kind by weights (h, H) → float (..., C, h, W)."""
    if torch.compiler.is_exporting() or pixels.numel() <= STRIP:
        return down @ pixels.float()
    columns = max(1, STRIP * pixels.shape[-1] // pixels.numel())
    return torch.cat([down @ strip.float() for strip in torch.split(pixels, columns, -1)], -1)


def _as_it_is(photo: Tensor) -> tuple[Tensor, Tensor]:
    height, width, channels = photo.shape[-3:]
    canvas = photo.movedim(-1, -3).reshape(-1, channels, height, width).float()
    frame = torch.tensor([1.0, 1.0, 0.0, 0.0, width, height], device=photo.device)
    return canvas, frame.expand(canvas.shape[0], 6)


def squeeze(photo: Tensor, side: int) -> Tensor:
    """Photo uint8 (H, W, C) → uint8 (C, side, side), its shape given up; the same filter in 8-bit arithmetic, which is
    several times quicker. For training examples; what is judged and exported goes through `fit`."""
    if photo.shape[:2] == (side, side):
        return photo.permute(2, 0, 1).contiguous()
    pixels = photo.contiguous().permute(2, 0, 1)[None]  # channels last in memory, as torch's vectorised path wants them
    # the stride of the one picture is free to choose, and this one spares a copy of the whole
    pixels = pixels.as_strided(pixels.shape, (photo.numel(), *pixels.stride()[1:]))
    return F.interpolate(pixels, (side, side), mode="bilinear", antialias=True)[0]
