"""Classification's augmentations, a whole batch at once on the training device."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from clearsight.core.pipeline import Batch
from clearsight.ops import transforms as T

PREVIEW: Mapping[str, float] = {"flip": 0.5, "crop": 0.5, "rotate": 10.0, "colour": 0.3}
"""The strengths that `inspect` shows where no training settings are known."""


class Augmentation:
    """The batch stage of training. `strengths` by name, 0 or absent for none:

    flip: probability of mirroring; shift: largest move, share of the side; crop: least share of the area that a random
    resized crop keeps (1 for none); rotate: largest angle, degrees; colour: largest change of brightness, contrast and
    saturation, as a factor of 1 ± colour; erase: probability of greying out a rectangle; mixup, cutmix: alpha of the
    Beta distribution of the mixing weight (with both, each batch takes one of them by lot).
    """

    def __init__(self, strengths: Mapping[str, float], size: int, classes: int) -> None:
        self.strengths = dict(strengths)
        self.size, self.classes = size, classes

    def __call__(self, batch: Batch, generator: Generator) -> Batch:
        images = self._place(batch.images, batch.targets["aspect"], generator)
        count, device = len(images), images.device
        amount = self.strengths.get
        if flip := amount("flip", 0.0):
            images = T.flip(images, T.chance(count, flip, generator).to(device))
        if images.dtype == torch.uint8:
            images = images.float() / 255
        if strength := amount("colour", 0.0):
            factors = (T.uniform(count, 1 - strength, 1 + strength, generator).to(device) for _ in range(3))
            images = T.colour(images, *factors)
        if erase := amount("erase", 0.0):
            hit = T.chance(count, erase, generator).to(device)
            images = T.erase(
                images, self._rectangles(count, 0.02, 0.2, generator).to(device) & hit[:, None, None, None]
            )
        return self._mix(batch.replaced(images), generator)

    def _place(self, images: Tensor, aspect: Tensor, generator: Generator) -> Tensor:
        """Cut, turn and move: one bilinear resampling, or whole pixels (and 8 bits) where nothing else is asked."""
        count, device = len(images), images.device
        crop, rotate = self.strengths.get("crop", 1.0) or 1.0, self.strengths.get("rotate", 0.0)
        move = self.strengths.get("shift", 0.0)
        if images.shape[-1] == self.size and crop == 1 and not rotate:
            reach = round(move * self.size)
            if not reach:
                return images
            dx, dy = (torch.randint(-reach, reach + 1, (count,), generator=generator).to(device) for _ in range(2))
            return T.shift(images, dx, dy)
        area = T.uniform(count, crop, 1.0, generator)
        spread = math.log(4 / 3) if crop < 1 else 0.0
        ratio = T.uniform(count, -spread, spread, generator).exp()
        across, down = T.uniform(count, 0, 1, generator), T.uniform(count, 0, 1, generator)
        # the ratio is that of the crop in the photograph's own pixels: square for an unturned, uncropped canvas
        x0, y0, width, height = T.crop_boxes(
            aspect.cpu(), area * self._largest_square(aspect.cpu()), ratio, across, down
        )
        x0 = x0 + T.uniform(count, -move, move, generator) * width
        y0 = y0 + T.uniform(count, -move, move, generator) * height
        angle = T.radians(T.uniform(count, -rotate, rotate, generator))
        box = (x0.to(device), y0.to(device), width.to(device), height.to(device))
        return T.resample(images.float() / 255, box, angle.to(device), aspect, self.size)

    @staticmethod
    def _largest_square(aspect: Tensor) -> Tensor:
        """Share of the photograph's area that its largest square covers: what a crop of 1 keeps."""
        return torch.minimum(aspect, 1 / aspect)

    def _mix(self, batch: Batch, generator: Generator) -> Batch:
        mixup, cutmix = self.strengths.get("mixup", 0.0), self.strengths.get("cutmix", 0.0)
        if not (mixup or cutmix) or len(batch) < 2:
            return batch
        count, device = len(batch), batch.images.device
        use_mixup = bool(mixup) and (not cutmix or bool(torch.rand(1, generator=generator) < 0.5))
        weight = T.beta(count, mixup if use_mixup else cutmix, generator)
        partner = torch.arange(count, device=device).roll(1)  # the order is random already
        if use_mixup:
            weight = weight.to(device)
            images = T.mixup(batch.images, partner, weight)
        else:
            across, down = T.uniform(count, 0, 1, generator), T.uniform(count, 0, 1, generator)
            square = torch.ones(count)
            where = T.rectangles((self.size, self.size), 1 - weight, square, across, down).to(device)
            images, weight = T.cutmix(batch.images, partner, where)
        shares = one_hot(batch.targets["label"], self.classes)
        both = (shares.sum(1) * shares[partner].sum(1)).bool()[:, None]  # an unknown partner leaves the picture unknown
        mixed = (weight[:, None] * shares + (1 - weight[:, None]) * shares[partner]) * both
        return batch.replaced(images, shares=mixed)

    def _rectangles(self, count: int, low: float, high: float, generator: Generator) -> Tensor:
        area = T.uniform(count, low, high, generator)
        ratio = T.uniform(count, -math.log(3), math.log(3), generator).exp()
        across, down = T.uniform(count, 0, 1, generator), T.uniform(count, 0, 1, generator)
        return T.rectangles((self.size, self.size), area, ratio, across, down)


def one_hot(label: Tensor, classes: int) -> Tensor:
    """Indices (B,) → float (B, K); a row of zeros for −1."""
    return F.one_hot(label.clamp(min=0), classes).float() * (label >= 0)[:, None]
