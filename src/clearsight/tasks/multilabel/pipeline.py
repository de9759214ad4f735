"""What several labels for each picture are to the learner, and from logits to answers."""

from __future__ import annotations

import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Postprocess
from clearsight.core.sample import Sample
from clearsight.tasks.picture.pipeline import Targets


class SeveralLabels(Targets):
    """A sample's labels as ones among zeros; NaN where it is not annotated."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.index = {label: number for number, label in enumerate(labels)}

    def __repr__(self) -> str:
        return f"multilabel {tuple(self.index)}"

    def answer(self, sample: Sample) -> dict[str, Tensor]:
        return {"answer": torch.full((len(self.index),), torch.nan) if sample.labels is None else self.row(sample)}

    def row(self, sample: Sample) -> Tensor:
        """Float (K,): 1 for each of an annotated sample's labels. Raises `InputError` on one that is not known."""
        row = torch.zeros(len(self.index))
        for label in sample.labels or ():
            if label not in self.index:
                raise InputError(f"{sample.key} is labelled {label!r}, which is none of the model's labels")
            row[self.index[label]] = 1
        return row


class MultilabelPostprocess(Postprocess):
    """Logits (B, K) → probabilities (B, K), each by itself, and the thresholds (B, K) that they are to reach."""

    thresholds: Tensor

    def __init__(self, thresholds: tuple[float, ...]) -> None:
        super().__init__()
        self.register_buffer("thresholds", torch.tensor(thresholds))

    def forward(self, outputs: dict[str, Tensor], frame: Tensor) -> dict[str, Tensor]:
        probabilities = outputs["logits"].float().sigmoid()
        return {"probabilities": probabilities, "thresholds": self.thresholds.expand_as(probabilities)}
