"""Faster R-CNN on a feature pyramid: regions are proposed, then looked at (Ren et al. 2015, arXiv:1506.01497; Lin et al.
2017, arXiv:1612.03144)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.roi_heads import RoIHeads, fastrcnn_loss
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead, concat_box_prediction_layers

from clearsight.core.net import LabelAxis, Outputs
from clearsight.core.task import Situation, Task
from clearsight.losses.detection import no_loss
from clearsight.nets.anchors import decode, make_anchors
from clearsight.nets.backbone import Backbone, Inputs, Model
from clearsight.nets.pyramid import Pyramid
from clearsight.nets.regions import RegionPool
from clearsight.nets.settings import Positive, Whole
from clearsight.ops.boxes import clip
from clearsight.ops.suppress import survivors
from clearsight.tasks.objects.detector import Detector, Raw, recipe
from clearsight.tasks.objects.task import ObjectTask
from clearsight.tasks.objects.truth import Truth

ASPECTS = (0.5, 1.0, 2.0)
"""Heights by widths of the anchors at a place (FPN, section 4.1)."""

SIDE = 7
"""Regions are read at so many by so many places (FPN, section 4.2)."""

SAME = 0.7
"""Proposals that overlap by more are one (Ren et al., section 3.3)."""

ASKED = 256
"""Anchors of a picture that the proposals are learnt from (Ren et al., section 3.1.3)."""

SMALLEST = 1e-3
"""Proposals with a side below this, canvas pixels, are none: torchvision's bound."""


class SampledRegions(NamedTuple):
    """Regions that a batch is learnt from, of all pictures that are known."""

    boxes: Tensor  # (R, 4), canvas pixels
    pictures: Tensor  # int64 (R,)
    objects: Tensor  # int64 (R,): the index of the object that a region is for, where it is for one
    labels: Tensor  # int64 (R,): the object's class from 1 on, 0 for the background


