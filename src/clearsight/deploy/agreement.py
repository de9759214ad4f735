"""Does the exported graph answer as the original does? Both are asked about the very same pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch

from clearsight.core.artifact import Artifact
from clearsight.core.image import Pixels
from clearsight.core.pipeline import final_arrays
from clearsight.core.sample import Array
from clearsight.deploy.onnx import PhotoGraph
from clearsight.deploy.predictor import OnnxPredictor, open_session

Finals = Mapping[str, Array]
F = TypeVar("F")

BATCHES = (1, 2, 3, 5, 8)
"""Sizes of the batches that a raw graph is tried with."""


@dataclass(frozen=True)
class Case:
    """One question put to both: a name that cases of a kind share, and what goes in."""

    name: str  # "wide 240 × 640", "batch of 3"
    given: Array  # a photo uint8 (H, W, 3), or images float32 (B, C, S, S)


@dataclass(frozen=True)
class Row:
    """What came of the cases of one name."""

    name: str
    cases: int
    difference: float  # the largest of any final array; inf where shapes differ or a value is no number
    same: bool  # whether every answer reads the same

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"name": self.name, "cases": self.cases, "difference": self.difference, "same_answer": self.same}


@dataclass(frozen=True)
class Agreement:
    """The comparison's outcome."""

    rows: Sequence[Row]
    tolerance: float

    @property
    def difference(self) -> float:
        """The largest difference of all."""
        return max(row.difference for row in self.rows)

    @property
    def holds(self) -> bool:
        """Whether no difference is beyond the tolerance."""
        return self.difference <= self.tolerance


def compare(
    original: Callable[[Array], F],
    exported: Callable[[Array], F],
    cases: Iterable[Case],
    tolerance: float,
    words: Callable[[F], str],
    difference: Callable[[F, F], float],
) -> Agreement:
    """Put every case to both and compare what they say by `difference`. `words` is the answer as a person reads it.

    Raises `ValueError` where there is no case: then nothing would have been shown.
    """
    found: dict[str, Row] = {}
    for case in cases:
        one, other = original(case.given), exported(case.given)
        before = found.get(case.name, Row(case.name, 0, 0.0, True))
        found[case.name] = Row(
            case.name,
            before.cases + 1,
            max(before.difference, difference(one, other)),
            before.same and words(one) == words(other),
        )
    if not found:
        raise ValueError("an agreement needs at least one case")
    return Agreement(list(found.values()), tolerance)


def compare_photo(artifact: Artifact, model: bytes, photos: Sequence[Pixels], tolerance: float) -> Agreement:
    """The photo graph against the model, on every photograph in every shape."""
    task = artifact.task
    graph = PhotoGraph(task, artifact.net).eval()
    exported = OnnxPredictor(model)

    def original(photo: Array) -> Finals:
        with torch.inference_mode():
            values = graph(torch.from_numpy(photo))
        return {name: value.numpy() for name, value in zip(graph.names, values, strict=True)}

    def words(finals: Finals) -> str:
        said: str = task.wrap(finals).headline()
        return said

    return compare(original, exported.finals, shaped(photos, task.size), tolerance, words, task.difference)


def compare_raw(artifact: Artifact, model: bytes, photos: Sequence[Pixels], tolerance: float) -> Agreement:
    """The raw graph against the net, on batches of several sizes.

    Compared is what the outputs mean, the final arrays that the task's `postprocess` makes of them: how much a logit
    may differ depends on what it is taken for.
    """
    task = artifact.task
    answer = task.answering(artifact.net.eval())
    preprocess, postprocess = task.preprocess().eval(), task.postprocess().eval()
    session = open_session(model)
    with torch.inference_mode():
        made = [preprocess(torch.from_numpy(np.array(photo))) for photo in photos]

    def taken(count: int, part: int) -> torch.Tensor:
        return torch.cat([made[i % len(made)][part] for i in range(count)])

    def finals(outputs: dict[str, torch.Tensor]) -> list[Finals]:
        frames = taken(len(next(iter(outputs.values()))), 1)
        return list(final_arrays(postprocess, outputs, frames, task.prediction.sized()))

    def original(images: Array) -> list[Finals]:
        with torch.inference_mode():
            return finals(answer(torch.from_numpy(images)))

    def exported(images: Array) -> list[Finals]:
        names = list(task.outputs)
        values = session.run(names, {"images": images})
        with torch.inference_mode():
            return finals({name: torch.from_numpy(v) for name, v in zip(names, values, strict=True)})

    def words(batch: list[Finals]) -> str:
        return "; ".join(task.wrap(each).headline() for each in batch)

    def apart(one: list[Finals], other: list[Finals]) -> float:
        if len(one) != len(other):
            return float("inf")
        return max(task.difference(*pair) for pair in zip(one, other, strict=True))

    cases = [Case(f"batch of {count}", taken(count, 0).numpy()) for count in BATCHES]
    return compare(original, exported, cases, tolerance, words, apart)


def shapes(size: int) -> dict[str, tuple[int, int]]:
    """Heights and widths that a graph is tried with, by name; `size` is the canvas's side."""
    return {
        "wide": (240, 640),
        "tall": (640, 240),
        "square": (384, 384),
        "odd": (337, 451),
        "smaller than the canvas": (size // 2 + 1, size // 3 + 1),
        "larger than the canvas": (min(3 * size + 7, 1600), min(4 * size + 5, 2000)),
        "one pixel wide": (320, 1),
    }


def shaped(photos: Sequence[Pixels], size: int) -> Iterator[Case]:
    """Every photograph as it is, and cut and resized to each of the shapes."""
    for photo in photos:
        yield Case("as it is", np.array(photo))
    for name, (height, width) in shapes(size).items():
        for photo in photos:
            yield Case(f"{name}, {height} × {width}", cut(photo, height, width))


def cut(photo: Pixels, height: int, width: int) -> Pixels:
    """The middle of a photograph, as much of it as has the shape, at that size."""
    import PIL.Image

    h, w, _ = photo.shape
    across, down = min(w, h * width / height), min(h, w * height / width)
    box = ((w - across) / 2, (h - down) / 2, (w + across) / 2, (h + down) / 2)
    image = PIL.Image.fromarray(np.ascontiguousarray(photo))
    return np.array(image.resize((width, height), PIL.Image.Resampling.BICUBIC, box=box))
