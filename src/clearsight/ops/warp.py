"""Pictures and maps of classes moved in step, a whole batch at once: one affine map, and one resampling for each of them.

Maps (B, 3, 3) are those of `ops.affine`, in coordinates of −1 to 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from clearsight.ops import affine
from clearsight.ops import transforms as T
from clearsight.ops.resize import PAD

TOGETHER = 4_000_000
"""Values that a CPU resamples at once: of large canvases, all together take twice as long."""


def warp_images(images: Tensor, maps: Tensor, shape: tuple[int, int]) -> Tensor:
    """8-bit images (B, C, h, w) → float (B, C, H, W) in [0, 1], bilinear, of this shape; grey beyond their borders, as the
    bars beside a photograph are."""
    size = len(images)
    if images.device.type == "cpu":
        size = max(torch.get_num_threads(), TOGETHER // images[0].numel())  # a thread takes whole pictures
    parts = [slice(start, start + size) for start in range(0, len(images), size)]
    shown = [affine.resample(T.scaled(images[part]).sub_(PAD), maps[part], shape, border="zeros") for part in parts]
    return torch.cat(shown).add_(PAD).clamp_(0, 1)


def warp_indices(indices: Tensor, maps: Tensor, shape: tuple[int, int], beyond: int) -> Tensor:
    """Whole numbers (B, h, w), such as classes → (B, H, W) of this shape and the same kind: each pixel takes the number at its
    middle, `beyond` outside of the picture. Numbers are never blended."""
    (height, width), (h, w) = shape, indices.shape[1:]
    places = affine.places(maps, height, width)
    columns = ((places[..., 0] + 1) * (w / 2)).floor().long()
    rows = ((places[..., 1] + 1) * (h / 2)).floor().long()
    inside = (columns >= 0) & (columns < w) & (rows >= 0) & (rows < h)
    index = rows.clamp(0, h - 1) * w + columns.clamp(0, w - 1)
    found = indices.flatten(1).gather(1, index.flatten(1)).reshape(index.shape)
    return torch.where(inside, found, beyond)
