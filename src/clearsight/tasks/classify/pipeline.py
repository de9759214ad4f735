"""Classification's targets, and its way from logits to probabilities."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Postprocess
from clearsight.core.sample import Sample
from clearsight.tasks.picture.pipeline import Targets

Score = Literal["energy", "probability"]
"""What pictures are rejected by: `energy` (Liu et al. 2020), or the largest `probability` (Hendrycks and Gimpel 2017)."""


class ClassifyPostprocess(Postprocess):
    """Logits (B, K) → probabilities (B, K), softened by the temperature; where there is a threshold also `rejected`,
    bool (B,): whether the score lies below it."""

    temperature: Tensor
    below: Tensor

    def __init__(self, temperature: float, score: Score | None = None, below: float | None = None) -> None:
        super().__init__()
        self.register_buffer("temperature", torch.tensor(temperature))
        self.score = score
        self.register_buffer("below", torch.tensor(0.0 if below is None else below))

    def forward(self, outputs: dict[str, Tensor], frame: Tensor) -> dict[str, Tensor]:
        probabilities = (outputs["logits"].float() / self.temperature).softmax(1)
        if self.score is None:
            return {"probabilities": probabilities}
        scores = energy(outputs["logits"]) if self.score == "energy" else probabilities.amax(1)
        return {"probabilities": probabilities, "rejected": scores < self.below}


def energy(logits: Tensor) -> Tensor:
    """Minus the energy of logits (B, K), (B,): logsumexp, the temperature being 1 as in its paper's experiments, higher
    for pictures of known classes (Liu et al. 2020, arXiv 2010.03759, eq. 4)."""
    return logits.float().logsumexp(1)


class OneLabel(Targets):
    """A sample's label as an index; −1 where it is not annotated."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.index = {label: number for number, label in enumerate(labels)}

    def __repr__(self) -> str:
        return f"classify {tuple(self.index)}"

    def answer(self, sample: Sample) -> dict[str, Tensor]:
        return {"label": torch.tensor(self._label(sample))}

    def _label(self, sample: Sample) -> int:
        if not sample.labels:
            return -1
        if len(sample.labels) > 1:
            raise InputError(f"{sample.key} has {len(sample.labels)} labels; classification takes one for each picture")
        if sample.labels[0] not in self.index:
            raise InputError(f"{sample.key} is labelled {sample.labels[0]!r}, which is none of the model's classes")
        return self.index[sample.labels[0]]
