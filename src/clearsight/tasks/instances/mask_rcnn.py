"""Mask R-CNN: what Faster R-CNN finds is looked at once more, and drawn (He et al. 2017, arXiv:1703.06870)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor

from clearsight.core.net import LabelAxis, Outputs
from clearsight.losses.detection import no_loss
from clearsight.nets.backbone import Inputs, Model
from clearsight.nets.regions import RegionPool
from clearsight.nets.settings import Positive, Whole
from clearsight.ops.box_grids import covered, mask_boxes
from clearsight.tasks.instances.answer import InstanceNet
from clearsight.tasks.instances.task import FindInstances
from clearsight.tasks.objects.detector import Raw
from clearsight.tasks.objects.faster_rcnn import FasterRCNN, SampledRegions
from clearsight.tasks.objects.selection import Selection, taken
from clearsight.tasks.objects.truth import Truth

LAYERS = 4
"""Convolutions of the mask head (section 3, figure 4)."""


class MaskRCNN(InstanceNet, FasterRCNN):
    """Two-stage: regions, then masks."""

    name = "mask-rcnn"
    parts: ClassVar[tuple[str, ...]] = (*FasterRCNN.parts, "mask")

    def __init__(
        self,
        task: FindInstances,
        config: Mapping[str, Any],
        *,
        backbone: Model = "resnet50",
        inputs: Inputs = "own",
        width: Whole = 256,
        hidden: Whole = 1024,
        anchor: Positive = 8.0,
        tried: Whole = 1000,
        proposals: Whole = 300,
        regions: Whole = 256,
    ) -> None:
        """The settings are those of Faster R-CNN; `width` is the channels of the mask head too, and of a picture no fewer
        regions are looked at than an answer may hold objects."""
        super().__init__(
            task,
            config,
            backbone=backbone,
            inputs=inputs,
            width=width,
            hidden=hidden,
            anchor=anchor,
            tried=tried,
            proposals=max(proposals, task.keep),
            regions=regions,
        )
        self.selection, self.mask_size = task.selection(), task.mask_size
        # the last layer doubles a map's side
        self.mask_pool = RegionPool(task.shape, self.backbone.strides, self.mask_size // 2)
        self.mask_head = MaskRCNNHeads(width, (width,) * LAYERS, 1)
        self.mask_predictor = MaskRCNNPredictor(width, width, len(task.labels))

    def answer(self, images: Tensor, selection: Selection) -> Outputs:
        raw = self.raw(images)
        found = self.found(raw)
        rows, scores, classes = selection(found["boxes"].float(), found["scores"].float(), found["classes"])
        boxes = taken(found["boxes"], rows)
        grids = mask_boxes(boxes, self.shape)
        masks = self._masks(raw, grids, classes)
        return {"boxes": boxes, "scores": scores, "classes": classes, "mask_boxes": grids, "masks": masks}

    def _masks(self, raw: Raw, boxes: Tensor, classes: Tensor) -> Tensor:
        """Probabilities (B, D, M, M) of the objects' classes (B, D), on grids over boxes (B, D, 4); 0 for padding, which is not
        looked at where its number need not be fixed."""
        count, each = classes.shape
        pictures = torch.arange(count, device=boxes.device)[:, None].expand(count, each).flatten()
        flat, wanted = boxes.flatten(0, 1), classes.flatten()
        if torch.compiler.is_exporting():
            shown = self._draw(raw, flat, pictures, wanted.clamp(min=0)).sigmoid() * (wanted >= 0)[:, None, None]
            return shown.reshape(count, each, self.mask_size, self.mask_size)
        found = flat.new_zeros(len(flat), self.mask_size, self.mask_size)
        real = (wanted >= 0).nonzero()[:, 0]
        if len(real):
            found[real] = self._draw(raw, flat[real], pictures[real], wanted[real]).sigmoid().to(found.dtype)
        return found.reshape(count, each, self.mask_size, self.mask_size)

    def _draw(self, raw: Raw, regions: Tensor, pictures: Tensor, classes: Tensor) -> Tensor:
        """Mask logits (R, M, M) of classes (R,) in regions (R, 4) of pictures (R,)."""
        levels = [raw[str(number)] for number in range(len(self.backbone.strides))]
        logits: Tensor = self.mask_predictor(self.mask_head(self.mask_pool(levels, regions, pictures)))
        rows = classes[:, None, None, None].expand(-1, 1, self.mask_size, self.mask_size)
        return logits.float().gather(1, rows)[:, 0]

    def more_losses(self, raw: Raw, sampled: SampledRegions, known: Sequence[Truth]) -> dict[str, Tensor]:
        """How well masks are drawn in the regions that are for an object: binary cross-entropy on the grid, for the object's
        class alone (section 3). What nobody has judged, and objects that others hide altogether, teach nothing."""
        mine = (sampled.labels > 0).nonzero()[:, 0]
        maps = [truth.owners for truth in known if truth.owners is not None]
        if not len(mine) or not maps:
            return {"mask": no_loss(*self.mask_head.parameters(), *self.mask_predictor.parameters())}
        boxes, pictures = mask_boxes(sampled.boxes[mine], self.shape), sampled.pictures[mine]
        wanted, judged = covered(torch.stack(maps), pictures, boxes, sampled.objects[mine], self.mask_size)
        judged = judged & wanted.any(-1).any(-1)[:, None, None]
        logits = self._draw(raw, boxes, pictures, sampled.labels[mine] - 1)
        costs = F.binary_cross_entropy_with_logits(logits, wanted.float(), reduction="none") * judged
        return {"mask": costs.sum() / judged.sum().clamp(min=1)}

    def losses(self, raw: Raw, known: Sequence[Truth]) -> dict[str, Tensor]:
        found = super().losses(raw, known)
        return {name: found[name] for name in self.parts}

    def label_axis(self, name: str) -> LabelAxis:
        if name.startswith("mask_predictor"):
            return LabelAxis()
        return super().label_axis(name)
