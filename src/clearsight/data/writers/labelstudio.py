"""Label Studio's "JSON": `tasks.json`, `images/1.jpg`, and `labels.config`, the interface that the tasks are for.

Format: https://labelstud.io/guide/task_format. Rectangles are boxes, in percent of the picture's size, brush strokes masks,
choices labels.
Pictures are local files of Label Studio's, found where its document root is the folder; a task's split stands in its data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

import numpy as np

from clearsight.core.sample import Sample
from clearsight.core.writer import Placed
from clearsight.data.brush import write_brush
from clearsight.data.writers.putting import element, put, xml
from clearsight.ops.rle import to_mask

HOLDS = frozenset({"boxes", "masks", "overlap", "apart", "labels", "several", "none", "unannotated", "extra"})
"""Boxes and masks without any mark, labels, and further columns; classes are known only by what bears them."""

TAKEN = frozenset({"image", "split"})

LOCAL = "/data/local-files/?d="
"""The address of a local file, https://labelstud.io/guide/storage.html#Local-storage."""


def place(sample: Sample, split: str, name: str) -> str:
    """With all others."""
    return f"images/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """The tasks of all pictures, and the interface."""
    flat = [(split, picture) for split, placed in pictures.items() for picture in placed]
    tasks = [_task(picture, split, number) for number, (split, picture) in enumerate(flat, 1)]
    put(folder / "tasks.json", json.dumps(tasks, indent=1, ensure_ascii=False))
    put(folder / "labels.config", _interface(classes))


def _task(picture: Placed, split: str, number: int) -> dict[str, Any]:
    sample = picture.sample
    annotated = any(told is not None for told in (sample.boxes, sample.masks, sample.labels))
    annotations = [{"id": number, "was_cancelled": False, "result": _results(picture)}] if annotated else []
    data = {"image": LOCAL + quote(picture.picture), "split": split, **sample.extra}
    return {"id": number, "annotations": annotations, "data": data}


def _results(picture: Placed) -> list[dict[str, Any]]:
    sample, (height, width) = picture.sample, picture.size
    size = {"to_name": "image", "original_width": width, "original_height": height, "image_rotation": 0}
    results: list[dict[str, Any]] = []
    if sample.labels:
        value: dict[str, Any] = {"choices": list(sample.labels)}
        results.append({"id": "labels", "type": "choices", "from_name": "choice", **size, "value": value})
    if sample.boxes is not None:
        percent = np.asarray(sample.boxes.xyxy, np.float64) / (width, height, width, height) * 100
        for row, (label, (x1, y1, x2, y2)) in enumerate(zip(sample.boxes.labels, percent.tolist(), strict=True), 1):
            value = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1, "rotation": 0, "rectanglelabels": [label]}
            results.append({"id": f"box{row}", "type": "rectanglelabels", "from_name": "label", **size, "value": value})
    masks = sample.masks
    for row, (label, runs) in enumerate([] if masks is None else zip(masks.labels, masks.runs(), strict=True), 1):
        value = {"format": "rle", "rle": write_brush(to_mask(runs)), "brushlabels": [label]}
        results.append({"id": f"mask{row}", "type": "brushlabels", "from_name": "brush", **size, "value": value})
    return results


def _interface(classes: Mapping[str, Sequence[str]]) -> bytes:
    """The labelling interface to give a project before the tasks are imported."""
    view = Element("View")
    element(view, "Image", attributes={"name": "image", "value": "$image"})
    if "labels" in classes:
        choices = element(view, "Choices", attributes={"name": "choice", "toName": "image", "choice": "multiple"})
        for label in classes["labels"]:
            element(choices, "Choice", attributes={"value": label})
    if "boxes" in classes:
        labels = element(view, "RectangleLabels", attributes={"name": "label", "toName": "image"})
        for label in classes["boxes"]:
            element(labels, "Label", attributes={"value": label})
    if "masks" in classes:
        labels = element(view, "BrushLabels", attributes={"name": "brush", "toName": "image"})
        for label in classes["masks"]:
            element(labels, "Label", attributes={"value": label})
    return xml(view)
