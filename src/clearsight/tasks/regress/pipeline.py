"""What numbers are to the learner, and from outputs to numbers in the user's units."""

from __future__ import annotations

from math import isfinite

import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Postprocess
from clearsight.core.sample import Sample
from clearsight.tasks.picture.pipeline import Targets


class Numbers(Targets):
    """A sample's values, less their mean and in units of their deviation; NaN where one is not annotated."""

    def __init__(self, names: tuple[str, ...], mean: tuple[float, ...], deviation: tuple[float, ...]) -> None:
        self.names, self.mean, self.deviation = names, mean, deviation

    def __repr__(self) -> str:
        return f"regress {self.names} {self.mean} {self.deviation}"

    def answer(self, sample: Sample) -> dict[str, Tensor]:
        found = numbers(sample, self.names)
        rows = zip(found, self.mean, self.deviation, strict=True)
        return {"answer": torch.tensor([torch.nan if x is None else (x - mean) / by for x, mean, by in rows])}


class RegressPostprocess(Postprocess):
    """Outputs (B, K) → numbers (B, K) in the user's units, and their deviations (B, K) over the training pictures."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: tuple[float, ...], deviation: tuple[float, ...]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("deviation", torch.tensor(deviation))

    def forward(self, outputs: dict[str, Tensor], frame: Tensor) -> dict[str, Tensor]:
        numbers = outputs["logits"].float() * self.deviation + self.mean
        return {"numbers": numbers, "deviations": self.deviation.expand_as(numbers)}


def numbers(sample: Sample, names: tuple[str, ...]) -> list[float | None]:
    """A sample's values by these names, None where it has none. Raises `InputError` on what is no finite number."""
    found: list[float | None] = []
    for name in names:
        value = (sample.values or {}).get(name)
        if value is not None and not isfinite(value):
            raise InputError(
                f"{sample.key}: its {name} is {value}, which is no number to learn or judge by; leave it empty"
            )
        found.append(value)
    return found
