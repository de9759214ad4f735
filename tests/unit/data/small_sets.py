"""Small sets and stages for the tests of this folder. At module level, so that workers can import them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from torch import Generator

from clearsight.core.image import Pixels
from clearsight.core.pipeline import Batch, Example, Stages
from clearsight.core.sample import ArrayImage, FileImage, Sample

SIDE = 4


def colours(count: int) -> list[Sample]:
    """Samples in memory, each of one colour that says which it is."""
    return [
        Sample(f"s{i}", ArrayImage(np.full((6 + i % 3, 5, 3), i, np.uint8), f"s{i}"), (str(i % 3),))
        for i in range(count)
    ]


def files(folder: Path, count: int, broken: Sequence[int] = ()) -> list[Sample]:
    """Samples in PNG files, each of one colour; some are no pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = []
    for i in range(count):
        path = folder / f"{i:02}.png"
        if i in broken:
            path.write_text("not a picture")
        else:
            PIL.Image.new("RGB", (8, 7), (i, i, i)).save(path)
        samples.append(Sample(path.name, FileImage(path), (str(i % 3),)))
    return samples


def to_example(sample: Sample, pixels: Pixels) -> Example:
    """The corner of the picture, and its label as a number."""
    image = torch.from_numpy(np.ascontiguousarray(pixels[:SIDE, :SIDE])).permute(2, 0, 1)
    return Example(sample.key, image, {"label": torch.tensor(int((sample.labels or ("-1",))[0]))})


def to_ragged(sample: Sample, pixels: Pixels) -> Example:
    """As many boxes as the label says."""
    example = to_example(sample, pixels)
    return Example(example.key, example.image, {"boxes": torch.arange(int(sample.labels[0]) * 4.0).view(-1, 4)})


def collate_ragged(examples: Sequence[Example]) -> Batch:
    """Boxes padded with −1 to two."""
    boxes = torch.full((len(examples), 2, 4), -1.0)
    for row, example in enumerate(examples):
        boxes[row, : len(example.target["boxes"])] = example.target["boxes"]
    return Batch(torch.stack([e.image for e in examples]), {"boxes": boxes}, [e.key for e in examples])


def augment(batch: Batch, draw: Generator) -> Batch:
    """Add noise to every picture: shows which generator was given."""
    noise = torch.rand(len(batch), generator=draw)
    return Batch(batch.images.float() + noise[:, None, None, None], batch.targets, batch.keys)


def add(examples: Sequence[Example], draw: Generator, progress: float) -> Example:
    """A mix that shows what it was given: the first picture, with the others' colours and the progress in its target."""
    others = torch.tensor([int(e.image[0, 0, 0]) for e in examples[1:]])
    target = {**examples[0].target, "others": others, "progress": torch.tensor(progress)}
    return Example(examples[0].key, examples[0].image, target)


PLAIN = Stages(to_example, "plain", augment)
RAGGED = Stages(to_ragged, "ragged", augment, collate=collate_ragged)
MIXING = Stages(to_example, "mixing", augment, mix=add, mix_count=3)


def plain(batches, count: int) -> list[tuple[list[str], list[float], list[object]]]:
    """The first batches as plain lists, to be compared."""
    taken = []
    for _ in range(count):
        batch = next(batches)
        targets = [(name, value.tolist()) for name, value in sorted(batch.targets.items())]
        taken.append((list(batch.keys), batch.images.flatten().tolist(), targets))
    return taken


def again(samples: list[Sample], number: int) -> list[Sample]:
    """The samples of a pass over a stream, whichever pass it is."""
    return samples
