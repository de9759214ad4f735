"""CVAT's "CVAT for images 1.1": `annotations.xml` and `images/Train/1.jpg`. Boxes are `<box>`, masks `<mask>`, labels `<tag>`.

Format: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element

from clearsight.core.sample import Sample
from clearsight.core.writer import Placed
from clearsight.data.writers.masking import window
from clearsight.data.writers.putting import decimals, element, put, text, xml
from clearsight.ops.rle import Runs, from_mask

HOLDS = frozenset({"boxes", "masks", "overlap", "apart", "labels", "several", "unlabelled"})
"""Boxes and masks without any mark, and labels of which one applies at least; classes of whole pictures are known only by
what bears them."""

TAKEN: frozenset[str] = frozenset()

SUBSETS = {"train": "Train", "val": "Validation", "test": "Test"}
"""What CVAT itself suggests to call splits."""


def place(sample: Sample, split: str, name: str) -> str:
    """In the folder of its subset."""
    return f"images/{SUBSETS[split]}/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """The one file for all pictures."""
    root = Element("annotations")
    element(root, "version", "1.1")
    labels = element(element(element(root, "meta"), "task"), "labels")
    drawn, masks = classes.get("boxes", ()), classes.get("masks", ())
    kinds = {
        "any": [name for name in drawn if name in masks],
        "rectangle": [name for name in drawn if name not in masks],
        "mask": [name for name in masks if name not in drawn],
        "tag": classes.get("labels", ()),
    }
    for kind, names in kinds.items():
        for name in names:
            label = element(labels, "label")
            element(label, "name", name)
            element(label, "type", kind)
    number = 0
    for split, placed in pictures.items():
        for picture in placed:
            _image(root, picture, number, split)
            number += 1
    put(folder / "annotations.xml", xml(root))


def _image(root: Element, picture: Placed, number: int, split: str) -> None:
    height, width = picture.size
    name, subset = PurePosixPath(picture.picture).name, SUBSETS[split]
    about = {"id": number, "name": name, "subset": subset, "width": width, "height": height}
    image = element(root, "image", attributes=about)
    for label in picture.sample.labels or ():
        element(image, "tag", attributes={"label": label, "source": "manual"})
    boxes = picture.sample.boxes
    for label, corners in () if boxes is None else zip(boxes.labels, decimals(boxes.xyxy), strict=True):
        edges = dict(zip(("xtl", "ytl", "xbr", "ybr"), map(text, corners), strict=True))
        element(image, "box", attributes={"label": label, "source": "manual", "occluded": 0, **edges, "z_order": 0})
    masks = picture.sample.masks
    for label, runs in () if masks is None else zip(masks.labels, masks.runs(), strict=True):
        element(
            image, "mask", attributes={"label": label, "source": "manual", "occluded": 0, **_runs(runs), "z_order": 0}
        )


def _runs(runs: Runs) -> dict[str, Any]:
    """A mask as CVAT has it: run lengths row by row, beginning with zeros, within the window round it."""
    mask, top, left = window(runs)
    across = from_mask(mask.T)  # which goes down the columns: along the rows of the mask
    edges = {"left": left, "top": top, "width": mask.shape[1], "height": mask.shape[0]}
    return {"rle": ", ".join(map(str, across.counts.tolist())), **edges}
