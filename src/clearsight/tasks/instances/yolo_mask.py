"""Our own net for masks: the one-stage detector, of which every place brings a small net that draws its object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from clearsight.core.net import Outputs
from clearsight.core.pipeline import Batch
from clearsight.losses.assignment import Assignment
from clearsight.losses.detection import no_loss
from clearsight.losses.masks import mask_bce, mask_dice
from clearsight.nets.backbone import Inputs
from clearsight.nets.settings import Whole
from clearsight.nets.yolo.head import Branch
from clearsight.nets.yolo.masks import STRIDE, MaskFeatures, MaskNets
from clearsight.ops.box_grids import covered, mask_boxes
from clearsight.ops.boxes import Overlap, overlap
from clearsight.ops.candidates import best_pairs
from clearsight.tasks.instances.answer import InstanceNet
from clearsight.tasks.instances.task import FindInstances
from clearsight.tasks.objects.selection import Selection, taken
from clearsight.tasks.objects.yolo import STRIDES, Raw, Scale, Yolo, YoloLearner, YoloModules

LEARNT = 384
"""Places of a batch that masks are learnt from, at most: a sample of them says as much, and keeps a step's cost bounded
however many objects there are."""

FITTING = 0.5
"""A place learns its mask by its own box where that overlaps the object's by so much (IoU), as it will answer; else by the
object's."""


class YoloMaskModules(YoloModules):
    """Those of the detector, and what masks are made of. `finest` is the stride of the finest places: 4 costs more, and sees
    the smallest objects; `features` how many features masks are told by, `hidden` the channels that these are made from."""

    def __init__(
        self,
        task: FindInstances,
        *,
        scale: Scale = "small",
        backbone: str | None = None,
        inputs: Inputs = "own",
        width: Whole | None = None,
        depth: Whole | None = None,
        bins: Whole | Literal[0] = 16,
        overlap: Overlap = "ciou",
        finest: Literal[4, 8] = 8,
        features: Whole = 8,
        hidden: Whole | None = None,
    ) -> None:
        used = STRIDES if finest == STRIDES[0] else (STRIDE, *STRIDES)
        super().__init__(
            task,
            (STRIDE, *STRIDES),
            used,
            scale=scale,
            backbone=backbone,
            inputs=inputs,
            width=width,
            depth=depth,
            bins=bins,
            overlap=overlap,
        )
        self.features = MaskFeatures(self.backbone.channels[0], self.width, hidden or self.width // 2, features)
        self.nets = MaskNets(features, task.mask_size)
        self.numbers = Branch(len(used), self.width, self.nets.count, 1, self.light)
        self.harden(self.features, self.numbers)
        self.nets.begin([project for project in self.numbers.project if isinstance(project, nn.Conv2d)])


class YoloMask(InstanceNet, Yolo):
    """Our own: a mask net for each place."""

    name = "yolo-mask"
    makes: ClassVar[type[YoloMaskModules]] = YoloMaskModules

    def __init__(self, modules: YoloMaskModules, task: FindInstances, config: Mapping[str, Any]) -> None:
        super().__init__(modules, task, config)
        self.mask_features, self.numbers, self.mask_nets = modules.features, modules.numbers, modules.nets
        self.selection, self.mask_size = task.selection(), task.mask_size

    def looked(self, images: Tensor) -> tuple[Raw, Tensor, Tensor]:
        """Images (B, C, H, W) in [0, 1] → what the places say, the numbers that their mask nets are made of (B, A, N), and the
        features that these see (B, F, H / 4, W / 4)."""
        maps = self.backbone(images)
        levels = self.neck(maps[len(maps) - len(self.neck.lateral) :])
        return self._read(self.head, levels), self.numbers(levels), self.mask_features(maps[0], levels[0])

    def answer(self, images: Tensor, selection: Selection) -> Outputs:
        raw, numbers, features = self.looked(images)
        values, places, classes = best_pairs(raw.logits.float().sigmoid(), self.candidates)
        boxes = taken(raw.boxes, places)
        rows, scores, classes = selection(boxes, values, classes)
        boxes, brought = taken(boxes, rows), taken(numbers, taken(places[..., None], rows)[..., 0])
        grids = mask_boxes(boxes, images.shape[-2:])
        masks = self.mask_nets(features, grids, brought).sigmoid()
        return {"boxes": boxes, "scores": scores, "classes": classes, "mask_boxes": grids, "masks": masks}

    def learner(self, options: Mapping[str, Any]) -> YoloMaskLearner:
        return YoloMaskLearner(self, options)


class YoloMaskLearner(YoloLearner):
    """The detector's losses, and of a sample of the places that learn an object how well they draw it: binary cross-entropy
    and Dice on its grid, each object counting alike."""

    net: YoloMask
    weights: Mapping[str, float] = {**YoloLearner.weights, "mask": 2.0, "dice": 1.0}

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        raw, numbers, features = self.net.looked(batch.images)
        losses, assigned = self.losses(self.net.head, raw, batch, per_object=10)
        return {**losses, **self._mask_losses(raw, numbers, features, batch, assigned)}

    def _mask_losses(
        self, raw: Raw, numbers: Tensor, features: Tensor, batch: Batch, assigned: Assignment
    ) -> dict[str, Tensor]:
        pictures, places = assigned.positive.nonzero(as_tuple=True)
        if len(pictures) > LEARNT:
            drawn = torch.randperm(len(pictures))[:LEARNT].to(pictures.device)
            pictures, places = pictures[drawn], places[drawn]
        if not len(pictures):
            return dict.fromkeys(("mask", "dice"), no_loss(numbers, features))
        objects = assigned.objects[pictures, places]
        own, true = raw.boxes[pictures, places].detach().float(), batch.targets["boxes"][pictures, objects]
        boxes = torch.where((overlap(own, true) >= FITTING)[:, None], own, true)
        boxes = mask_boxes(boxes, batch.images.shape[-2:])
        logits = self.net.mask_nets.at(features, pictures, boxes, numbers[pictures, places])
        wanted, judged = covered(batch.targets["owners"], pictures, boxes, objects, self.net.mask_size)
        seen = wanted.any(-1).any(-1).float()  # of objects that others hide altogether nothing is to be drawn
        found = {"mask": mask_bce, "dice": mask_dice}
        total = seen.sum().clamp(min=1)
        return self._weighed(
            {name: (loss(logits, wanted.float(), judged) * seen).sum() / total for name, loss in found.items()}
        )
