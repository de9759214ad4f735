"""Pascal VOC: `JPEGImages/1.jpg`, `Annotations/1.xml`, and `ImageSets/Main/train.txt` with the names of a split; masks in
`SegmentationClass/1.png` and `SegmentationObject/1.png`, with the colours of classes in `labelmap.txt`, as CVAT writes it.

Format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html. Corners are written as they are, counted
from 0, as nearly all tools do and our reader takes them; VOC's own files count from 1. What is no whole pixel has decimals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

from clearsight.core.errors import InputError
from clearsight.core.sample import BACKGROUND, Sample
from clearsight.core.writer import Placed
from clearsight.data.readers.mask_tables import entries_of, is_unknown
from clearsight.data.writers.masks import png
from clearsight.data.writers.putting import decimals, element, put, text, xml
from clearsight.ops.paint import paint

HOLDS = frozenset({"boxes", "masks", "semantic", "ignored", "apart", "each", "difficult", "unannotated"})
"""Boxes, and which are difficult; masks of which no two overlap; classes are known only by what bears them."""

TAKEN: frozenset[str] = frozenset()


def _palette() -> list[int]:
    """VOC's colours, red, green, blue, red … of 256 numbers: the bits of a number, three at a time, from the highest of each
    colour down."""
    colours = []
    for number in range(256):
        channels = [0, 0, 0]
        for place in range(8):
            bits = number >> (3 * place) & 7
            channels = [value | (bits >> channel & 1) << (7 - place) for channel, value in enumerate(channels)]
        colours += channels
    return colours


PALETTE = _palette()


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
            if picture.sample.masks is not None:
                _masks(folder, stem, picture, classes["masks"])
        masked = [stem for stem, picture in zip(stems, placed, strict=True) if picture.sample.masks is not None]
        named = masked if "boxes" in classes else stems  # without boxes it is this list that is read
        if named:
            put(folder / f"ImageSets/Segmentation/{split}.txt", "".join(f"{stem}\n" for stem in named))
    if "masks" in classes:
        put(folder / "labelmap.txt", _labelmap(_names(pictures, classes["masks"])))


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


def _names(pictures: Mapping[str, Sequence[Placed]], labels: Sequence[str]) -> list[str]:
    """The classes by their numbers in masks: where these are of objects, 0 is the background."""
    samples = (picture.sample for placed in pictures.values() for picture in placed)
    semantic = any(sample.masks is not None and sample.masks.kind == "semantic" for sample in samples)
    return list(labels) if semantic else [BACKGROUND, *labels]


def _masks(folder: Path, stem: str, picture: Placed, labels: Sequence[str]) -> None:
    """The file of classes, and where objects are told apart that of objects, numbered in their order from 1."""
    masks = picture.sample.masks
    assert masks is not None
    if masks.kind == "semantic":
        put(folder / f"SegmentationClass/{stem}.png", png(masks.indices(), PALETTE))
        return
    runs, ignored = masks.runs(), None if masks.ignored is None else masks.ignored()
    rows = [1 + labels.index(label) for label in masks.labels]
    for kind, values in (("Class", rows), ("Object", range(1, len(runs) + 1))):
        painted = paint(runs, values, *picture.size, background=0, ignored=ignored)
        put(folder / f"Segmentation{kind}/{stem}.png", png(painted, PALETTE))


def _labelmap(names: Sequence[str]) -> str:
    """The classes with their colours. Raises `InputError` for names that it cannot hold."""
    lines = [f"{name}:{','.join(map(str, PALETTE[3 * row : 3 * row + 3]))}::" for row, name in enumerate(names)]
    read = [entry.name for entry in entries_of(lines)]
    unfit = next((name for row, name in enumerate(names) if is_unknown(name) or read[row : row + 1] != [name]), None)
    if unfit is not None or len(read) != len(names):
        raise InputError(f"masks of VOC cannot have a class called {unfit!r}; rename it with --classes, or write coco")
    return "".join(f"{line}\n" for line in ["# label:color_rgb:parts:actions", *lines])