class FasterRCNN(Detector):
    """Two-stage: regions, then classes."""

    name = "faster-rcnn"
    parts: ClassVar[tuple[str, ...]] = ("objects", "proposals", "score", "box")
    anchors: Tensor

    def __init__(
        self,
        task: ObjectTask[Any],
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
        """`width` is the channels of the pyramid, `hidden` those of the head; `anchor` the side of a level's anchors, in
        strides; `tried` how many anchors of a level are compared for repeating each other, `proposals` how many regions of a
        picture are then looked at, `regions` how many of them are learnt from."""
        body = Backbone.create(backbone, task.channels, inputs, levels=(4, 8, 16, 32), shape=task.shape)
        super().__init__(task, config, body)
        self.shape, self.tried, self.proposals = task.shape, tried, proposals
        self.pyramid = Pyramid(body.channels, body.strides, width, "pooled")
        strides = self.pyramid.strides
        generator = AnchorGenerator(tuple((anchor * stride,) for stride in strides), (ASPECTS,) * len(strides))
        most = {"training": tried, "testing": tried}
        head = RPNHead(width, len(ASPECTS))
        self.rpn = RegionProposalNetwork(generator, head, 0.7, 0.3, ASKED, 0.5, most, most, SAME)
        self.pool = RegionPool(task.shape, body.strides, SIDE)
        layers = TwoMLPHead(width * SIDE**2, hidden), FastRCNNPredictor(hidden, len(task.labels) + 1)
        self.heads = RoIHeads(None, *layers, 0.5, 0.5, regions, 0.25, None, 0.0, 1.0, proposals)
        anchors = make_anchors(generator, task.shape, strides)
        self.register_buffer("anchors", torch.cat(anchors), persistent=False)
        self.counts = [len(each) for each in anchors]

    def raw(self, images: Tensor) -> Raw:
        """`objects` (B, A) logits and `deltas` (B, A, 4) of the anchors, and the pyramid's levels by number."""
        pyramid = self.pyramid(self.backbone(images))
        objects, deltas = concat_box_prediction_layers(*self.rpn.head(pyramid))
        count = images.shape[0]
        levels = {str(number): level for number, level in enumerate(pyramid[: len(self.backbone.strides)])}
        return {"objects": objects.reshape(count, -1), "deltas": deltas.reshape(count, -1, 4), **levels}

    def forward(self, images: Tensor) -> Outputs:
        return self.found(self.raw(images))

    def found(self, raw: Raw) -> Outputs:
        """The candidates that are seen in the regions proposed."""
        regions, real = self.propose(raw)
        count, each = real.shape
        pictures = torch.arange(count, device=real.device)[:, None].expand(count, each)
        logits, codes = self._look(raw, regions.flatten(0, 1), pictures.flatten())
        scores = logits.softmax(-1)[:, 1:].reshape(count, each, -1) * real[..., None]
        boxes = self.heads.box_coder.decode_single(codes, regions.flatten(0, 1))
        classes = scores.shape[2]
        boxes = boxes.reshape(count, each, classes + 1, 4)[:, :, 1:].flatten(1, 2)
        values, pairs = scores.flatten(1).topk(min(self.candidates, each * classes), dim=1)
        return {
            "boxes": boxes.gather(1, pairs[..., None].expand(-1, -1, 4)),
            "scores": values,
            "classes": pairs % classes,
        }

    def propose(self, raw: Raw) -> tuple[Tensor, Tensor]:
        """What the anchors say → regions (B, P, 4) in canvas pixels, best first, and whether each is one (B, P): where
        fewer than P are left, the rest is padding. Nothing is learnt through the regions themselves."""
        objects, deltas = raw["objects"].detach().float(), raw["deltas"].detach().float()
        rows, counts = self._best(objects)
        across = rows[..., None].expand(-1, -1, 4)
        anchors = self.anchors.expand_as(deltas).gather(1, across)
        boxes = decode(self.rpn.box_coder, deltas.gather(1, across), anchors)
        boxes = clip(boxes, float(self.shape[1]), float(self.shape[0]))
        scores = objects.gather(1, rows)  # not as probabilities: those of sure objects are all the same number, 1
        large = (boxes[..., 2:] - boxes[..., :2]).amin(-1) >= SMALLEST
        scores = torch.where(large, scores, -torch.inf)
        scores = torch.where(survivors(boxes, scores, counts, SAME, self.shape), scores, -torch.inf)
        values, best = scores.topk(min(self.proposals, scores.shape[1]), dim=1)
        return boxes.gather(1, best[..., None].expand(-1, -1, 4)), values > -torch.inf

    def _best(self, objects: Tensor) -> tuple[Tensor, list[int]]:
        """The best anchors of each level by their logits (B, A): their rows (B, N), and how many they are of each level."""
        counts = [min(self.tried, count) for count in self.counts]
        rows, first = [], 0
        for count, most in zip(self.counts, counts, strict=True):
            best = objects[:, first : first + count].topk(most, dim=1).indices
            rows.append(best.sort(dim=1).values + first)  # so that of equals, as in plain areas, it is always the first
            first += count
        return torch.cat(rows, 1), counts

    def _look(self, raw: Raw, regions: Tensor, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Regions (R, 4) of pictures (R,) → class logits (R, 1 + K), the background first, and codes (R, 4 (1 + K))."""
        levels = [raw[str(number)] for number in range(len(self.backbone.strides))]
        logits, codes = self.heads.box_predictor(self.heads.box_head(self.pool(levels, regions, pictures)))
        return logits.float(), codes.float()

    def losses(self, raw: Raw, known: Sequence[Truth]) -> dict[str, Tensor]:
        targets = [truth.as_target(1) for truth in known]
        return {**self._propose_losses(raw, known, targets), **self._look_losses(raw, known, targets)}

    def _propose_losses(self, raw: Raw, known: Sequence[Truth], targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        """How well anchors tell objects from nothing, and where these are; anchors in crowds are left out."""
        anchors = [self.anchors] * len(known)
        labels, boxes = self.rpn.assign_targets_to_anchors(anchors, targets)
        for label, truth in zip(labels, known, strict=True):
            label[(label == 0) & truth.crowded(self.anchors)] = -1
        if not any((label >= 0).any() for label in labels):
            return dict.fromkeys(self.parts[:2], no_loss(raw["objects"], raw["deltas"]))
        wanted = self.rpn.box_coder.encode(boxes, anchors)
        found = self.rpn.compute_loss(raw["objects"], raw["deltas"].flatten(0, 1), labels, wanted)
        return dict(zip(self.parts[:2], found, strict=True))

    def _look_losses(self, raw: Raw, known: Sequence[Truth], targets: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        """What is seen in a sample of the regions proposed, objects among them; regions in crowds are left out."""
        proposed = [boxes[real] for boxes, real in zip(*self.propose(raw), strict=True)]
        proposed = [boxes[~truth.crowded(boxes)] for boxes, truth in zip(proposed, known, strict=True)]
        regions, objects, labels, wanted = self.heads.select_training_samples(proposed, targets)
        counts = torch.tensor([len(each) for each in regions], device=self.anchors.device)
        if not counts.sum():
            return dict.fromkeys(self.parts[2:], no_loss(*self.heads.parameters()))
        pictures = torch.arange(len(known), device=self.anchors.device).repeat_interleave(counts)
        sampled = SampledRegions(torch.cat(regions), pictures, torch.cat(objects), torch.cat(labels))
        found = fastrcnn_loss(*self._look(raw, sampled.boxes, pictures), labels, wanted)
        return {**dict(zip(self.parts[2:4], found, strict=True)), **self.more_losses(raw, sampled, known)}

    def more_losses(self, raw: Raw, sampled: SampledRegions, known: Sequence[Truth]) -> dict[str, Tensor]:
        """The losses of `parts` beyond the first four, by the same regions."""
        return {}

    def label_axis(self, name: str) -> LabelAxis:
        return LabelAxis(before=1, inner=4 if "bbox_pred" in name else 1)

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        why = "Faster R-CNN on a pyramid (Lin et al. 2017, section 5.2)"
        return recipe(situation, 128, why, (0.01, "0.02 for batches of 16"), 1e-4)
