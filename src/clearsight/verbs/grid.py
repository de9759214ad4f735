"""A grid of augmented samples, to see what augmentation does to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from math import ceil
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
from torch import Generator, Tensor

from clearsight.core.errors import BadImage, InputError
from clearsight.core.image import Pixels
from clearsight.core.pipeline import Example, Stages
from clearsight.core.sample import Sample
from clearsight.core.task import Task
from clearsight.ops.random import generator

ROWS, VARIANTS = 6, 7
TILE, GAP, CAPTION = 96, 6, 20  # pixels; a tile is a whole multiple of the canvas, of at least this side


def augmented_grid(task: Task[Any], samples: Sequence[Sample], seed: int = 0) -> PIL.Image.Image:
    """A row for each of a few samples, spread over the classes: the canvas as judged, then augmented anew each time.

    The same seed gives the same picture. Raises `InputError` where no sample can be read.
    """
    chosen = _choose(samples)
    if not chosen:
        raise InputError("no picture could be read, so there is none to augment")
    judge, train = task.pipeline(train=False), task.pipeline(train=True)
    columns = [_canvases(judge, chosen, generator(seed, "inspect"))]
    columns += [_canvases(train, chosen, generator(seed, "inspect", i)) for i in range(VARIANTS)]
    names = [", ".join(sample.labels or ()) or sample.key for sample, _ in chosen]
    return _draw(columns, names)


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


def _canvases(stages: Stages, chosen: Sequence[tuple[Sample, Pixels]], draws: Generator) -> Tensor:
    """Float (B, C, S, S) in [0, 1]: the samples after all stages."""
    examples: list[Example] = [stages.sample(sample, pixels) for sample, pixels in chosen]
    if stages.mix is not None:
        turned = [examples[i:] + examples[:i] for i in range(len(examples))]
        partners = [(row * ceil(stages.mix_count / len(row)))[: stages.mix_count] for row in turned]
        examples = [stages.mix(row, draws) for row in partners]
    return stages.batch(stages.collate(examples), draws).images


def _draw(columns: Sequence[Tensor], names: Sequence[str]) -> PIL.Image.Image:
    side = columns[0].shape[-1]
    side *= ceil(TILE / side)
    step, height = side + GAP, side + GAP + CAPTION
    sheet = PIL.Image.new("RGB", (GAP + step * len(columns), GAP + height * len(names)), "white")
    pen, font = PIL.ImageDraw.Draw(sheet), PIL.ImageFont.load_default(size=13)
    for row, name in enumerate(names):
        top = GAP + row * height
        pen.text((GAP, top), f"{name}: as it is judged, then augmented", "black", font)
        for column, canvases in enumerate(columns):
            canvas = canvases[row].expand(3, -1, -1).clamp(0, 1).mul(255).round().byte()
            tile = PIL.Image.fromarray(np.ascontiguousarray(canvas.permute(1, 2, 0).cpu().numpy()))
            tile = tile.resize((side, side), PIL.Image.Resampling.NEAREST)
            sheet.paste(tile, (GAP + column * step, top + CAPTION))
    return sheet
