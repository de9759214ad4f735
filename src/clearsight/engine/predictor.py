"""Photographs through a net: the one way that predict, evaluate and training's looks take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from clearsight.core.image import Pixels
from clearsight.core.net import Net
from clearsight.core.prediction import Prediction
from clearsight.core.task import Task
from clearsight.engine.tiles import Tiled, Tiles
from clearsight.nets.folding import folded

TOGETHER = 8_000_000
"""Values that photographs may have, above which they are preprocessed one by one, and a batch takes no more of them."""

FEWEST, MOST = 32, 256
"""Pictures in a batch: photographs, and small ones, of which a few keep no core busy."""


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
        """With `tiles` large photographs are looked at in parts too. Raises `InputError` where the task has no tiles."""
        self.task, self.batch_size, self.device = task, batch_size, torch.device(device)
        self._tiled = None
        if tiles is not None:
            fields = {"name": task.name, **task.model_dump()}
            self._tiled = Tiled(self._answers, task.prediction, fields, tiles)
        self.net = net.to(self.device).to(memory_format=torch.channels_last).eval()
        self.preprocess = task.preprocess().to(self.device).eval()
        self.postprocess = task.postprocess().to(self.device).eval()

    @cached_property
    def answer(self) -> torch.nn.Module:
        """The net as it answers: images (B, C, H, W) in [0, 1] → outputs. A copy, where it has norms to be folded."""
        blank = torch.zeros(1, self.task.channels, *self.task.shape, device=self.device)
        return self.task.answering(folded(self.net, blank.to(memory_format=torch.channels_last)))

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
        if self.batch_size is not None:
            return len(photos) >= self.batch_size
        values = max(photos[-1].size, 3 * self.task.size**2) * len(photos)
        return len(photos) >= (FEWEST if values >= TOGETHER else MOST)

    def _batch(self, photos: Sequence[Pixels]) -> list[Prediction]:
        return self.outputs(photos)[1]

    def outputs(self, photos: Sequence[Pixels]) -> tuple[dict[str, torch.Tensor], list[Prediction]]:
        """One batch of photographs: what the net gives, each (B, …), and the predictions made of it."""
        outputs, finals = self.finals(photos)
        return outputs, self.wrap(finals, len(photos))

    def finals(self, photos: Sequence[Pixels]) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        """One batch of photographs: what the net gives, and the final arrays made of it, each (B, …)."""
        with torch.inference_mode():
            canvases, frames = self._canvases(photos)
            outputs = self.answer(canvases)
            return outputs, self.postprocess(outputs, frames)

    def _canvases(self, photos: Sequence[Pixels]) -> tuple[torch.Tensor, torch.Tensor]:
        """Small pictures of one shape go through `preprocess` together, others one by one, which bounds the memory."""
        if len({photo.shape for photo in photos}) == 1 and sum(photo.size for photo in photos) < TOGETHER:
            canvases, frames = self.preprocess(torch.from_numpy(np.stack(photos)).to(self.device))
            return canvases, frames
        made = [self.preprocess(torch.from_numpy(np.ascontiguousarray(p)).to(self.device)) for p in photos]
        return torch.cat([canvas for canvas, _ in made]), torch.cat([frame for _, frame in made])

    def wrap(self, finals: dict[str, torch.Tensor], count: int) -> list[Prediction]:
        """Final arrays (B, …) as one typed prediction for each picture."""
        # a look while training in bf16 may give that, which numpy does not know
        finals = {name: v.float() if v.dtype == torch.bfloat16 else v for name, v in finals.items()}
        arrays = {name: value.cpu().numpy() for name, value in finals.items()}
        return [self.task.wrap({name: value[i] for name, value in arrays.items()}) for i in range(count)]
