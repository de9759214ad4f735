"""Segmentation's augmentations: pixels and their classes together, a whole batch at once, on the device."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Generator, Tensor

from clearsight.core.pipeline import Batch
from clearsight.core.sample import VOID
from clearsight.ops import affine
from clearsight.ops import transforms as T
from clearsight.ops.box_geometry import place
from clearsight.ops.jitter import jitter
from clearsight.ops.random_maps import changes, either, nth
from clearsight.ops.warp import warp_images, warp_indices

LOTS = (
    *("flip", "upside", "turn", "way", "area", "across", "down", "right", "low", "angle", "scale", "slant"),
    *("rare", "class", "pixel"),
)
"""The numbers drawn for each picture, evenly from 0 to 1: all of them, whatever is asked, so that one augmentation more
leaves the draws of the others as they were."""

NEAR = 0.8
"""How far from the middle of what is shown, as share of the way to its border, a pixel may lie that it was chosen for."""

GLANCE = 4
"""Of so many pixels across and down one is looked at to see which classes a picture shows."""


class MaskAugmentation:
    """The batch stage of training: canvases (B, C, h, w) and their classes → pictures of `shape` (H, W) and theirs.
    `strengths` by name, 0 or absent for none:

    flip, upside: probabilities of mirroring left to right and upside down; turn: probability of a quarter turn, either
    way, fitted into the canvas; scale: largest change of size, as a factor of 1 ± scale; crop: least share of the
    photograph's area that is shown in its place (1 for none); rotate, shear: largest angle and slant, degrees; shift:
    largest move, share of the sides; rare: probability that what is shown is chosen for a pixel of a class that is drawn
    evenly from those on the picture, so that small ones are seen as often as large ones; colour, blur, noise: see
    `ops.jitter`.

    Where a change of size, or a `shape` smaller than the canvas, leaves part of the photograph out, it is drawn which part is
    shown; where all of it is smaller, where it lies. Everything that moves pixels is one affine map, and one resampling:
    bilinear for pictures, the nearest for classes. What comes in from outside is grey, and `VOID`. Where nothing moves,
    nothing is resampled.

    Of targets it gives `mask` uint8 (B, H, W) and `known` (B,); the frames of photographs, which it needs, it takes away:
    they are true no more.
    """

    def __init__(self, strengths: Mapping[str, float], shape: tuple[int, int], classes: int) -> None:
        self.strengths, self.shape, self.classes = dict(strengths), shape, classes

    def __call__(self, batch: Batch, generator: Generator) -> Batch:
        target = batch.targets
        images, mask = self._place(batch.images, target["mask"], target["frame"], generator)
        images = jitter(images, self.strengths, max(self.shape), generator)
        targets = {"mask": mask, "known": target["known"]}
        return Batch(images, targets, batch.keys, batch.progress, batch.passes)

    def _place(self, images: Tensor, mask: Tensor, frame: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """All that moves pixels: images as float (B, C, H, W) in [0, 1], and their classes."""
        given = (images.shape[-2], images.shape[-1])
        names = ("flip", "upside", "turn", "shift", "rotate", "shear")
        if not (self._roams(given) or any(self.strengths.get(name) for name in names)):
            return T.scaled(images), mask
        drawn = torch.rand(len(LOTS), len(images), generator=generator).to(images.device)
        lots = dict(zip(LOTS, drawn, strict=True))
        middle = frame.new_tensor([given[1], given[0], given[1], given[0]]) / 2
        maps = self._maps(place(frame) - middle, mask, lots)
        maps = affine.from_pixels(maps, self.shape, given)
        return warp_images(images, maps, self.shape), warp_indices(mask, maps, self.shape, VOID)

    def _roams(self, given: tuple[int, int]) -> bool:
        """Whether what is shown may be another part of the photograph each time."""
        crop = self.strengths.get("crop", 1.0) or 1.0
        return crop < 1 or bool(self.strengths.get("scale")) or given != self.shape

    def _maps(self, photo: Tensor, mask: Tensor, lots: Mapping[str, Tensor]) -> Tensor:
        """Maps (B, 3, 3), in pixels from the middle, from a place shown to a place given. `photo` (B, 4) is where the
        photographs lie on their canvases, from the middle."""
        (H, W), (h, w) = self.shape, mask.shape[1:]
        maps = self._linear(photo, (h, w), lots)
        reach = (maps[:, :2, :2].abs() * photo.new_tensor([W / 2, H / 2])).sum(2)  # how far it sees from its middle
        centre = torch.zeros_like(reach)
        if self._roams((h, w)):
            ends = torch.stack([photo[:, :2] + reach, photo[:, 2:] - reach])
            low, high = ends.amin(0), ends.amax(0)
            lot = torch.stack([lots["across"], lots["down"]], 1)
            centre = low + lot * (high - low)
            if rare := self.strengths.get("rare", 0.0):
                pixel, found = _pixel(mask, self.classes, lots["class"], lots["pixel"])
                near = (pixel + (2 * lot - 1) * NEAR * reach).clamp(low, high)
                centre = torch.where((found & (lots["rare"] < rare))[:, None], near, centre)
        if shift := self.strengths.get("shift", 0.0):
            moved = torch.stack([either(lots["right"], shift * w), either(lots["low"], shift * h)], 1)
            centre = centre - moved
        maps[:, :2, 2] = centre
        return maps

    def _linear(self, photo: Tensor, canvas: tuple[int, int], lots: Mapping[str, Tensor]) -> Tensor:
        """Turns, slants, sizes and mirrorings about the middle, as maps (B, 3, 3); `canvas` is the height and width given."""
        amount = self.strengths.get
        ones = torch.ones(len(photo), device=photo.device)
        steps = [affine.stretch(ones, ones)]
        steps += changes(self.strengths, lots, photo, canvas)
        if (least := amount("crop", 1.0) or 1.0) < 1:
            shown = (least + (1 - least) * lots["area"]).sqrt()
            steps.append(affine.stretch(shown, shown))
        steps.append(affine.mirror(lots["flip"] < amount("flip", 0.0), lots["upside"] < amount("upside", 0.0)))
        return affine.compose(steps)


def _pixel(mask: Tensor, classes: int, which: Tensor, number: Tensor) -> tuple[Tensor, Tensor]:
    """A pixel of each picture as x, y (B, 2) from the middle, and whether there is one (B,): a class is drawn by the lot
    `which` (B,) evenly from those that a glance at masks (B, h, w) shows, then one of its pixels by `number` (B,)."""
    start = GLANCE // 2
    seen = mask[:, start::GLANCE, start::GLANCE]
    flat = seen.flatten(1)
    there = torch.stack([(flat == k).any(1) for k in range(classes)], 1)
    drawn = nth(there, which)
    index = nth(flat == drawn[:, None], number)
    rows, columns = index // seen.shape[2], index % seen.shape[2]
    places = torch.stack([columns, rows], 1) * float(GLANCE) + start + 0.5
    return places - places.new_tensor([mask.shape[2], mask.shape[1]]) / 2, there.any(1)
