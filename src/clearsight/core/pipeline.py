"""From samples to batches: the stages a task gives, the things that flow through them, and where batches come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor

from clearsight.core.errors import BadImage
from clearsight.core.image import Pixels
from clearsight.core.sample import Array, Sample


@dataclass(frozen=True)
class Example:
    """One sample made ready: what the cache stores and workers send."""

    key: str
    image: Tensor  # uint8 (C, H, W)
    target: Mapping[str, Tensor]  # for judging, "frame" (6,) is among them


class Batch:
    """Examples stacked. A plain class on purpose: Fabric walks into dataclasses and copies them at every step."""

    __slots__ = ("images", "keys", "passes", "progress", "targets")

    def __init__(
        self,
        images: Tensor,
        targets: dict[str, Tensor],
        keys: Sequence[str],
        progress: float = 1.0,
        passes: Tensor | None = None,
    ) -> None:
        self.images = images  # (B, C, H, W): uint8 until the batch stage, then float in [0, 1]
        self.targets = targets  # each (B, ...)
        self.keys = keys
        self.progress = progress  # share of the training that is over when this batch is taken
        self.passes = passes  # int64 (B,), on the CPU: how often each picture's turn has come before; None: unknown

    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: torch.device) -> Batch:
        """The batch on a device; itself where it is there already."""
        if self.images.device == device:
            return self
        targets = {name: value.to(device, non_blocking=True) for name, value in self.targets.items()}
        return Batch(self.images.to(device, non_blocking=True), targets, self.keys, self.progress, self.passes)

    def replaced(self, images: Tensor, **targets: Tensor) -> Batch:
        """The batch with other images, and some targets changed or added."""
        return Batch(images, {**self.targets, **targets}, self.keys, self.progress, self.passes)

    def scaled(self) -> Batch:
        """The batch with its 8-bit images as float in [0, 1]."""
        return self.replaced(self.images.float() / 255)


def stack(examples: Sequence[Example]) -> Batch:
    """Examples of equal shapes as one batch: the collation of every task whose targets have one shape."""
    targets = {name: torch.stack([e.target[name] for e in examples]) for name in examples[0].target}
    return Batch(torch.stack([e.image for e in examples]), targets, [e.key for e in examples])


@dataclass(frozen=True)
class Stages:
    """What happens between a sample and the learner.

    `sample` is deterministic, so that its result can be cached; whatever is random happens in `mix` and `batch`, which
    draw from the generator given: a pure function of (seed, step), never of the worker or the time.
    """

    sample: Callable[[Sample, Pixels], Example]
    """A sample and its decoded pixels → an example. On a worker, on the CPU."""

    signature: str
    """What `sample` depends on, as text: two stages with equal signatures make equal examples (the cache's key)."""

    batch: Callable[[Batch, Generator], Batch]
    """Augment, mix within the batch and scale to float in [0, 1], the whole batch at once on the training device."""

    mix: Callable[[Sequence[Example], Generator, float], Example] | None = None
    """Several examples → one (mosaic), the first being the one whose turn it is; how many is `mix_count`. The number is
    the share of the training that is over, so that mixing can end before training does. The others may have to be decoded:
    what leaves the first one as it is asks for none of them."""

    mix_count: int = 1
    collate: Callable[[Sequence[Example]], Batch] = stack


@dataclass(frozen=True)
class Answered:
    """What a net answered on a batch of held-out samples."""

    outputs: Mapping[str, Tensor]  # each (B, ...)
    frames: Tensor  # (B, 6): how their canvases lay
    samples: Sequence[Sample]


class Batches(Protocol):
    """A source of training batches. Where a run stands is one number, the count of batches taken."""

    batch_size: int
    size: int | None
    """Number of samples in one epoch, or None for a stream of unknown length."""

    bad: list[BadImage]
    """Pictures that could not be used so far."""

    def start(self, position: int) -> Iterator[Batch]:
        """Endless batches on the training device, after `batch`, the first being number `position`."""


class Preprocess(torch.nn.Module):
    """Photo uint8 (..., H, W, 3) → canvas float (N, C, h, w) of `task.shape`, in [0, 1], and its `Frame`. Exports: no int is made
    of H or W."""

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the canvas and its frame, float (N, 6): see `clearsight.ops.geometry`."""
        raise TypeError(f"{type(self).__name__} has no forward")


class Postprocess(torch.nn.Module):
    """Outputs of a net and frames (B, 6) → final arrays in pixels of the photo, by name, each (B, ...)."""

    def forward(self, outputs: dict[str, Tensor], frame: Tensor) -> dict[str, Tensor]:
        """Returns the arrays named in the prediction's `finals`."""
        raise TypeError(f"{type(self).__name__} has no forward")


def final_arrays(
    postprocess: Callable[[dict[str, Tensor], Tensor], dict[str, Tensor]],
    outputs: Mapping[str, Tensor],
    frames: Tensor,
    one_by_one: bool,
) -> list[dict[str, Array]]:
    """The final arrays of each picture of a batch, from outputs (B, …) and frames (B, 6); `one_by_one` where their shapes
    differ from picture to picture (`Prediction.sized`), which also bounds the memory."""
    count = len(frames)
    if one_by_one:
        made = (postprocess({k: v[i : i + 1] for k, v in outputs.items()}, frames[i : i + 1]) for i in range(count))
        return [{name: _plain(value[0]) for name, value in finals.items()} for finals in made]
    finals = {name: _plain(value) for name, value in postprocess(dict(outputs), frames).items()}
    return [{name: value[i] for name, value in finals.items()} for i in range(count)]


def _plain(value: Tensor) -> Array:
    """As numpy's; a look while training in bf16 may give that, which numpy does not know."""
    array: Array = (value.float() if value.dtype == torch.bfloat16 else value).cpu().numpy()
    return array
