"""Random changes of pixels that stay where they are, by named strengths, for whatever task trains on the pictures."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Generator, Tensor

from clearsight.ops import filters
from clearsight.ops import transforms as T

BLUR = 0.015
"""Largest σ of blurring, as share of the side: 3.4 pixels of 224."""


def jitter(images: Tensor, strengths: Mapping[str, float], side: int, generator: Generator) -> Tensor:
    """Float images (B, C, H, W) in [0, 1], which may be changed in place, whose longer side is `side`, after:

    colour: brightness, contrast and saturation each times 1 ± colour at most; blur: blurred with this probability, by a
    σ of up to `BLUR`; noise: normal noise of a deviation up to this, white being 1. What is 0 or absent draws nothing.
    """
    count, device = len(images), images.device
    if strength := strengths.get("colour", 0.0):
        factors = (T.uniform(count, 1 - strength, 1 + strength, generator).to(device) for _ in range(3))
        images = T.colour(images, *factors)
    if blur := strengths.get("blur", 0.0):
        rows = T.chance(count, blur, generator).nonzero()[:, 0]
        sigma = T.uniform(count, 0.01, max(0.02, BLUR * side), generator)[rows].to(device)
        if len(rows):
            images[rows.to(device)] = filters.blur(images[rows.to(device)], sigma)
    if noise := strengths.get("noise", 0.0):
        normal = torch.randn(images.shape, generator=generator).to(device)
        images = filters.noise(images, normal, T.uniform(count, 0, noise, generator).to(device))
    return images
