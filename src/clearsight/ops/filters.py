"""What changes pixels and moves none, for a whole batch: float images (B, C, H, W) in [0, 1], amounts (B,).

The operations are those of AutoAugment's family (Cubuk et al. 2019, table 6), which are Pillow's; on 8-bit pictures they
give Pillow's pixels, to the rounding of 8 bits.
"""

from __future__ import annotations

import torch
from torch import Tensor

from clearsight.ops.transforms import reflect

LEVELS = 255


def blur(images: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian blur by σ pixels (B,) > 0, cut off at 3 σ of the largest; the border is reflected."""
    reach = max(1, int((3 * sigma.max()).ceil()))
    down, across = (_smoothing(sigma, length, reach)[:, None] for length in images.shape[-2:])
    return down @ images @ across.transpose(-1, -2)


def _smoothing(sigma: Tensor, length: int, reach: int) -> Tensor:
    """Matrices (B, L, L) that smooth a line: faster, over a batch, than convolving each picture with a kernel of its own."""
    offsets = torch.arange(-reach, reach + 1, device=sigma.device)
    weights = (-0.5 * (offsets / sigma[:, None]) ** 2).exp()
    weights = weights / weights.sum(1, keepdim=True)
    places = reflect(torch.arange(length, device=sigma.device)[:, None] + offsets, length)
    empty = weights.new_zeros(len(sigma), length, length)
    return empty.scatter_add_(2, places.expand(len(sigma), -1, -1), weights[:, None].expand(-1, length, -1))


def noise(images: Tensor, normal: Tensor, deviation: Tensor) -> Tensor:
    """Add `normal`, standard normal numbers (B, C, H, W), times a deviation (B,)."""
    return torch.addcmul(images, normal, deviation[:, None, None, None]).clamp_(0, 1)


def sharpness(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with a smoothed picture: 0 is smooth, 1 as it was, 2 sharp. The outermost pixels stay."""
    if min(images.shape[-2:]) < 3:
        return images
    middle = images[..., 1:-1, 1:-1]
    lines = images[..., :-2, :] + images[..., 1:-1, :] + images[..., 2:, :]
    smooth = (lines[..., :-2] + lines[..., 1:-1] + lines[..., 2:] + 4 * middle) / 13
    sharpened = images.clone()
    sharpened[..., 1:-1, 1:-1] = smooth + factor[:, None, None, None] * (middle - smooth)
    return sharpened.clamp_(0, 1)


def posterise(images: Tensor, bits: Tensor) -> Tensor:
    """Keep the highest bits (B,), 0 to 8, of each 8-bit value."""
    step = (2.0 ** (8 - bits))[:, None, None, None]
    return (images * LEVELS).round().div(step).floor().mul(step).div(LEVELS)


def solarise(images: Tensor, threshold: Tensor) -> Tensor:
    """Invert what is as bright as the threshold (B,) or brighter."""
    return torch.where(images >= threshold[:, None, None, None], 1 - images, images)


def autocontrast(images: Tensor) -> Tensor:
    """Stretch each channel to reach from 0 to 1; a channel of one value stays."""
    low, high = images.amin((-2, -1), keepdim=True), images.amax((-2, -1), keepdim=True)
    flat = low == high
    return torch.where(flat, images, (images - low) / torch.where(flat, 1.0, high - low))


def equalise(images: Tensor) -> Tensor:
    """Make every 8-bit value of a channel about as frequent, by Pillow's rule: a value becomes the count of darker pixels
    over a step, which is a 255th of the pixels that are not of the brightest value. With a step below one pixel the
    channel stays."""
    values = (images * LEVELS).round().long().flatten(2)
    histogram = values.new_zeros(*values.shape[:2], 256).scatter_add_(2, values, torch.ones_like(values))
    brightest = histogram.gather(2, values.amax(2, keepdim=True))
    step = (values.shape[2] - brightest) // LEVELS
    darker = histogram.cumsum(2) - histogram
    table = ((darker + step // 2) // step.clamp(min=1)).clamp(max=LEVELS)
    equal = (table.gather(2, values) / LEVELS).reshape(images.shape)
    return torch.where(step[..., None] > 0, equal, images)
