"""YOLO as Ultralytics reads it: `data.yaml`, `images/train/1.jpg`, `labels/train/1.txt`.

Format: https://docs.ultralytics.com/datasets/detect/ and …/segment/. A line is a box: number of its class, centre and size as
shares of the picture's width and height; or, where the data has masks, a polygon along the edges of the mask's pixels. Its
parts and holes are joined by lines there and back, which bound nothing. An empty file says that nothing is there, as no file
does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import yaml

from clearsight.core.sample import Array, Sample
from clearsight.core.writer import Placed
from clearsight.data.writers.masking import window
from clearsight.data.writers.putting import drawn_classes, put
from clearsight.ops.outline import polygons
from clearsight.ops.rle import Runs

HOLDS = frozenset({"boxes", "masks", "overlap", "classes"})
"""Boxes or masks, without any mark; a mask's box is that round it."""

TAKEN: frozenset[str] = frozenset()

DIGITS = 10
"""Digits behind the point: of a picture 100,000 pixels wide a hundred-thousandth of a pixel."""


def place(sample: Sample, split: str, name: str) -> str:
    """In the folder of its split."""
    return f"images/{split}/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """A file for each picture, and `data.yaml`: without `path`, so that it holds wherever the folder is put."""
    labels = drawn_classes(classes)
    numbers = {label: number for number, label in enumerate(labels)}
    for split, placed in pictures.items():
        for picture in placed:
            stem = PurePosixPath(picture.picture).stem
            put(folder / f"labels/{split}/{stem}.txt", _lines(picture, numbers))
    document = {**{split: f"images/{split}" for split in pictures}, "nc": len(labels), "names": dict(enumerate(labels))}
    put(folder / "data.yaml", yaml.safe_dump(document, allow_unicode=True, sort_keys=False))


def _lines(picture: Placed, numbers: Mapping[str, int]) -> str:
    boxes, masks, (height, width) = picture.sample.boxes, picture.sample.masks, picture.size
    if masks is not None:
        paths = [outline_of(runs) / (width, height) for runs in masks.runs()]
        rows = [path.ravel().tolist() for path in paths]
        return "".join(_line(numbers[label], row) for label, row in zip(masks.labels, rows, strict=True))
    assert boxes is not None  # YOLO cannot say that a picture is not annotated
    xyxy = np.asarray(boxes.xyxy, np.float64) / (width, height, width, height)
    low, high = xyxy[:, :2], xyxy[:, 2:]
    shares = np.concatenate([(low + high) / 2, high - low], 1)
    return "".join(_line(numbers[label], row) for label, row in zip(boxes.labels, shares.tolist(), strict=True))


def outline_of(runs: Runs) -> Array:
    """One closed path round all of a mask, float64 (P, 2), in pixels: by the even-odd rule it bounds the mask's pixels. It goes
    on to each further part or hole along a row, then along a column, and back the same way."""
    mask, top, left = window(runs)
    rings = [ring for part in polygons(mask) for ring in part]
    start = rings[0][0]
    path = [*rings[0]]
    for ring in rings[1:]:
        corner = np.array([ring[0][0], start[1]])
        path += [start, corner, *ring, ring[0], corner]
    return np.asarray(np.add(path, (left, top)))


def _line(number: int, shares: Sequence[float]) -> str:
    return " ".join([str(number), *map(_text, shares)]) + "\n"


def _text(share: float) -> str:
    return f"{share:.{DIGITS}f}".rstrip("0").rstrip(".")
