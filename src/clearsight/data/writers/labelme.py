"""Labelme's files: a JSON beside each picture, `train/1.jpg` and `train/1.json`; rectangles are boxes, masks are masks.

Format: https://github.com/wkentaro/labelme, `labelme/label_file.py`. A picture that is not annotated has no file.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import PIL.Image

from clearsight.core.sample import Sample
from clearsight.core.writer import Placed
from clearsight.data.writers.masking import window
from clearsight.data.writers.putting import decimals, plain, put
from clearsight.ops.rle import Runs

HOLDS = frozenset({"boxes", "masks", "overlap", "apart", "labels", "several", "none", "unlabelled", "unannotated"})
"""Boxes and masks without any mark, and labels as flags; classes are known only by what bears them."""

TAKEN: frozenset[str] = frozenset()

VERSION = "5.5.0"
"""Labelme's version whose format it is."""


def place(sample: Sample, split: str, name: str) -> str:
    """In the folder of its split."""
    return f"{split}/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """A file for each picture. All labels are named in each, set or not: where none is named it is not annotated."""
    for placed in pictures.values():
        for picture in placed:
            sample = picture.sample
            if any(told is not None for told in (sample.boxes, sample.masks, sample.labels)):
                document = json.dumps(_document(picture, classes.get("labels", ())), indent=2, ensure_ascii=False)
                put(folder / PurePosixPath(picture.picture).with_suffix(".json"), document)


def _document(picture: Placed, labels: Sequence[str]) -> dict[str, Any]:
    own, boxes, (height, width) = picture.sample.labels, picture.sample.boxes, picture.size
    shapes = [] if boxes is None else [_shape(*box) for box in zip(boxes.labels, decimals(boxes.xyxy), strict=True)]
    if (masks := picture.sample.masks) is not None:
        shapes += [_mask(label, runs) for label, runs in zip(masks.labels, masks.runs(), strict=True)]
    return {
        "version": VERSION,
        "flags": {} if own is None else {label: label in own for label in dict.fromkeys((*labels, *own))},
        "shapes": shapes,
        "imagePath": PurePosixPath(picture.picture).name,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }


def _shape(label: str, corners: Sequence[Any]) -> dict[str, Any]:
    x1, y1, x2, y2 = map(plain, corners)
    about: dict[str, Any] = {"group_id": None, "description": "", "shape_type": "rectangle", "flags": {}, "mask": None}
    return {"label": label, "points": [[x1, y1], [x2, y2]], **about}


def _mask(label: str, runs: Runs) -> dict[str, Any]:
    """A mask as the picture of the window round it, by its first pixel and its last."""
    mask, top, left = window(runs)
    buffer = io.BytesIO()
    PIL.Image.fromarray(mask.astype(np.uint8)).save(buffer, "PNG")
    points = [[left, top], [left + mask.shape[1] - 1, top + mask.shape[0] - 1]]
    about: dict[str, Any] = {"group_id": None, "description": "", "shape_type": "mask", "flags": {}}
    return {"label": label, "points": points, **about, "mask": base64.b64encode(buffer.getvalue()).decode()}
