"""Photographs through a net: the one way that predict, evaluate and training's looks take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import torch

from clearsight.core.image import Pixels
from clearsight.core.net import Net
from clearsight.core.pipeline import final_arrays
from clearsight.core.prediction import Prediction
from clearsight.core.sample import Array
from clearsight.core.task import Task
from clearsight.engine.tiles import Tiled, Tiles, answering
from clearsight.nets.packing import quickened

TOGETHER = 8_000_000
"""Values that photographs may have, above which they are preprocessed one by one, and a batch takes no more of them."""

FEWEST, MOST = 32, 256
"""Pictures in a batch: photographs, and small ones, of which a few keep no core busy."""

DENSE, LARGE = 32_000_000, 256_000_000
"""Values that a net may say of a batch's pixels, all classes together, and that its photographs may have, whatever size of a
batch is asked for: a picture alone may have more."""


class Predictor:
    """Answers for photographs with a torch net. The exported counterpart, without torch, is `deploy.predictor`."""

    def __init__(
        self,
        task: Task[Any],
        net: Net,
        device: str = "cpu",
        batch_size: int | None = None,
        tiles: Tiles | None = None,
    ) -> None:
        """With `tiles` large photographs are looked at in parts. Raises `InputError` where the task has no tiles."""
        self.batch_size, self.device = batch_size, torch.device(device)
        self._tiled = None
        if tiles is not None:
            fields = {"name": task.name, **task.model_dump()}
            self._tiled = Tiled(self._answers, task.prediction, fields, tiles)
            task = task.model_copy(update=answering(fields, task.prediction))
        self.task, self.task_name = task, task.name
        self.prediction: type[Prediction] = task.prediction
        self._values = _values(task)
        self.net = net.to(self.device).to(memory_format=torch.channels_last).eval()
        self.preprocess = task.preprocess().to(self.device).eval()
        self.postprocess = task.postprocess().to(self.device).eval()

    @cached_property
    def answer(self) -> torch.nn.Module:
        """The net as it answers: images (B, C, H, W) in [0, 1] → outputs. A copy, where it can be made quicker."""
        blank = torch.zeros(1, self.task.channels, *self.task.shape, device=self.device)
        return self.task.answering(quickened(self.net, blank.to(memory_format=torch.channels_last)))

    def __call__(self, photos: Iterable[Pixels]) -> Iterator[Prediction]:
        """Predictions in the order of the photographs, each uint8 (H, W, 3), a batch at a time."""
        return self._answers(photos) if self._tiled is None else self._tiled(photos)

    def _answers(self, photos: Iterable[Pixels]) -> Iterator[Prediction]:
        waiting: list[Pixels] = []
        for photo in photos:
            waiting.append(photo)
            if self._enough(waiting):
                yield from self._batch(waiting)
                waiting = []
        if waiting:
            yield from self._batch(waiting)

    def _enough(self, photos: Sequence[Pixels]) -> bool:
        if self._values * (len(photos) + 1) > DENSE or photos[-1].size * (len(photos) + 1) > LARGE:
            return True
        if self.batch_size is not None:
            return len(photos) >= self.batch_size
        values = max(photos[-1].size, 3 * self.task.size**2) * len(photos)
        return len(photos) >= (FEWEST if values >= TOGETHER else MOST)

    def _batch(self, photos: Sequence[Pixels]) -> list[Prediction]:
        return self.outputs(photos)[1]

    def outputs(self, photos: Sequence[Pixels]) -> tuple[dict[str, torch.Tensor], list[Prediction]]:
        """One batch of photographs: what the net gives, each (B, …), and the predictions made of it."""
        outputs, finals = self.finals(photos)
        return outputs, [self.task.wrap(each) for each in finals]

    def finals(self, photos: Sequence[Pixels]) -> tuple[dict[str, torch.Tensor], list[dict[str, Array]]]:
        """One batch of photographs: what the net gives, each (B, …), and each photograph's final arrays."""
        with torch.inference_mode():
            canvases, frames = self._canvases(photos)
            outputs = self.answer(canvases)
            return outputs, self._finals(outputs, frames)

    def predictions(self, outputs: Mapping[str, torch.Tensor], frames: torch.Tensor) -> list[Prediction]:
        """What a net's outputs (B, …) say of pictures that lie on their canvases as `frames` (B, 6) say."""
        return [self.task.wrap(each) for each in self._finals(outputs, frames)]

    def _finals(self, outputs: Mapping[str, torch.Tensor], frames: torch.Tensor) -> list[dict[str, Array]]:
        return final_arrays(self.postprocess, outputs, frames, self.task.prediction.sized())

    def _canvases(self, photos: Sequence[Pixels]) -> tuple[torch.Tensor, torch.Tensor]:
        """Small pictures of one shape go through `preprocess` together, others one by one, which bounds the memory."""
        if len({photo.shape for photo in photos}) == 1 and sum(photo.size for photo in photos) < TOGETHER:
            canvases, frames = self.preprocess(torch.from_numpy(np.stack(photos)).to(self.device))
            return canvases, frames
        made = [self.preprocess(torch.from_numpy(np.ascontiguousarray(p)).to(self.device)) for p in photos]
        return torch.cat([canvas for canvas, _ in made]), torch.cat([frame for _, frame in made])


def _values(task: Task[Any]) -> int:
    """How many values a net says of one picture's pixels; 0 where its answers have no height and width."""
    lengths = {"B": 1, "K": len(task.labels), "H": task.shape[0], "W": task.shape[1]}
    shapes = [shape.split() for shape in task.outputs.values() if {"H", "W"} <= set(shape.split())]
    return sum(prod(lengths.get(letter, 1) for letter in shape) for shape in shapes)
