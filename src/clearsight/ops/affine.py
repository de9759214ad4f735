"""Affine maps of a whole batch: composed as matrices, then resampled once, so that nothing is blurred twice.

A matrix (B, 3, 3) leads from a place in the picture that is made to the place in the given picture that is shown there.
Both are in coordinates of −1 to 1 from edge to edge, x to the right, y down. `first @ second` is what resampling by
`first` and then by `second` would make.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

Value = Tensor | float


def matrix(first: tuple[Value, Value, Value], second: tuple[Value, Value, Value]) -> Tensor:
    """Matrices (B, 3, 3) from their first two rows, whose values are (B,) or, where all pictures share them, numbers."""
    known = [value for value in (*first, *second) if isinstance(value, Tensor)]
    parts = [value if isinstance(value, Tensor) else torch.full_like(known[0], value) for value in (*first, *second)]
    zero, one = torch.zeros_like(parts[0]), torch.ones_like(parts[0])
    return torch.stack([*parts, zero, zero, one], 1).reshape(-1, 3, 3)


def stretch(x: Value, y: Value) -> Tensor:
    """Show `x` times as much across and `y` times as much down: above 1 the picture becomes smaller."""
    return matrix((x, 0.0, 0.0), (0.0, y, 0.0))


def turn(angle: Tensor) -> Tensor:
    """Turn the picture anticlockwise about its middle by radians."""
    cos, sin = angle.cos(), angle.sin()
    return matrix((cos, -sin, 0.0), (sin, cos, 0.0))


def slant(x: Value, y: Value = 0.0) -> Tensor:
    """Slant about the middle: a step down leads `x` to the right in the given picture, a step to the right `y` down."""
    return matrix((1.0, x, 0.0), (y, 1.0, 0.0))


def move(x: Value, y: Value) -> Tensor:
    """Move the picture to the right and down, by shares of its sides."""
    return matrix((1.0, 0.0, -2 * x), (0.0, 1.0, -2 * y))


def mirror(which: Tensor) -> Tensor:
    """Mirror left to right the pictures for which `which` (B,) is true."""
    return matrix((1.0 - 2.0 * which.float(), 0.0, 0.0), (0.0, 1.0, 0.0))


def cut(x0: Tensor, y0: Tensor, width: Tensor, height: Tensor, aspect: Tensor, inner: Tensor) -> Tensor:
    """Cut a box (in shares, each (B,)) out of the picture. `inner` (B, 3, 3) turns and slants what is cut, about the
    middle of the box, in the geometry of the photograph: `aspect` (B,) is its width / height, to whatever shape the
    given picture is squeezed."""
    to_photo, from_photo = stretch(width * aspect, height), stretch(1 / aspect, 1.0)
    to_middle = matrix((1.0, 0.0, 2 * x0 + width - 1), (0.0, 1.0, 2 * y0 + height - 1))
    return to_middle @ from_photo @ inner @ to_photo


def resample(images: Tensor, maps: Tensor, size: int, border: str = "reflection") -> Tensor:
    """Float images (B, C, H, W) → (B, C, size, size), bilinear. Beyond the border the picture goes on mirrored, or as
    `border` says in the words of `grid_sample`: "zeros", "border"."""
    place = (torch.arange(size, device=images.device, dtype=images.dtype) * 2 + 1) / size - 1
    # affine_grid does the same by matrix products, and takes longer than the sampling itself
    across = maps[:, None, :2, 0] * place[:, None]
    down = maps[:, None, :2, 1] * place[:, None] + maps[:, None, :2, 2]
    grid = across[:, None] + down[:, :, None]
    return F.grid_sample(images, grid, mode="bilinear", padding_mode=border, align_corners=False)


def radians(degrees: Tensor) -> Tensor:
    """Degrees as radians."""
    return degrees * (math.pi / 180)
