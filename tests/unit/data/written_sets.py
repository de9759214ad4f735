"""A small data set made by hand, for the tests of writers, and what is compared after it went through them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from clearsight.core.reader import DataInfo, Location
from clearsight.core.sample import ArrayImage, Boxes, ImageSource, Sample
from clearsight.data.open import Dataset

CLASSES = ("on", "Äpfel", "猫", 'a, "b" & <c>', "1", "no one")
"""Classes whose names formats stumble over; the last one is borne by nothing."""


@dataclass(frozen=True)
class Bytes(ImageSource):
    """A picture that is a file's bytes."""

    data: bytes = field(repr=False)
    name: str = "bytes"

    def encoded(self) -> bytes:
        return self.data


@dataclass(frozen=True)
class Held(Dataset):
    """A data set of samples that are there already."""

    held: tuple[tuple[str, Sample], ...] = ()

    def stream(self, split: str) -> Iterable[Sample]:
        return [sample for own, sample in self.held if own == split]


def held(samples: Iterable[tuple[str, Sample]], classes: tuple[str, ...] = CLASSES, several: bool = False) -> Held:
    """A data set of (split, sample)."""
    pairs = tuple(samples)
    splits = {split: sum(own == split for own, _ in pairs) for split in ("train", "val", "test")}
    fields = ("labels", "boxes", "masks")
    annotated = frozenset(name for name in fields if any(getattr(sample, name) is not None for _, sample in pairs))
    columns = tuple(dict.fromkeys(column for _, sample in pairs for column in sample.extra))
    single = any(sample.masks is not None and sample.masks.kind == "instances" for _, sample in pairs)
    there = {split: number for split, number in splits.items() if number}
    info = DataInfo("held", there, classes, annotated, columns, several=several, instances=single)
    return Held("made", Location(Path("made-by-hand")), "held", info, held=pairs)


def encoded(kind: str, size: tuple[int, int], seed: int = 0) -> bytes:
    """A picture of (width, height) as a file of some kind."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def boxes(*rows: tuple[str, float, float, float, float], **marks: Any) -> Boxes:
    """Boxes of (label, x1, y1, x2, y2); marks as lists of truths."""
    corners = np.array([row[1:] for row in rows], np.float32).reshape(-1, 4)
    flags = {name: np.array(values, bool) for name, values in marks.items()}
    return Boxes(corners, tuple(row[0] for row in rows), **flags)


def samples_with_boxes() -> Iterator[tuple[str, Sample]]:
    """Files and pixels, fractions, boxes in no order, crowds, difficult ones, one picture with nothing on it."""
    first = boxes(
        ("猫", 3.25, 1, 40, 28.7), ("on", 0, 0, 64, 48), ("Äpfel", 10.1, 20.2, 30.3, 40.4), ("猫", 5, 6, 7, 8)
    )
    yield "train", Sample("cats/1.jpg", Bytes(encoded("JPEG", (64, 48))), boxes=first, extra={"camera": "left", "n": 3})
    crowd = boxes(('a, "b" & <c>', 1, 1, 20.5, 30), ("on", 2, 2, 9, 9), crowd=[True, False])
    yield "train", Sample("dogs/1.jpg", Bytes(encoded("PNG", (33, 47), 1)), boxes=crowd, extra={"camera": None})
    yield "train", Sample("empty.png", Bytes(encoded("PNG", (20, 10), 2)), boxes=boxes())
    difficult = boxes(("1", 100, 0, 300.125, 2), ("1", 0, 0, 299, 1.5), difficult=[False, True])
    pixels = np.arange(3 * 3 * 301, dtype=np.uint32).reshape(3, 301, 3).astype(np.uint8)
    yield "val", Sample("Größe 1#2", ArrayImage(pixels, "pixels"), boxes=difficult)
    yield (
        "val",
        Sample(
            "b/1.webp", Bytes(encoded("WEBP", (16, 16), 3)), boxes=boxes(("on", 15, 15, 16, 16), ("on", 1, 2, 3, 4))
        ),
    )
    yield "test", Sample("x/y/1.png", Bytes(encoded("PNG", (10, 12), 4)), boxes=boxes(("猫", 0.125, 0, 9.875, 12)))


def labelled(several: bool) -> Iterator[tuple[str, Sample]]:
    """Pictures with a label each, or with several, none, and not annotated."""
    texts: list[tuple[str, ...] | None] = [("on",), ("猫",), ('a, "b" & <c>',), ("1",), ("Äpfel",), ("on",)]
    if several:
        texts += [("on", "猫"), (), None, ("Äpfel", "1", "on")]
    for number, labels in enumerate(texts):
        split = ("train", "train", "val", "test")[number % 4]
        image = Bytes(encoded("PNG", (12, 9), number))
        yield split, Sample(f"{number}.png", image, labels=labels, extra={"site": f"s{number % 2}"})


def by_stem(dataset: Dataset) -> dict[str, tuple[str, Sample]]:
    """Split and sample by the stem of the picture's file."""
    return {
        Path(sample.image.name).stem: (split, sample)
        for split in dataset.info.splits
        for sample in dataset.samples(split)
    }


def plain(found: Boxes) -> Boxes:
    """Boxes without marks and without the size that annotations say."""
    return replace(found, crowd=None, difficult=None, said=None)
