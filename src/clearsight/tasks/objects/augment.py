"""Augmentation where objects are to be found: pixels, boxes and masks together, a whole batch at once, on the device."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Generator, Tensor

from clearsight.core.pipeline import Batch
from clearsight.ops import affine
from clearsight.ops import transforms as T
from clearsight.ops.box_geometry import SIDE, compact, extents, place, through, within
from clearsight.ops.boxes import centres
from clearsight.ops.jitter import jitter
from clearsight.ops.owners import NOBODY
from clearsight.ops.random_maps import changes, either, nth
from clearsight.ops.warp import warp_images, warp_indices

LOTS = (
    *("flip", "upside", "turn", "way", "area", "ratio", "across", "down", "which", "right", "low"),
    *("angle", "scale", "slant"),
)
"""The numbers drawn for each picture, evenly from 0 to 1: all of them, whatever is asked, so that one augmentation more
leaves the draws of the others as they were."""

RATIO = 4 / 3
"""How much wider or higher than the photograph a crop may be."""

CLOSING = frozenset({"mosaic", "mixup", "crop", "shift", "rotate", "shear", "scale"})
"""What `close` ends: a net that is to say where things are ends on photographs as they lie before it. What annotators do
with objects cut by the border, for one, can be seen on these alone."""

Boxes = tuple[Tensor, Tensor, Tensor]
"""Boxes (B, M, 4), labels (B, M) with −1 for none, crowd flags (B, M)."""


class BoxAugmentation:
    """The batch stage of training, for canvases (B, C, H, W), or (B, C, 2H, 2W) of mosaics, of which the middle is shown.
    `strengths` by name, 0 or absent for none:

    flip, upside: probabilities of mirroring left to right and upside down; turn: probability of a quarter turn, either
    way, fitted into the canvas; crop: least share of the photograph's area that a crop keeps (1 for none), which is drawn
    so that the middle of some object is inside (the idea of SSD's, Liu et al. 2016, section 2.2); shift: largest move,
    share of the sides; rotate, shear: largest angle and slant, degrees; scale: largest change of size, as a factor of
    1 ± scale; colour, blur, noise: see `ops.jitter`; mixup: alpha of the Beta distribution of the weight by which each
    picture is blended with another, with the boxes of both (Zhang et al. 2019, Bag of Freebies, section 3.1); close:
    share of the training at its end without what is named in `CLOSING`.

    Everything that moves pixels is one affine map and one bilinear resampling; what comes in from outside is grey, as
    the bars beside a photograph are: mirrored pictures would show objects without boxes. Boxes follow by
    `ops.box_geometry`, and where there are masks by what is seen of these. Where nothing moves,
    nothing is resampled and no box changes.

    Of targets it gives boxes (B, M, 4), labels (B, M), crowd (B, M) and known (B,), M being the largest count of the
    batch; where there are masks also owners (B, H, W), which row of the boxes each pixel belongs to (see `ops.owners`),
    moved as the pixels are and never blended, so that there is no MixUp then. The frames of photographs, which it needs,
    it takes away: they are true no more.
    """

    def __init__(self, strengths: Mapping[str, float], shape: tuple[int, int]) -> None:
        self.strengths, self.shape = dict(strengths), shape

    def __call__(self, batch: Batch, generator: Generator) -> Batch:
        target = batch.targets
        given: Boxes = (target["boxes"], target["labels"], target["crowd"])
        if T.closed(batch.progress, self.strengths.get("close", 0.0)):
            return self._ended(batch, generator)
        images, boxes, owners = self._place(batch.images, given, target.get("owners"), target["frame"], generator)
        images = jitter(images, self.strengths, max(self.shape), generator)
        known = target["known"]
        alpha = self.strengths.get("mixup", 0.0)
        if alpha and owners is None and len(batch) > 1:
            images, boxes, known = self._mix(images, boxes, known, T.beta(len(batch), alpha, generator))
        names = ("boxes", "labels", "crowd")
        targets = {**dict(zip(names, compact(*boxes), strict=True)), "known": known}
        if owners is not None:
            targets["owners"] = renumbered(owners, boxes[1])
        return Batch(images, targets, batch.keys, batch.progress, batch.passes)

    def _ended(self, batch: Batch, generator: Generator) -> Batch:
        """The batch stage once training closes."""
        left = {name: value for name, value in self.strengths.items() if name not in CLOSING | {"close"}}
        return BoxAugmentation(left, self.shape)(batch, generator)

    @property
    def moves(self) -> bool:
        """Whether anything is asked that moves pixels."""
        crop = self.strengths.get("crop", 1.0) or 1.0
        names = ("flip", "upside", "turn", "shift", "rotate", "scale", "shear")
        return crop < 1 or any(self.strengths.get(name) for name in names)

    def _place(
        self, images: Tensor, boxes: Boxes, owners: Tensor | None, frame: Tensor, generator: Generator
    ) -> tuple[Tensor, Boxes, Tensor | None]:
        """All that moves pixels, as float (B, C, H, W) in [0, 1], the boxes on them, and whose each pixel is."""
        given, made = (images.shape[-2], images.shape[-1]), self.shape
        if not self.moves and given == made:
            return T.scaled(images), boxes, owners
        (h, w), (H, W) = given, made
        found, labels, crowd = boxes
        before, turned = owners, torch.zeros_like(labels[:, 0], dtype=torch.bool)
        middle = found.new_tensor([w / 2, h / 2, w / 2, h / 2])
        if not self.moves:
            shown = T.scaled(_middle(images, made))
            owners = None if owners is None else _middle(owners, made)
            found = found - middle
        else:
            maps = self._maps(place(frame) - middle, (found - middle, labels, crowd), generator)
            turned = _turned(maps)
            inward = affine.from_pixels(maps, made, given)
            shown = warp_images(images, inward, made)
            owners = None if owners is None else warp_indices(owners, inward, made, NOBODY)
            found = through(found - middle, affine.inverse(maps))
        found = found + found.new_tensor([W / 2, H / 2, W / 2, H / 2])
        whole = found
        found, labels = within(whole, labels, crowd, found.new_tensor([0, 0, W, H]))
        if before is not None and owners is not None:
            cut = (found != whole).any(-1)
            found, labels = _round_pixels((boxes[0], before), (found, owners), labels, cut, turned[:, None])
        return shown, (found, labels, crowd), owners

    def _maps(self, photo: Tensor, boxes: Boxes, generator: Generator) -> Tensor:
        """Maps (B, 3, 3), in pixels from the middle, from a place shown to a place given. `photo` (B, 4) is where the
        photographs lie, from the middle as the boxes are."""
        count, device, amount = len(photo), photo.device, self.strengths.get
        drawn = torch.rand(len(LOTS), count, generator=generator).to(device)
        lots = dict(zip(LOTS, drawn, strict=True))
        (H, W), steps = self.shape, []
        if (least := amount("crop", 1.0) or 1.0) < 1:
            steps.append(_crop(least, photo, boxes, lots))
        steps += changes(self.strengths, lots, photo, self.shape)
        if shift := amount("shift", 0.0):
            x, y = either(lots["right"], shift * W), either(lots["low"], shift * H)
            steps.append(affine.matrix((1.0, 0.0, -x), (0.0, 1.0, -y)))
        steps.append(affine.mirror(lots["flip"] < amount("flip", 0.0), lots["upside"] < amount("upside", 0.0)))
        return affine.compose(steps)

    @staticmethod
    def _mix(images: Tensor, boxes: Boxes, known: Tensor, weight: Tensor) -> tuple[Tensor, Boxes, Tensor]:
        """Each picture blended with the one before it in the batch, whose order is random already. One without annotation
        leaves the mixture without: it may show anything."""
        partner = torch.arange(len(images), device=images.device).roll(1)
        images = T.mixup(images, partner, weight.to(images.device))
        found, labels, crowd = (torch.cat([value, value[partner]], 1) for value in boxes)
        known = known & known[partner]
        return images, (found, torch.where(known[:, None], labels, -1), crowd), known


def _turned(maps: Tensor) -> Tensor:
    """Whether maps (B, 3, 3) leave sides that are neither level nor upright, bool (B,)."""
    straight, across = (maps[:, 0, column].abs() + maps[:, 1, 1 - column].abs() for column in (0, 1))
    return torch.minimum(straight, across) > 1e-4


def _round_pixels(
    given: tuple[Tensor, Tensor], made: tuple[Tensor, Tensor], labels: Tensor, cut: Tensor, turned: Tensor
) -> tuple[Tensor, Tensor]:
    """Boxes (B, M, 4), of pictures that were given and of those made of them, each with whose its pixels are (B, H, W) → the
    latter boxes, those that are `cut` or `turned` (B, M) drawn round the pixels that are left of their objects, and their labels
    (B, M), −1 where too little is left: of a ring the border may leave part of the box and nothing of the ring. An object
    that another one hides in part keeps its box, as its pixels do not say how far it reaches."""
    count = labels.shape[1]
    (old, had), (new, left) = (extents(owners, count) for _, owners in (given, made))
    free = had & ((old - given[0]).abs().amax(-1) <= 1)  # pixels are whole, boxes are not
    narrow = (new[..., 2:] - new[..., :2]).amin(-1) < SIDE
    boxes = torch.where((free & left & (cut | turned))[..., None], new, made[0])
    return boxes, torch.where(had & cut & (~left | (free & narrow)), -1, labels)


def renumbered(owners: Tensor, labels: Tensor) -> Tensor:
    """Whose each pixel is (B, H, W), by rows of boxes with labels (B, M) → the same by rows after `compact`. What belongs to a
    row that is taken out, of label −1, is nobody's."""
    there = labels >= 0
    rows = torch.where(there, there.cumsum(1) - 1, NOBODY)
    found = rows.gather(1, owners.clamp(min=0).flatten(1).long()).reshape(owners.shape)
    return torch.where(owners >= 0, found.to(owners.dtype), owners)


def _middle(values: Tensor, shape: tuple[int, int]) -> Tensor:
    """The middle (H, W) of values (..., h, w)."""
    (h, w), (H, W) = values.shape[-2:], shape
    return values[..., (h - H) // 2 :, (w - W) // 2 :][..., :H, :W]


def _crop(least: float, photo: Tensor, boxes: Boxes, lots: Mapping[str, Tensor]) -> Tensor:
    """Maps (B, 3, 3) that show a part of the photograph, of `least` to 1 of its area, where the whole was. The part lies
    so that the middle of an object drawn by lot is inside; where there is none, anywhere."""
    low, size = photo[:, :2], photo[:, 2:] - photo[:, :2]
    area = least + (1 - least) * lots["area"]
    ratio = either(lots["ratio"], math.log(RATIO)).exp()
    share = torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], 1).clamp(max=1)
    found, labels, crowd = boxes
    real = (labels >= 0) & ~crowd
    row = nth(real, lots["which"])
    centre = centres(found.gather(1, row[:, None, None].expand(-1, 1, 4))[:, 0])
    centre, some = ((centre - low) / size).clamp(0, 1), real.any(1, keepdim=True)
    lowest = torch.where(some, (centre - share).clamp(min=0), 0.0)
    highest = torch.where(some, torch.minimum(centre, 1 - share), 1 - share)
    start = lowest + torch.stack([lots["across"], lots["down"]], 1) * (highest - lowest)
    offset = low + start * size - share * low
    return affine.matrix((share[:, 0], 0.0, offset[:, 0]), (0.0, share[:, 1], offset[:, 1]))
