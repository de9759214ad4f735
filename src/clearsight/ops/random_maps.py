"""Changes of a picture's plan that are drawn by lot, as maps: what augmentations share, whatever lies on the picture."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from clearsight.ops import affine


def either(lot: Tensor, most: float) -> Tensor:
    """A lot of 0 to 1 as an amount of −most to most."""
    return (2 * lot - 1) * most


def nth(flags: Tensor, lot: Tensor) -> Tensor:
    """The place of one of the flags (B, N) that are set, drawn evenly by a lot (B,) of 0 to 1; 0 where none is."""
    number = (lot * flags.sum(1)).floor()
    return (flags & (flags.cumsum(1) - 1 == number[:, None])).int().argmax(1)


def changes(
    strengths: Mapping[str, float], lots: Mapping[str, Tensor], photo: Tensor, shape: tuple[int, int]
) -> list[Tensor]:
    """Maps (B, 3, 3) about the middle, from a place shown to a place given, for those that are asked of `turn` (probability of
    a quarter turn, fitted into `shape`, (H, W)), `rotate` and `shear` (degrees), and `scale` (a factor of 1 ± scale), in
    this order. `photo` (B, 4) is where the photographs lie, from the middle; `lots` (B,), of 0 to 1, are `turn`, `way`,
    `angle`, `slant` and `scale`."""
    (H, W), steps, amount = shape, [], strengths.get
    if turn := amount("turn", 0.0):
        turned = lots["turn"] < turn
        width, height = (photo[:, 2:] - photo[:, :2]).unbind(1)
        shown = 1 / torch.where(turned, torch.minimum(W / height, H / width), 1.0)  # as large as fits
        quarters = torch.where(turned, torch.where(lots["way"] < 0.5, 1, -1), 0)
        steps += [affine.quarter(quarters), affine.stretch(shown, shown)]
    if rotate := amount("rotate", 0.0):
        steps.append(affine.turn(affine.radians(either(lots["angle"], rotate))))
    if shear := amount("shear", 0.0):
        steps.append(affine.slant(affine.radians(either(lots["slant"], shear)).tan()))
    if scale := amount("scale", 0.0):
        shown = 1 / (1 + either(lots["scale"], scale))
        steps.append(affine.stretch(shown, shown))
    return steps
