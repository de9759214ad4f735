"""A grid of augmented samples, to see what augmentation does to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from math import ceil
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import torch
from torch import Generator

from clearsight.core.errors import BadImage, InputError
from clearsight.core.image import Pixels
from clearsight.core.pipeline import Batch, Example, Stages
from clearsight.core.sample import Sample
from clearsight.core.task import Task
from clearsight.data.counting import shown
from clearsight.ops.random import generator
from clearsight.verbs.strengths import in_words

ROWS, VARIANTS = 6, 7
SMALLEST, LARGEST = 96, 320  # longer sides of a tile, pixels: small canvases are enlarged by a whole number
GAP, CAPTION = 6, 20  # pixels


def augmented_grid(
    task: Task[Any], samples: Sequence[Sample], seed: int = 0, strengths: Mapping[str, float] | None = None
) -> PIL.Image.Image:
    """A row for each of a few samples, spread over the classes: the canvas as judged, then augmented anew each time, as
    in one pass of a training after another, with what the task draws of the targets, such as boxes.

    `strengths` are those of `Task.pipeline`, by default the task's own choice, and named above the rows where they are
    given. The same seed gives the same picture. Raises `InputError` where no sample can be read.
    """
    chosen = _choose(samples)
    if not chosen:
        raise InputError("no picture could be read, so there is none to augment")
    judge, train = task.pipeline(train=False), task.pipeline(train=True, augment=strengths)
    columns = [_batch(judge, chosen, generator(seed, "inspect"))]
    columns += [_batch(train, chosen, generator(seed, "inspect", i), i) for i in range(VARIANTS)]
    names = [", ".join(_classes(sample)) or sample.key for sample, _ in chosen]
    return _draw(task, columns, names, "" if strengths is None else f"augmented by: {in_words(strengths)}")


def _choose(samples: Sequence[Sample]) -> list[tuple[Sample, Pixels]]:
    """A few samples with their pixels, in turn from classes that lie evenly over all."""
    found: list[tuple[Sample, Pixels]] = []
    for sample in _in_turn(samples):
        try:
            found.append((sample, sample.image.load()))
        except BadImage:
            continue  # the gate has named it
        if len(found) == ROWS:
            break
    return sorted(found, key=lambda pair: _classes(pair[0]))


def _classes(sample: Sample) -> tuple[str, ...]:
    """The classes that a sample shows, each once."""
    return tuple(sorted(set(shown(sample))))


def _in_turn(samples: Sequence[Sample]) -> Iterator[Sample]:
    classes: dict[tuple[str, ...], list[Sample]] = defaultdict(list)
    for sample in samples:
        classes[(sample.labels or ())[:1] or _classes(sample)].append(sample)
    every = list(classes.values())
    spread = [every[i] for i in dict.fromkeys(i * len(every) // ROWS for i in range(ROWS))] if every else []
    for turn in zip_longest(*spread):
        yield from (sample for sample in turn if sample is not None)


def _batch(stages: Stages, chosen: Sequence[tuple[Sample, Pixels]], draws: Generator, turn: int = 0) -> Batch:
    """The samples after all stages, in a training's pass number `turn`, at its beginning."""
    examples: list[Example] = [stages.sample(sample, pixels) for sample, pixels in chosen]
    if stages.mix is not None:
        turned = [examples[i:] + examples[:i] for i in range(len(examples))]
        partners = [(row * ceil(stages.mix_count / len(row)))[: stages.mix_count] for row in turned]
        examples = [stages.mix(row, draws, 0.0) for row in partners]
    batch = stages.collate(examples)
    batch.passes, batch.progress = torch.full((len(batch),), turn), 0.0
    return stages.batch(batch, draws)


def _draw(task: Task[Any], columns: Sequence[Batch], names: Sequence[str], title: str) -> PIL.Image.Image:
    canvas_height, canvas_width = columns[0].images.shape[-2:]
    zoom = _zoom(max(canvas_height, canvas_width))
    width, height = round(canvas_width * zoom), round(canvas_height * zoom)
    across, down = width + GAP, height + GAP + CAPTION
    start = GAP + CAPTION * bool(title)
    sheet = PIL.Image.new("RGB", (GAP + across * len(columns), start + down * len(names)), "white")
    pen, font = PIL.ImageDraw.Draw(sheet), PIL.ImageFont.load_default(size=13)
    pen.text((GAP, GAP), title, "black", font)
    how = PIL.Image.Resampling.NEAREST if zoom >= 1 else PIL.Image.Resampling.BOX
    for row, name in enumerate(names):
        top = start + row * down
        pen.text((GAP, top), f"{name}: as it is judged, then augmented", "black", font)
        for column, batch in enumerate(columns):
            canvas = batch.images[row].expand(3, -1, -1).clamp(0, 1).mul(255).round().byte()
            tile = PIL.Image.fromarray(np.ascontiguousarray(canvas.permute(1, 2, 0).cpu().numpy()))
            targets = {key: value[row].cpu() for key, value in batch.targets.items()}
            tile = task.draw_targets(tile.resize((width, height), how), targets, zoom)
            sheet.paste(tile, (GAP + column * across, top + CAPTION))
    return sheet


def _zoom(side: int) -> float:
    """How much larger than its canvas, whose longer side is given, a tile is."""
    return LARGEST / side if side > LARGEST else ceil(SMALLEST / side)
