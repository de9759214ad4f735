"""Affine maps of a whole batch: composed as matrices, then resampled once, so that nothing is blurred twice.

A matrix (B, 3, 3) leads from a place in the picture that is made to the place in the given picture that is shown there.
Both are in coordinates of −1 to 1 from edge to edge, x to the right, y down. `first @ second` is what resampling by
`first` and then by `second` would make.

Pictures that are no squares are turned in pixels from their middle, where both axes measure alike; whatever is composed
there, `from_pixels` takes to the coordinates above.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

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


def mirror(which: Tensor, upside: Tensor | float = 0.0) -> Tensor:
    """Mirror left to right the pictures for which `which` (B,) is true, upside down those for which `upside` (B,) is."""
    down = 1.0 - 2.0 * (upside.float() if isinstance(upside, Tensor) else upside)
    return matrix((1.0 - 2.0 * which.float(), 0.0, 0.0), (0.0, down, 0.0))


def quarter(turns: Tensor) -> Tensor:
    """Turn the picture anticlockwise by so many quarters (B,): −1, 0, 1 …, without rounding."""
    turns = turns.long() % 4
    cos, sin = (turns == 0).float() - (turns == 2).float(), (turns == 1).float() - (turns == 3).float()
    return matrix((cos, -sin, 0.0), (sin, cos, 0.0))


def cut(x0: Tensor, y0: Tensor, width: Tensor, height: Tensor, aspect: Tensor, inner: Tensor) -> Tensor:
    """Cut a box (in shares, each (B,)) out of the picture. `inner` (B, 3, 3) turns and slants what is cut, about the
    middle of the box, in the geometry of the photograph: `aspect` (B,) is its width / height, to whatever shape the
    given picture is squeezed."""
    to_photo, from_photo = stretch(width * aspect, height), stretch(1 / aspect, 1.0)
    to_middle = matrix((1.0, 0.0, 2 * x0 + width - 1), (0.0, 1.0, 2 * y0 + height - 1))
    return to_middle @ from_photo @ inner @ to_photo


def from_pixels(maps: Tensor, made: tuple[int, int], given: tuple[int, int]) -> Tensor:
    """Maps (B, 3, 3) in pixels from the middle of either picture → the same in coordinates of −1 to 1. `made` and `given`
    are (height, width)."""
    (height, width), (rows, columns) = made, given
    before = maps.new_tensor([2 / columns, 2 / rows, 1])
    after = maps.new_tensor([width / 2, height / 2, 1])
    return before[:, None] * maps * after


def compose(maps: Sequence[Tensor]) -> Tensor:
    """The product of maps (B, 3, 3), in full precision on every device: graphics cards may be told to round the factors of
    matrix products to ten bits."""
    return reduce(lambda first, second: (first[..., None] * second[:, None]).sum(2), maps)


def inverse(maps: Tensor) -> Tensor:
    """Maps (B, 3, 3) → those that lead back: from a place in the given picture to where it is shown."""
    a, b, c, d = maps[:, 0, 0], maps[:, 0, 1], maps[:, 1, 0], maps[:, 1, 1]
    x, y = maps[:, 0, 2], maps[:, 1, 2]
    size = a * d - b * c
    return matrix((d / size, -b / size, (b * y - d * x) / size), (-c / size, a / size, (c * x - a * y) / size))


def resample(images: Tensor, maps: Tensor, size: int | tuple[int, int], border: str = "reflection") -> Tensor:
    """Float images (B, C, h, w) → (B, C, H, W), bilinear; `size` is (H, W), or the side of a square. Beyond the border the
    picture goes on mirrored, or as `border` says in the words of `grid_sample`: "zeros", "border"."""
    height, width = (size, size) if isinstance(size, int) else size
    return F.grid_sample(images, places(maps, height, width), mode="bilinear", padding_mode=border, align_corners=False)


def places(maps: Tensor, height: int, width: int) -> Tensor:
    """The place in the given picture, x and y from −1 to 1, that each pixel of a picture made by maps (B, 3, 3) shows:
    (B, H, W, 2)."""
    # affine_grid does the same by matrix products, and takes longer than the sampling itself
    across = maps[:, None, :2, 0] * _middles(width, maps)[:, None]
    down = maps[:, None, :2, 1] * _middles(height, maps)[:, None] + maps[:, None, :2, 2]
    return across[:, None] + down[:, :, None]


def _middles(count: int, like: Tensor) -> Tensor:
    """The middles of so many pixels in a row, from −1 to 1."""
    return (torch.arange(count, device=like.device, dtype=like.dtype) * 2 + 1) / count - 1


def radians(degrees: Tensor) -> Tensor:
    """Degrees as radians."""
    return degrees * (math.pi / 180)
