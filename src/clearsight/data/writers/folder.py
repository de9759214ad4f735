"""Class folders: `train/cats/1.jpg`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from clearsight.core.sample import Sample
from clearsight.core.writer import Placed
from clearsight.data.writers.naming import folder_of

HOLDS = frozenset({"labels"})
"""One label for each picture."""

TAKEN: frozenset[str] = frozenset()


def place(sample: Sample, split: str, name: str) -> str:
    """In the folder of its class in that of its split. Raises `InputError` for a label that no folder can be called."""
    assert sample.labels is not None
    (label,) = sample.labels
    return f"{split}/{folder_of(label)}/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """Nothing: the folders say it all."""
