"""Classification's augmentations, a whole batch at once on the training device."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from clearsight.core.pipeline import Batch
from clearsight.ops import affine
from clearsight.ops import transforms as T
from clearsight.ops.jitter import jitter
from clearsight.ops.policies import Drawn, randaugment, trivialaugment
from clearsight.ops.random import hashed

PREVIEW: Mapping[str, float] = {"flip": 0.5, "crop": 0.5, "rotate": 10.0, "colour": 0.3}
"""The strengths that `inspect` shows where no training settings are known."""


class Augmentation:
    """The batch stage of training. `strengths` by name, 0 or absent for none:

    flip: probability of mirroring; alternate: share of the pictures that are mirrored at every other pass instead
    (Jordan 2024, arXiv:2404.00498), beginning by lot; upside: probability of mirroring upside down; turn: probability of
    a quarter turn, either way; shift: largest move, share of the side; crop: least share of the area that a random
    resized crop keeps (1 for none); rotate: largest angle, degrees; scale: largest change of size, as a factor of
    1 ± scale; shear: largest slant, degrees; randaugment: magnitude of two operations, 0 to 10; trivialaugment:
    probability of one operation of any strength; colour, blur, noise: see `ops.jitter`; erase: probability of greying out
    a rectangle; mixup, cutmix: alpha of the Beta distribution of the mixing weight (with both, each batch takes one of
    them by lot); close: share of the training at its end without these two. seed: what the lots of alternate follow from.
    """

    def __init__(self, strengths: Mapping[str, float], size: int, classes: int) -> None:
        self.strengths = dict(strengths)
        self.size, self.classes = size, classes

    def __call__(self, batch: Batch, generator: Generator) -> Batch:
        count, device = len(batch), batch.images.device
        policies = self._policies(count, generator)
        images = self._place(batch, policies, generator)
        for policy in policies:
            images = policy.apply(images)
        images = jitter(images, self.strengths, self.size, generator)
        if erase := self.strengths.get("erase", 0.0):
            hit = T.chance(count, erase, generator).to(device)
            images = T.erase(
                images, self._rectangles(count, 0.02, 0.2, generator).to(device) & hit[:, None, None, None]
            )
        return self._mix(batch.replaced(images), generator)

    def _policies(self, count: int, generator: Generator) -> list[Drawn]:
        drawn = []
        if magnitude := self.strengths.get("randaugment", 0.0):
            drawn.append(randaugment(count, magnitude, generator))
        if probability := self.strengths.get("trivialaugment", 0.0):
            drawn.append(trivialaugment(count, probability, self.size, generator))
        return drawn

    def _place(self, batch: Batch, policies: Sequence[Drawn], generator: Generator) -> Tensor:
        """All that moves pixels, as float (B, C, S, S) in [0, 1]. Where nothing but whole pixels and mirroring is asked,
        8 bits are moved, and only what a policy moves is resampled; else one bilinear resampling does it all."""
        images, device = batch.images, batch.images.device
        others = [policy.matrix() for policy in policies]
        if not self.resamples:
            images = T.scaled(self._move(batch, generator))
            if others and len(rows := torch.stack([policy.moved() for policy in policies]).any(0).nonzero()[:, 0]):
                maps = reduce(torch.matmul, others)[rows].to(device)
                images[rows.to(device)] = affine.resample(images[rows.to(device)], maps, self.size)
            return images
        maps = self._cut(batch.targets["aspect"].cpu(), generator)
        mirrored = self._mirrored(batch, generator)
        if mirrored is not None:
            maps = maps @ affine.mirror(mirrored)
        upside, turns = self._turned(count := len(batch), generator)
        if upside is not None:
            maps = maps @ affine.mirror(torch.zeros(count), upside)
        if turns is not None:
            maps = maps @ affine.quarter(turns)
        maps = reduce(torch.matmul, others, maps)
        return affine.resample(T.scaled(images), maps.to(device), self.size)

    @property
    def resamples(self) -> bool:
        """Whether something is asked that whole pixels cannot do: only then may the images be larger than `size`."""
        crop = self.strengths.get("crop", 1.0) or 1.0
        return crop < 1 or any(self.strengths.get(name) for name in ("rotate", "scale", "shear"))

    def _move(self, batch: Batch, generator: Generator) -> Tensor:
        """The images, moved by whole pixels and mirrored, still of 8 bits."""
        images, device, count = batch.images, batch.images.device, len(batch)
        reach = round(self.strengths.get("shift", 0.0) * self.size)
        moves = [torch.randint(-reach, reach + 1, (count,), generator=generator) for _ in range(2 if reach else 0)]
        mirrored = self._mirrored(batch, generator)
        if mirrored is not None:
            mirrored = mirrored.to(device)
        if moves:
            images = T.shift(images, moves[0].to(device), moves[1].to(device), mirrored)
        elif mirrored is not None:
            images = T.flip(images, mirrored)
        upside, turns = self._turned(count, generator)
        if upside is not None:
            images = torch.where(upside.to(device)[:, None, None, None], images.flip(-2), images)
        return images if turns is None else T.quarter_turns(images, turns.to(device))

    def _cut(self, aspect: Tensor, generator: Generator) -> Tensor:
        """Maps (B, 3, 3) that cut the canvas out of the squeezed photograph: cropped, moved, turned, scaled, slanted."""
        count = len(aspect)
        crop, move = self.strengths.get("crop", 1.0) or 1.0, self.strengths.get("shift", 0.0)
        area = T.uniform(count, crop, 1.0, generator)
        spread = math.log(4 / 3) if crop < 1 else 0.0
        ratio = T.uniform(count, -spread, spread, generator).exp()
        across, down = T.uniform(count, 0, 1, generator), T.uniform(count, 0, 1, generator)
        # the ratio is that of the crop in the photograph's own pixels: square for an unturned, uncropped canvas
        x0, y0, width, height = T.crop_boxes(aspect, area * self._largest_square(aspect), ratio, across, down)
        x0 = x0 + T.uniform(count, -move, move, generator) * width
        y0 = y0 + T.uniform(count, -move, move, generator) * height
        rotate = self.strengths.get("rotate", 0.0)
        inner = affine.turn(affine.radians(T.uniform(count, -rotate, rotate, generator)))
        if shear := self.strengths.get("shear", 0.0):
            inner = inner @ affine.slant(affine.radians(T.uniform(count, -shear, shear, generator)).tan())
        if scale := self.strengths.get("scale", 0.0):
            shown = 1 / T.uniform(count, 1 - scale, 1 + scale, generator)
            inner = inner @ affine.stretch(shown, shown)
        return affine.cut(x0, y0, width, height, aspect, inner)

    def _mirrored(self, batch: Batch, generator: Generator) -> Tensor | None:
        """Which pictures to mirror, bool (B,) on the CPU; None where none ever is."""
        flip, alternate = self.strengths.get("flip", 0.0), self.strengths.get("alternate", 0.0)
        if not (flip or alternate):
            return None
        if not alternate or batch.passes is None:  # how often a stream has shown a picture may be unknown
            return T.chance(len(batch), alternate / 2 + (1 - alternate) * flip, generator)
        lots = hashed(batch.keys, int(self.strengths.get("seed", 0)), "alternate")
        in_turn = ((lots + batch.passes) & 1).bool()
        by_lot = T.chance(len(batch), flip, generator)
        return torch.where((lots >> 1).double() / 2**62 < alternate, in_turn, by_lot)

    def _turned(self, count: int, generator: Generator) -> tuple[Tensor | None, Tensor | None]:
        """Which pictures to turn upside down, bool (B,), and by how many quarters anticlockwise, int64 (B,): −1, 0 or 1;
        both on the CPU, None where none ever is."""
        upside, turn = self.strengths.get("upside", 0.0), self.strengths.get("turn", 0.0)
        mirrored = T.chance(count, upside, generator) if upside else None
        if not turn:
            return mirrored, None
        return mirrored, T.chance(count, turn, generator) * (1 - 2 * T.chance(count, 0.5, generator).long())

    @staticmethod
    def _largest_square(aspect: Tensor) -> Tensor:
        """Share of the photograph's area that its largest square covers: what a crop of 1 keeps."""
        return torch.minimum(aspect, 1 / aspect)

    def _mix(self, batch: Batch, generator: Generator) -> Batch:
        mixup, cutmix = self.strengths.get("mixup", 0.0), self.strengths.get("cutmix", 0.0)
        over = T.closed(batch.progress, self.strengths.get("close", 0.0))
        if not (mixup or cutmix) or len(batch) < 2 or over:
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
        weight = weight[:, None]
        if (answer := batch.targets.get("answer")) is not None:  # what is unknown, NaN, makes the mixture unknown
            return batch.replaced(images, answer=weight * answer + (1 - weight) * answer[partner])
        shares = one_hot(batch.targets["label"], self.classes)
        both = (shares.sum(1) * shares[partner].sum(1)).bool()[:, None]  # an unknown partner leaves the picture unknown
        return batch.replaced(images, shares=(weight * shares + (1 - weight) * shares[partner]) * both)

    def _rectangles(self, count: int, low: float, high: float, generator: Generator) -> Tensor:
        area = T.uniform(count, low, high, generator)
        ratio = T.uniform(count, -math.log(3), math.log(3), generator).exp()
        across, down = T.uniform(count, 0, 1, generator), T.uniform(count, 0, 1, generator)
        return T.rectangles((self.size, self.size), area, ratio, across, down)


def one_hot(label: Tensor, classes: int) -> Tensor:
    """Indices (B,) → float (B, K); a row of zeros for −1."""
    return F.one_hot(label.clamp(min=0), classes).float() * (label >= 0)[:, None]
