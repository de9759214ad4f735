"""A table of boxes, CSV: `boxes.csv` with a row for each box, and `images/train/1.jpg`.

A picture on which nothing is has one row whose label and corners are empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from clearsight.core.sample import Boxes, Sample
from clearsight.core.writer import Placed
from clearsight.data.writers.putting import csv_text, decimals, further, put, text

EDGES = ("xmin", "ymin", "xmax", "ymax")
MARKS = ("crowd", "difficult")

HOLDS = frozenset({"boxes", "crowd", "difficult", "extra"})
"""Boxes with their marks, and further columns; classes are known only by their boxes."""

TAKEN = frozenset(
    {"image", "label", "split", *EDGES, *MARKS, "height", "width", "imageheight", "imagewidth", "imgheight", "imgwidth"}
)


def place(sample: Sample, split: str, name: str) -> str:
    """In the folder of its split."""
    return f"images/{split}/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """The one table of all splits."""
    everything = [(split, picture) for split, placed in pictures.items() for picture in placed]
    marks = [mark for mark in MARKS if any(getattr(p.sample.boxes, mark, None) is not None for _, p in everything)]
    columns, cells = further([picture.sample for _, picture in everything])
    rows = (
        [picture.picture, *box, split, *more]
        for (split, picture), more in zip(everything, cells, strict=True)
        for box in _boxes(picture.sample.boxes, marks)
    )
    put(folder / "boxes.csv", csv_text(["image", "label", *EDGES, *marks, "split", *columns], rows))


def _boxes(boxes: Boxes | None, marks: Sequence[str]) -> list[list[str]]:
    """The cells of label, corners and marks for each box; of a picture without a box one row of empty ones."""
    assert boxes is not None  # a table of boxes cannot say that a picture is not annotated
    rows = []
    for row, (label, corners) in enumerate(zip(boxes.labels, decimals(boxes.xyxy), strict=True)):
        flags = [getattr(boxes, mark) for mark in marks]
        rows.append([label, *map(text, corners), *(str(int(f is not None and bool(f[row]))) for f in flags)])
    return rows or [[""] * (1 + len(EDGES) + len(marks))]
