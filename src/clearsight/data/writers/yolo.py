"""YOLO as Ultralytics reads it: `data.yaml`, `images/train/1.jpg`, `labels/train/1.txt`.

Format: https://docs.ultralytics.com/datasets/detect/. A line is a box: number of its class, centre and size as shares of
the picture's width and height. An empty file says that nothing is there, as no file does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import yaml

from clearsight.core.sample import Sample
from clearsight.core.writer import Placed
from clearsight.data.writers.putting import put

HOLDS = frozenset({"boxes", "classes"})
"""Boxes without any mark."""

TAKEN: frozenset[str] = frozenset()

DIGITS = 10
"""Digits behind the point: of a picture 100,000 pixels wide a hundred-thousandth of a pixel."""


def place(sample: Sample, split: str, name: str) -> str:
    """In the folder of its split."""
    return f"images/{split}/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """A file for each picture, and `data.yaml`: without `path`, so that it holds wherever the folder is put."""
    labels = list(classes["boxes"])
    numbers = {label: number for number, label in enumerate(labels)}
    for split, placed in pictures.items():
        for picture in placed:
            stem = PurePosixPath(picture.picture).stem
            put(folder / f"labels/{split}/{stem}.txt", _lines(picture, numbers))
    document = {**{split: f"images/{split}" for split in pictures}, "nc": len(labels), "names": dict(enumerate(labels))}
    put(folder / "data.yaml", yaml.safe_dump(document, allow_unicode=True, sort_keys=False))


def _lines(picture: Placed, numbers: Mapping[str, int]) -> str:
    boxes, (height, width) = picture.sample.boxes, picture.size
    assert boxes is not None  # YOLO cannot say that a picture is not annotated
    xyxy = np.asarray(boxes.xyxy, np.float64) / (width, height, width, height)
    low, high = xyxy[:, :2], xyxy[:, 2:]
    shares = np.concatenate([(low + high) / 2, high - low], 1)
    lines = (
        " ".join([str(numbers[label]), *(_text(value) for value in row)])
        for label, row in zip(boxes.labels, shares.tolist(), strict=True)
    )
    return "".join(f"{line}\n" for line in lines)


def _text(share: float) -> str:
    return f"{share:.{DIGITS}f}".rstrip("0").rstrip(".")
