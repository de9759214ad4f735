"""D-FINE: queries that attend to the picture and each become one object (Peng et al. 2024, arXiv:2410.13842)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from clearsight.core.errors import InputError
from clearsight.core.learner import GroupedLearner
from clearsight.core.net import LabelAxis, Net, Outputs, Tap
from clearsight.core.pipeline import Batch
from clearsight.core.task import Situation, Task
from clearsight.losses.detection import no_loss
from clearsight.nets import dfine
from clearsight.nets.dfine import Scale
from clearsight.nets.pyramid import grids
from clearsight.nets.settings import Configured, Whole
from clearsight.ops.candidates import best_candidates
from clearsight.tasks.objects.task import ObjectTask
from clearsight.tasks.objects.truth import Truth, truths

PARTS: Mapping[str, tuple[str, ...]] = {
    "score": ("loss_vfl",),
    "box": ("loss_bbox", "loss_giou"),
    "sides": ("loss_fgl", "loss_ddf"),
}
"""Our names of the losses, and transformers' of what they are made of, in every layer of the decoder."""


class DFine(Configured, Net):
    """Attention: queries, no suppression."""

    name = "dfine"
    light = False
    answer_settings = "iou=1"  # two queries do not become the same object
    model: Any
    size: Tensor
    anchors: Tensor
    inside: Tensor
    spans: Tensor

    def __init__(
        self,
        task: ObjectTask[Any],
        config: Mapping[str, Any],
        *,
        scale: Scale = "small",
        queries: Whole = 300,
        denoising: Whole = 100,
    ) -> None:
        """`queries` is the most objects of a picture, no more than there are places; `denoising` about how many more learn to
        find back to an object from near it."""
        super().__init__()
        self.config, self.candidates = dict(config), task.candidates
        self.scale: Scale = scale
        self.grids = grids(task.shape, dfine.strides(scale))
        places = sum(rows * columns for rows, columns in self.grids)
        self.model = dfine.make_model(scale, len(task.labels), min(queries, places), denoising, self.grids[-1])
        anchors, inside = self.model.model.generate_anchors(tuple(self.grids))
        height, width = task.shape
        self.register_buffer("size", torch.tensor([width, height, width, height]).float(), persistent=False)
        self.register_buffer("anchors", anchors.clone(), persistent=False)
        self.register_buffer("inside", inside.float(), persistent=False)
        self.register_buffer("spans", torch.tensor(self.grids), persistent=False)

    def forward(self, images: Tensor) -> Outputs:
        exporting = torch.compiler.is_exporting()
        with dfine.without_checks() if exporting else nullcontext():
            logits, found = self._decode(self._encode(self.colour(images)))
        middles, sides = found[..., :2].float(), found[..., 2:].float()
        boxes = torch.cat([middles - sides / 2, middles + sides / 2], -1) * self.size
        return best_candidates(boxes, logits.float().sigmoid(), self.candidates)

    @staticmethod
    def colour(images: Tensor) -> Tensor:
        """Images (B, 1 or 3, H, W) with three channels: the backbone knows no others."""
        return images.expand(-1, 3, -1, -1)

    def _encode(self, images: Tensor) -> Tensor:
        """Images → what the encoder says of each place of all levels, finest first, (B, places, hidden)."""
        model = self.model.model
        maps = model.backbone.model(images).feature_maps
        levels = [project(level) for project, level in zip(model.encoder_input_proj, maps, strict=True)]
        seen = model.encoder(levels).last_hidden_state
        flat = [
            project(each).flatten(2).transpose(1, 2)
            for project, each in zip(model.decoder_input_proj, seen, strict=True)
        ]
        return torch.cat(flat, 1)

    def _decode(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Places → the last layer's class logits (B, Q, K) and boxes (B, Q, 4): middle and sides, as shares of the canvas.

        The queries begin as the places that are surest of any class. This is what the library's own forward does, with
        shapes that are known when the graph is exported and any number of pictures.
        """
        model = self.model.model
        memory = model.enc_output(self.inside * places)
        sure = model.enc_score_head(memory).amax(-1)
        rows = sure.topk(self.model.config.num_queries, dim=1).indices[..., None]
        boxes = (model.enc_bbox_head(memory) + self.anchors).gather(1, rows.expand(-1, -1, 4))
        found = model.decoder(
            inputs_embeds=memory.gather(1, rows.expand(-1, -1, memory.shape[-1])),
            encoder_hidden_states=places,
            reference_points=boxes,
            spatial_shapes=self.spans,
            spatial_shapes_list=self.grids,
        )
        return found.intermediate_logits[:, -1], found.intermediate_reference_points[:, -1]

    def learner(self, options: Mapping[str, Any]) -> DFineLearner:
        return DFineLearner(self, options)

    def load_pretrained(self, weights: str) -> str:
        if weights == "download" and self.scale == "tiny":
            raise InputError(
                "the net dfine of scale tiny has no published weights: leave --weights out, or say another scale"
            )
        return str(dfine.load_weights(self.model, weights, self.scale))

    def backbone_parameters(self) -> list[nn.Parameter]:
        return list(self.model.model.backbone.parameters())

    def backbone_blocks(self) -> list[list[nn.Parameter]]:
        backbone = self.model.model.backbone.model
        return [list(part.parameters()) for part in (backbone.embedder, *backbone.encoder.stages)]

    def feature_taps(self) -> list[Tap]:
        stages = self.model.model.backbone.model.encoder.stages
        return [
            Tap(f"model.model.backbone.model.encoder.stages.{number}", stage) for number, stage in enumerate(stages)
        ]

    def label_axis(self, name: str) -> LabelAxis:
        return LabelAxis(after=int("denoising_class_embed" in name))  # the last row stands for no object

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        why = "D-FINE (Peng et al. 2024, appendix)"
        scale = "nano" if situation.device == "cpu" else "small"
        found: dict[str, tuple[Any, str]] = {
            "net_options": (f"scale={scale}", f"the largest that learns in good time on a {situation.device.upper()}"),
            "optimiser": ("adamw", why),
            "lr": (1e-4, f"{why}: 2e-4 for batches of 32"),
            "weight_decay": (1e-4, why),
            "clip": (0.1, why),
        }
        if situation.weights:
            found["backbone_lr"] = (0.5, f"{why}: half the rate of the rest, for its smaller scales")
        return found


class DFineLearner(GroupedLearner):
    """transformers' losses: one query for each object by the cheapest matching, and a share of queries that begin near the
    objects (denoising)."""

    net: DFine

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        known = truths(batch)
        if not known:
            return dict.fromkeys(PARTS, no_loss(*self.net.parameters()))
        images = batch.images if len(known) == len(batch) else batch.images[batch.targets["known"]]
        found = self.net.model(pixel_values=self.net.colour(images), labels=self._labels(known)).loss_dict
        losses = {name: _total(found, of) for name, of in PARTS.items()}
        if not any(len(truth.boxes) for truth in known):  # nothing to denoise: yet all that is learnt takes part
            losses["score"] = losses["score"] + no_loss(*self.net.parameters())
        return losses

    def _labels(self, known: Sequence[Truth]) -> list[dict[str, Tensor]]:
        """Boxes as their middle and sides, as shares of the canvas."""
        shares = [(truth.boxes / self.net.size).clamp(0, 1) for truth in known]
        boxes = [torch.cat([(box[:, :2] + box[:, 2:]) / 2, box[:, 2:] - box[:, :2]], 1) for box in shares]
        return [{"class_labels": truth.labels, "boxes": box} for truth, box in zip(known, boxes, strict=True)]


def _total(found: Mapping[str, Tensor], names: Sequence[str]) -> Tensor:
    """The sum of the losses whose names begin so; zero where there are none, as of the sides with a single layer."""
    parts = [value.float() for name, value in found.items() if name.startswith(tuple(names))]
    return torch.stack(parts or [value * 0 for value in found.values()]).sum()
