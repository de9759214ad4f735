"""Augmentations of a whole batch at once: images (B, C, H, W) in [0, 1] on any device, random numbers given.

Every function takes what it needs to know per picture as tensors (B,) and draws nothing itself; `uniform` and `beta`
draw on the CPU, so that the same seed gives the same pictures on every device.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Generator, Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


def uniform(count: int, low: float, high: float, generator: Generator) -> Tensor:
    """Float (count,) drawn evenly from [low, high)."""
    return torch.rand(count, generator=generator) * (high - low) + low


def chance(count: int, probability: float, generator: Generator) -> Tensor:
    """Bool (count,), each true with the probability given."""
    return torch.rand(count, generator=generator) < probability


def beta(count: int, alpha: float, generator: Generator) -> Tensor:
    """Float (count,) from the symmetric Beta(alpha, alpha): the mixing weights of MixUp and CutMix."""
    seed = int(torch.randint(2**62, (1,), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, count).astype(np.float32))


def flip(images: Tensor, which: Tensor) -> Tensor:
    """Mirror left to right the pictures for which `which` (B,) is true."""
    return _columns(images, _mirrored(images, which))


def quarter_turns(images: Tensor, turns: Tensor) -> Tensor:
    """Turn square pictures anticlockwise by so many quarters (B,): −1, 0 or 1."""
    turns = turns[:, None, None, None]
    turned = torch.where(turns == 1, images.rot90(1, (-2, -1)), images.rot90(-1, (-2, -1)))
    return torch.where(turns == 0, images, turned)


def shift(images: Tensor, dx: Tensor, dy: Tensor, mirrored: Tensor | None = None) -> Tensor:
    """Move each picture by whole pixels (B,) int, then mirror those for which `mirrored` (B,) is true. What comes in at
    the border is the picture reflected about its outermost pixels, as in `pad`'s mode "reflect"."""
    count, channels, height, width = images.shape
    places = torch.arange(width, device=images.device)[None] if mirrored is None else _mirrored(images, mirrored)
    rows = reflect(torch.arange(height, device=images.device) - dy[:, None], height)
    start = torch.arange(count * channels, device=images.device).reshape(count, channels, 1) * height
    moved = images.reshape(-1, width).index_select(0, (start + rows[:, None]).flatten()).reshape(images.shape)
    return _columns(moved, reflect(places - dx[:, None], width))


def _mirrored(images: Tensor, which: Tensor) -> Tensor:
    """Indices (B, W) of each picture's columns, backwards where `which` is true."""
    places = torch.arange(images.shape[-1], device=images.device)
    return torch.where(which[:, None], places.flip(0), places)


def _columns(images: Tensor, index: Tensor) -> Tensor:
    """The columns (B, W) of each picture."""
    return images.gather(3, index[:, None, None].expand(images.shape))


def reflect(index: Tensor, length: int) -> Tensor:
    """Indices that leave [0, length) turned back at its ends; beyond a whole length they stay at an end."""
    index = index.abs()
    return torch.where(index >= length, 2 * (length - 1) - index, index).clamp(0, length - 1)


def scaled(images: Tensor) -> Tensor:
    """8-bit values as float in [0, 1], in memory of their own."""
    return images.float().div_(255) if images.dtype == torch.uint8 else images.clone()


def crop_boxes(
    aspect: Tensor, area: Tensor, ratio: Tensor, across: Tensor, down: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random resized crops as x0, y0, width, height (each (B,)) in shares of the photograph.

    `aspect` is the photograph's width / height, `area` the share of its area to keep, `ratio` the crop's width / height
    in pixels, `across` and `down` in [0, 1] where it lies. A crop too wide or too high is cut to the photograph
    (Szegedy et al. 2015, with clipping in place of trying again, so that the number of draws is fixed).
    """
    width = (area * ratio / aspect).sqrt().clamp(max=1.0)
    height = (area * aspect / ratio).sqrt().clamp(max=1.0)
    return across * (1 - width), down * (1 - height), width, height


def colour(images: Tensor, brightness: Tensor, contrast: Tensor, saturation: Tensor) -> Tensor:
    """Multiply brightness, then contrast about the picture's mean grey, then saturation about each pixel's grey, each by
    factors (B,). The three are one affine map of a pixel's channels, and done as one: with g the grey of a pixel x,

        x' = c·b·(s·x + (1 - s)·g) + (1 - c)·b·mean(g)
    """
    count, channels = images.shape[:2]
    weights = images.new_tensor(LUMA if channels == 3 else (1.0,))
    own = torch.eye(channels, device=images.device)
    mixed = saturation[:, None, None] * own + (1 - saturation)[:, None, None] * weights.expand(channels, channels)
    matrix = (contrast * brightness)[:, None, None] * mixed
    pixels = images.reshape(count, channels, -1)
    middle = brightness * (pixels.mean(2) @ weights)
    offset = ((1 - contrast) * middle)[:, None, None]
    return torch.baddbmm(offset, matrix, pixels).clamp_(0, 1).reshape(images.shape)


def luma(images: Tensor) -> Tensor:
    """Grey (B, 1, H, W) of RGB by ITU-R BT.601; grey pictures as they are."""
    if images.shape[-3] == 1:
        return images
    weights = images.new_tensor(LUMA)[:, None, None]
    return (images * weights).sum(-3, keepdim=True)


def rectangles(size: tuple[int, int], area: Tensor, ratio: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Masks (B, 1, H, W), true inside a rectangle of the given share of the area, centred at (across, down) in [0, 1]
    and cut at the border."""
    height, width = size
    half_x = (area * ratio).sqrt() * width / 2
    half_y = (area / ratio).sqrt() * height / 2
    x = torch.arange(width, device=area.device)[None] + 0.5
    y = torch.arange(height, device=area.device)[None] + 0.5
    inside_x = (x - across[:, None] * width).abs() <= half_x[:, None]
    inside_y = (y - down[:, None] * height).abs() <= half_y[:, None]
    return (inside_y[:, :, None] & inside_x[:, None, :])[:, None]


def erase(images: Tensor, where: Tensor) -> Tensor:
    """Grey out the masked part (B, 1, H, W) (random erasing, Zhong et al. 2017, with the mean as filling)."""
    return torch.where(where, images.mean((-1, -2), keepdim=True), images)


def closed(progress: float, close: float) -> bool:
    """Whether pictures are mixed no more, `progress` being the share of the training that is over and `close` the share
    at its end that is without mixtures: nets end on pictures as they will meet them (Ge et al. 2021, YOLOX, section 2.1)."""
    return close > 0 and progress >= 1 - close


def mixup(images: Tensor, partner: Tensor, weight: Tensor) -> Tensor:
    """weight · image + (1 - weight) · partner's (Zhang et al. 2017); `partner` (B,) are indices into the batch."""
    keep = weight[:, None, None, None]
    return images * keep + images[partner] * (1 - keep)


def cutmix(images: Tensor, partner: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
    """Paste the partner's pixels inside the mask (Yun et al. 2019); returns the pictures and the weight (B,) kept."""
    kept = 1 - where.flatten(1).float().mean(1)
    return torch.where(where, images[partner], images), kept
