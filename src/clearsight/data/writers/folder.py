"""Class folders: `train/cats/1.jpg`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from clearsight.core.errors import InputError
from clearsight.core.sample import Sample
from clearsight.core.writer import Placed
from clearsight.data.tree import DROPPINGS

HOLDS = frozenset({"labels"})
"""One label for each picture."""

TAKEN: frozenset[str] = frozenset()


def place(sample: Sample, split: str, name: str) -> str:
    """In the folder of its class in that of its split. Raises `InputError` for a label that no folder can be called."""
    assert sample.labels is not None
    (label,) = sample.labels
    parts = PurePosixPath(label.replace("\\", "/")).parts
    if len(parts) != 1 or "\0" in label or label[0] in ". " or label.casefold() in DROPPINGS or label[-1] in ". ":
        raise InputError(f"no folder can be called {label!r}; rename the class, as in --classes '{label}=other'")
    return f"{split}/{label}/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """Nothing: the folders say it all."""
