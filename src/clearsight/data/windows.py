"""A part of a photograph as a sample of its own: its pixels, and of its objects what lies in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from clearsight.core.image import Pixels
from clearsight.core.sample import Array, Boxes, ImageSource, Masks, Sample
from clearsight.ops.box_geometry import within
from clearsight.ops.rle import Runs, area, box, moved

Window = tuple[int, int, int, int]
"""x1, y1, x2, y2 in whole pixels of the photograph; x2 and y2 are outside."""


@dataclass(frozen=True)
class WindowImage(ImageSource):
    """Part of a picture, which is decoded whole each time."""

    whole: ImageSource
    window: Window

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.whole.name  # a file that cannot be read is one, however many parts are wanted of it

    def encoded(self) -> None:
        return None

    def load(self) -> Pixels:
        x1, y1, x2, y2 = self.window
        return np.ascontiguousarray(self.whole.load()[y1:y2, x1:x2])

    def size(self) -> tuple[int, int]:
        x1, y1, x2, y2 = self.window
        return y2 - y1, x2 - x1


@dataclass(frozen=True)
class WindowRuns:
    """The masks of some objects of a photograph, by their rows, as far as they lie in a window of it."""

    whole: Masks
    rows: tuple[int, ...]
    window: Window

    def __call__(self) -> tuple[Runs, ...]:
        runs = self.whole.runs()
        return tuple(cut_runs(runs[row], self.window) for row in self.rows)

    @property
    def files(self) -> tuple[ImageSource, ...]:
        """Those that the photograph's masks lie in."""
        return self.whole.files()


@dataclass(frozen=True)
class WindowIgnored:
    """The pixels of a photograph where nothing is judged, as far as they lie in a window of it."""

    whole: Callable[[], Runs]
    window: Window

    def __call__(self) -> Runs:
        return cut_runs(self.whole(), self.window)


def windowed(sample: Sample, windows: Sequence[Window]) -> list[Sample]:
    """A sample for each window, with the boxes and the objects' masks that lie in it and are not cut to almost nothing (as
    `ops.box_geometry.within` has it), or with none where there is nothing. Raises `BadImage` where masks cannot be read."""
    masks = sample.masks if sample.masks is not None and sample.masks.kind == "instances" else None
    runs = () if masks is None else masks.runs()
    around = np.array([box(one) for one in runs], np.float32).reshape(-1, 4)
    return [
        Sample(
            key="{}@{}-{}-{}-{}".format(sample.key, *window),
            image=WindowImage(sample.image, window),
            boxes=None if sample.boxes is None else _boxes(sample.boxes, window),
            masks=None if masks is None else _masks(masks, runs, around, window),
            extra=sample.extra,
        )
        for window in windows
    ]


def cut_runs(runs: Runs, window: Window) -> Runs:
    """The part of a mask in a window, as a mask of its own."""
    x1, y1, x2, y2 = window
    return moved(runs, -x1, -y1, y2 - y1, x2 - x1)


def _boxes(boxes: Boxes, window: Window) -> Boxes:
    seen, rows = _seen(boxes.xyxy, boxes.crowd, window)
    found = boxes.rows(rows, tuple(boxes.labels[row] for row in rows))
    return replace(found, xyxy=seen[rows], area=None, said=None)


def _masks(masks: Masks, runs: Sequence[Runs], around: Array, window: Window) -> Masks:
    _, near = _seen(around, masks.crowd, window)
    # of a ring, the part of the box that is seen may hold nothing
    rows = tuple(row for row in near if area(cut_runs(runs[row], window)))
    return Masks(
        "instances",
        WindowRuns(masks, rows, window),
        tuple(masks.labels[row] for row in rows),
        None if masks.crowd is None else masks.crowd[list(rows)],
        None if masks.ignored is None else WindowIgnored(masks.ignored, window),
    )


def _seen(xyxy: Array, crowd: Array | None, window: Window) -> tuple[Array, list[int]]:
    """Boxes (N, 4) cut off at a window, in pixels from its corner, and the rows of those of which enough is left."""
    boxes = torch.from_numpy(np.asarray(xyxy, np.float32))
    crowds = torch.zeros(len(boxes), dtype=torch.bool) if crowd is None else torch.from_numpy(np.asarray(crowd, bool))
    frame = torch.tensor(window, dtype=torch.float32)
    found, labels = within(boxes, torch.zeros(len(boxes), dtype=torch.long), crowds, frame[None])
    return (found - frame[:2].repeat(2)).numpy(), (labels >= 0).nonzero()[:, 0].tolist()
