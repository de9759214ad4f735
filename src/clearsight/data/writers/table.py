"""A table of labels, CSV: `labels.csv` with a row for each picture, and `images/train/1.jpg`.

An empty cell says that a picture is not annotated. Where some picture has several labels, or none, they are lists in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from clearsight.core.sample import Sample
from clearsight.core.writer import Placed
from clearsight.data.writers.putting import csv_text, further, put

HOLDS = frozenset({"labels", "several", "none", "unannotated", "extra"})
"""Labels, and further columns; classes are known only by what bears them."""

TAKEN = frozenset({"image", "label", "split"})


def place(sample: Sample, split: str, name: str) -> str:
    """In the folder of its split."""
    return f"images/{split}/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """The one table of all splits."""
    everything = [(split, picture) for split, placed in pictures.items() for picture in placed]
    listed = any(_list_needed(picture.sample.labels) for _, picture in everything)
    columns, cells = further([picture.sample for _, picture in everything])
    rows = (
        [picture.picture, _cell(picture.sample.labels, listed), split, *more]
        for (split, picture), more in zip(everything, cells, strict=True)
    )
    put(folder / "labels.csv", csv_text(["image", "label", "split", *columns], rows))


def _list_needed(labels: Sequence[str] | None) -> bool:
    """Whether labels must be written as a list to be read as they are."""
    return labels is not None and (len(labels) != 1 or any(mark in labels[0] for mark in "[;|"))


def _cell(labels: Sequence[str] | None, listed: bool) -> str:
    if labels is None:
        return ""
    return json.dumps(list(labels), ensure_ascii=False) if listed else labels[0]
