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
from torch import Generator, Tensor

from clearsight.core.errors import BadImage, InputError
from clearsight.core.image import Pixels
from clearsight.core.pipeline import Example, Stages
from clearsight.core.sample import Sample
from clearsight.core.task import Task
from clearsight.ops.random import generator
from clearsight.verbs.strengths import in_words

ROWS, VARIANTS = 6, 7
TILE, GAP, CAPTION = 96, 6, 20  # pixels; a tile is a whole multiple of the canvas, of at least this side


def augmented_grid(
    task: Task[Any], samples: Sequence[Sample], seed: int = 0, strengths: Mapping[str, float] | None = None
) -> PIL.Image.Image:
    """A row for each of a few samples, spread over the classes: the canvas as judged, then augmented anew each time, as
    in one pass of a training after another.

    `strengths` are those of `Task.pipeline`, by default the task's own choice, and named above the rows where they are
    given. The same seed gives the same picture. Raises `InputError` where no sample can be read.
    """
    chosen = _choose(samples)
    if not chosen:
        raise InputError("no picture could be read, so there is none to augment")
    judge, train = task.pipeline(train=False), task.pipeline(train=True, augment=strengths)
    columns = [_canvases(judge, chosen, generator(seed, "inspect"))]
    columns += [_canvases(train, chosen, generator(seed, "inspect", i), i) for i in range(VARIANTS)]
    names = [", ".join(sample.labels or ()) or sample.key for sample, _ in chosen]
    return _draw(columns, names, "" if strengths is None else f"augmented by: {in_words(strengths)}")


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
    return sorted(found, key=lambda pair: pair[0].labels or ())


def _in_turn(samples: Sequence[Sample]) -> Iterator[Sample]:
    classes: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        classes[(sample.labels or ("",))[0]].append(sample)
    every = list(classes.values())
    spread = [every[i] for i in dict.fromkeys(i * len(every) // ROWS for i in range(ROWS))] if every else []
    for turn in zip_longest(*spread):
        yield from (sample for sample in turn if sample is not None)


def _canvases(stages: Stages, chosen: Sequence[tuple[Sample, Pixels]], draws: Generator, turn: int = 0) -> Tensor:
    """Float (B, C, S, S) in [0, 1]: the samples after all stages, in a training's pass number `turn`."""
    examples: list[Example] = [stages.sample(sample, pixels) for sample, pixels in chosen]
    if stages.mix is not None:
        turned = [examples[i:] + examples[:i] for i in range(len(examples))]
        partners = [(row * ceil(stages.mix_count / len(row)))[: stages.mix_count] for row in turned]
        examples = [stages.mix(row, draws) for row in partners]
    batch = stages.collate(examples)
    batch.passes = torch.full((len(batch),), turn)
    return stages.batch(batch, draws).images


def _draw(columns: Sequence[Tensor], names: Sequence[str], title: str) -> PIL.Image.Image:
    side = columns[0].shape[-1]
    side *= ceil(TILE / side)
    step, height = side + GAP, side + GAP + CAPTION
    start = GAP + CAPTION * bool(title)
    sheet = PIL.Image.new("RGB", (GAP + step * len(columns), start + height * len(names)), "white")
    pen, font = PIL.ImageDraw.Draw(sheet), PIL.ImageFont.load_default(size=13)
    pen.text((GAP, GAP), title, "black", font)
    for row, name in enumerate(names):
        top = start + row * height
        pen.text((GAP, top), f"{name}: as it is judged, then augmented", "black", font)
        for column, canvases in enumerate(columns):
            canvas = canvases[row].expand(3, -1, -1).clamp(0, 1).mul(255).round().byte()
            tile = PIL.Image.fromarray(np.ascontiguousarray(canvas.permute(1, 2, 0).cpu().numpy()))
            tile = tile.resize((side, side), PIL.Image.Resampling.NEAREST)
            sheet.paste(tile, (GAP + column * step, top + CAPTION))
    return sheet
