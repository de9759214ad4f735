"""Pascal VOC: `JPEGImages/1.jpg`, `Annotations/1.xml`, and `ImageSets/Main/train.txt` with the names of a split.

Format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html. Corners are written as they are, counted
from 0, as nearly all tools do and our reader takes them; VOC's own files count from 1. What is no whole pixel has decimals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

from clearsight.core.sample import Sample
from clearsight.core.writer import Placed
from clearsight.data.writers.putting import decimals, element, put, text, xml

HOLDS = frozenset({"boxes", "difficult", "unannotated"})
"""Boxes, and which are difficult; classes are known only by their boxes."""

TAKEN: frozenset[str] = frozenset()


def place(sample: Sample, split: str, name: str) -> str:
    """With all others."""
    return f"JPEGImages/{name}"


def write(folder: Path, pictures: Mapping[str, Sequence[Placed]], classes: Mapping[str, Sequence[str]]) -> None:
    """A file for each picture, none for one that is not annotated, and a list for each split."""
    for split, placed in pictures.items():
        stems = [PurePosixPath(picture.picture).stem for picture in placed]
        put(folder / f"ImageSets/Main/{split}.txt", "".join(f"{stem}\n" for stem in stems))
        for stem, picture in zip(stems, placed, strict=True):
            if picture.sample.boxes is not None:
                put(folder / f"Annotations/{stem}.xml", _document(picture))


def _document(picture: Placed) -> bytes:
    root = Element("annotation")
    element(root, "folder", "JPEGImages")
    element(root, "filename", PurePosixPath(picture.picture).name)
    size = element(root, "size")
    for name, value in zip(("height", "width", "depth"), (*picture.size, 3), strict=True):
        element(size, name, value)
    element(root, "segmented", 0)
    boxes = picture.sample.boxes
    assert boxes is not None
    for row, (label, corners) in enumerate(zip(boxes.labels, decimals(boxes.xyxy), strict=True)):
        thing = element(root, "object")
        element(thing, "name", label)
        element(thing, "pose", "Unspecified")
        element(thing, "truncated", 0)
        element(thing, "difficult", int(boxes.difficult is not None and bool(boxes.difficult[row])))
        bounds = element(thing, "bndbox")
        for name, corner in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True):
            element(bounds, name, text(corner))
    return xml(root)
