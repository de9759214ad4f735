"""RandAugment (Cubuk et al. 2020, arXiv:1909.13719) and TrivialAugment (Müller & Hutter 2021, arXiv:2103.10158): a few
operations for each picture, drawn anew, over a whole batch at once.

Operations that move pixels become matrices, to be made part of the one resampling that the batch goes through anyway;
those that change pixels follow in the order drawn, each on all pictures that drew it. So where a picture drew one of
either kind its pixels move first, and what moves in from outside is the picture mirrored, where the papers leave grey.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from clearsight.ops import affine, filters
from clearsight.ops.transforms import chance, colour, uniform

MOVING = ("identity", "shear_x", "shear_y", "translate_x", "translate_y", "rotate")
CHANGING = ("brightness", "colour", "contrast", "sharpness", "posterise", "solarise", "autocontrast", "equalise")
OPERATIONS = MOVING + CHANGING
"""Both papers' fourteen; an operation's place is its number."""


@dataclass(frozen=True)
class Space:
    """What each operation does at full strength."""

    shear: float  # tangent
    translate: float  # share of the side
    rotate: float  # degrees
    factor: float  # brightness, colour, contrast, sharpness: 1 ± factor
    bits: int  # that posterise keeps


RANDAUGMENT = Space(0.3, 150 / 331, 30, 0.9, 4)
"""AutoAugment's ranges (Cubuk et al. 2019), magnitude 10 being their ends."""


def wide(size: int) -> Space:
    """TrivialAugment's wide ranges: moves of up to 32 pixels, whatever the picture's side."""
    return Space(0.99, min(1.0, 32 / size), 135, 0.99, 2)


@dataclass(frozen=True)
class Drawn:
    """What was drawn for a batch: an operation's number (R, B) int64 and its strength (R, B) in [−1, 1], R in a row."""

    operation: Tensor
    strength: Tensor
    space: Space

    def moved(self) -> Tensor:
        """Bool (B,): the pictures whose pixels move."""
        return ((self.operation > 0) & (self.operation < len(MOVING)) & (self.strength != 0)).any(0)

    def matrix(self) -> Tensor:
        """The maps (B, 3, 3) of all that moves pixels, as `ops.affine` composes them."""
        rounds = [self._matrix(*drawn) for drawn in zip(self.operation, self.strength, strict=True)]
        product = rounds[0]
        for following in rounds[1:]:
            product = product @ following
        return product

    def _matrix(self, operation: Tensor, strength: Tensor) -> Tensor:
        def amount(name: str, most: float) -> Tensor:
            return torch.where(operation == OPERATIONS.index(name), strength * most, 0.0)

        space = self.space
        slanted = affine.slant(amount("shear_x", space.shear), amount("shear_y", space.shear))
        moved = affine.move(amount("translate_x", space.translate), amount("translate_y", space.translate))
        turned = affine.turn(affine.radians(amount("rotate", space.rotate)))
        return turned @ slanted @ moved  # all but one of them do nothing

    def apply(self, images: Tensor) -> Tensor:
        """What changes pixels, on float images (B, C, H, W) in [0, 1] of any device, which are changed in place."""
        for operation, strength in zip(self.operation, self.strength, strict=True):
            for name, change in CHANGES.items():
                rows = (operation == OPERATIONS.index(name)).nonzero()[:, 0]
                if len(rows):
                    there = rows.to(images.device)
                    images[there] = change(images[there], strength[rows].to(images.device), self.space)
        return images


def randaugment(count: int, magnitude: float, generator: Generator, operations: int = 2) -> Drawn:
    """So many operations in a row for each of `count` pictures, all of one magnitude, 0 to 10, and of random sign."""
    operation = torch.randint(len(OPERATIONS), (operations, count), generator=generator)
    sign = 1 - 2 * chance(operations * count, 0.5, generator).float()
    return Drawn(operation, (sign * magnitude / 10).reshape(operations, count), RANDAUGMENT)


def trivialaugment(count: int, probability: float, size: int, generator: Generator) -> Drawn:
    """For each of `count` pictures of side `size`, with this probability, one operation of any strength and sign."""
    operation = torch.randint(len(OPERATIONS), (count,), generator=generator)
    operation = operation * chance(count, probability, generator)
    return Drawn(operation[None], uniform(count, -1, 1, generator)[None], wide(size))


Change = Callable[[Tensor, Tensor, Space], Tensor]


def _colour(place: int) -> Change:
    """Change one of brightness, contrast and saturation."""

    def change(images: Tensor, strength: Tensor, space: Space) -> Tensor:
        factors = [torch.ones_like(strength) for _ in range(3)]
        factors[place] = 1 + strength * space.factor
        return colour(images, *factors)

    return change


def _sharpness(images: Tensor, strength: Tensor, space: Space) -> Tensor:
    return filters.sharpness(images, 1 + strength * space.factor)


def _posterise(images: Tensor, strength: Tensor, space: Space) -> Tensor:
    return filters.posterise(images, 8 - (strength.abs() * (8 - space.bits)).round())


def _solarise(images: Tensor, strength: Tensor, space: Space) -> Tensor:
    return filters.solarise(images, (1 - strength.abs()) * 256 / 255)


CHANGES: Mapping[str, Change] = {
    "brightness": _colour(0),
    "contrast": _colour(1),
    "colour": _colour(2),
    "sharpness": _sharpness,
    "posterise": _posterise,
    "solarise": _solarise,
    "autocontrast": lambda images, strength, space: filters.autocontrast(images),
    "equalise": lambda images, strength, space: filters.equalise(images),
}
