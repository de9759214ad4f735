"""COCO: `train/1.jpg` and, for each split, `annotations/instances_train.json`.

Format: https://cocodataset.org/#format-data. Categories are numbered from 1 in the order of the classes; boxes are x, y,
width, height; masks are run lengths, which keep every pixel, holes and parts. Objects without a mask have no `segmentation`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clearsight.core.sample import Sample
from clearsight.core.writer import Placed
from clearsight.data.writers.putting import areas_of, decimals, drawn_classes, plain, put
from clearsight.ops.rle import to_coco

HOLDS = frozenset({"boxes", "masks", "overlap", "corners", "crowd", "area", "classes"})
"""Boxes, masks, crowds and areas."""

TAKEN: frozenset[str] = frozenset()


def place(sample: Sample, split: str, name: str) -> str:
    """In the folder of its split."""
    return f"{split}/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """One file for each split."""
    numbers = {label: number for number, label in enumerate(drawn_classes(classes), 1)}
    for split, placed in pictures.items():
        document = {
            "info": {"description": split},
            "licenses": [],
            "images": [_image(number, picture) for number, picture in enumerate(placed, 1)],
            "annotations": _annotations(placed, numbers),
            "categories": [{"id": number, "name": label, "supercategory": ""} for label, number in numbers.items()],
        }
        put(folder / f"annotations/instances_{split}.json", json.dumps(document))


def _image(number: int, picture: Placed) -> dict[str, Any]:
    height, width = picture.size
    return {"id": number, "file_name": picture.picture.partition("/")[2], "width": width, "height": height}


def _annotations(placed: Sequence[Placed], numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for image, picture in enumerate(placed, 1):
        boxes, masks = picture.sample.boxes, picture.sample.masks
        assert boxes is not None  # COCO cannot say that a picture is not annotated
        shapes = [] if masks is None else [to_coco(runs) for runs in masks.runs()]
        for row, (label, corners, area) in enumerate(
            zip(boxes.labels, decimals(boxes.xyxy), areas_of(boxes), strict=True)
        ):
            x1, y1, x2, y2 = corners
            entry = {
                "id": len(found) + 1,
                "image_id": image,
                "category_id": numbers[label],
                "bbox": [plain(value) for value in (x1, y1, x2 - x1, y2 - y1)],
                "area": plain(area),
                "iscrowd": int(boxes.crowd is not None and bool(boxes.crowd[row])),
            }
            # those with masks are first
            found.append(entry | {"segmentation": shapes[row]} if row < len(shapes) else entry)
    return found
