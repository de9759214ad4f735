"""Mosaic: four pictures around one point, with their objects (Bochkovskiy et al. 2020, YOLOv4, section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from clearsight.core.pipeline import Batch, Example, stack
from clearsight.ops.box_geometry import place, within
from clearsight.ops.owners import NOBODY
from clearsight.ops.resize import PAD
from clearsight.ops.transforms import closed

MIXED = 4
"""Pictures of a mosaic."""

Rectangle = tuple[int, int, int, int]
"""x1, y1, x2, y2, whole pixels."""


class Mosaic:
    """The mix stage: four examples with canvases (C, H, W) → one with a canvas (C, 2H, 2W), on which they meet in a point
    drawn from its middle (H, W); the rest is grey. Pixels are copied, so that whatever moves them later resamples them
    for the first time.

    The batch stage shows the middle (H, W), or somewhat more or less of the whole. With probability 1 − `probability`,
    and at the end of the training, `close` of it, the first example stays as it is, as does one without annotation; a
    partner without annotation leaves its part grey.
    """

    def __init__(self, shape: tuple[int, int], probability: float, close: float = 0.0) -> None:
        self.shape, self.probability, self.close = shape, probability, close

    def __call__(self, examples: Sequence[Example], generator: Generator, progress: float) -> Example:
        lot, across, down = torch.rand(3, generator=generator).tolist()
        if lot >= self.probability or closed(progress, self.close):
            return examples[0]
        known, places = self._facts(examples)
        if not known[0]:
            return examples[0]
        height, width = self.shape
        middle = width // 2 + int(across * width), height // 2 + int(down * height)
        first = examples[0].image
        canvas = first.new_full((len(first), 2 * height, 2 * width), round(PAD * 255))
        owners = canvas.new_full((2 * height, 2 * width), NOBODY, dtype=torch.int32)
        most = max(len(example.target["labels"]) for example in examples)
        windows, offsets = [], []
        for number, (example, area) in enumerate(zip(examples, places, strict=True)):
            window, (x, y) = self._window(number, area, middle)
            left, top, right, bottom = window
            if known[number]:
                part = slice(top - y, bottom - y), slice(left - x, right - x)
                canvas[:, top:bottom, left:right] = example.image[:, *part]
                if "owners" in example.target:
                    own = example.target["owners"][part].int()
                    owners[top:bottom, left:right] = torch.where(own >= 0, own + number * most, own)
            windows.append(window if known[number] else (0, 0, 0, 0))
            offsets.append((x, y, x, y))
        targets = self._targets(examples, most, windows, offsets)
        if "owners" in examples[0].target:
            targets["owners"] = owners
        return Example(examples[0].key, canvas, targets)

    @staticmethod
    def _facts(examples: Sequence[Example]) -> tuple[list[bool], list[Rectangle]]:
        """Whether each is annotated, and where on its canvas the photograph lies: the pixels whose middles are inside."""
        known, frames = (torch.stack([example.target[name] for example in examples]) for name in ("known", "frame"))
        rows = torch.cat([place(frames), known[:, None]], 1).tolist()  # all at once: a cuda device is waited for
        places = [(ceil(a - 0.5), ceil(b - 0.5), floor(c - 0.5) + 1, floor(d - 0.5) + 1) for a, b, c, d, _ in rows]
        return [bool(row[4]) for row in rows], places

    def _window(self, number: int, area: Rectangle, middle: tuple[int, int]) -> tuple[Rectangle, tuple[int, int]]:
        """What picture `number` (0 to 3, row by row) covers of the large canvas, and what to add to places on its own."""
        (left, top, right, bottom), (x, y) = area, middle
        dx = x - (left if number % 2 else right)
        dy = y - (top if number // 2 else bottom)
        height, width = self.shape
        window = max(left + dx, 0), max(top + dy, 0), min(right + dx, 2 * width), min(bottom + dy, 2 * height)
        return window, (dx, dy)

    def _targets(
        self, examples: Sequence[Example], most: int, windows: Sequence[Rectangle], offsets: Sequence[Rectangle]
    ) -> dict[str, Tensor]:
        padded = [_padded(e, e.image.shape[1], e.image.shape[2], most).target for e in examples]
        boxes, labels, crowd = (torch.stack([each[name] for each in padded]) for name in ("boxes", "labels", "crowd"))
        boxes, labels = within(
            boxes + boxes.new_tensor(offsets)[:, None], labels, crowd, boxes.new_tensor(windows)[:, None]
        )
        height, width = self.shape
        frame = boxes.new_tensor([1, 1, -(width // 2), -(height // 2), width, height])  # the middle is its photograph
        known = examples[0].target["known"]
        return {
            "boxes": boxes.flatten(0, 1),
            "labels": labels.flatten(),
            "crowd": crowd.flatten(),
            "known": known,
            "frame": frame,
        }


def collate(examples: Sequence[Example]) -> Batch:
    """Examples, some of them mosaics, as one batch: beside mosaics, canvases are laid into the middle of a grey one twice
    as large. Where there is no mosaic, none is larger than it was. Boxes are padded to the largest count, at least one."""
    height, width = (max(example.image.shape[axis] for example in examples) for axis in (1, 2))
    most = max(1, *(len(example.target["labels"]) for example in examples))
    return stack([_padded(example, height, width, most) for example in examples])


def _padded(example: Example, height: int, width: int, most: int) -> Example:
    image, target = example.image, example.target
    dy, dx = (height - image.shape[1]) // 2, (width - image.shape[2]) // 2
    more = most - len(target["labels"])
    if "owners" in target:  # mosaics have them as wider numbers
        target = {**target, "owners": F.pad(target["owners"].int(), (dx, dx, dy, dy), value=NOBODY)}
    if not (dy or dx or more):
        return Example(example.key, image, target)
    frame, moved = target["frame"], target["frame"].new_tensor([0, 0, dx, dy, 0, 0])
    padded = {
        **target,
        "boxes": F.pad(target["boxes"] + target["boxes"].new_tensor([dx, dy, dx, dy]), (0, 0, 0, more)),
        "labels": F.pad(target["labels"], (0, more), value=-1),
        "crowd": F.pad(target["crowd"], (0, more)),
        "frame": frame - moved * frame[[0, 0, 0, 1, 0, 0]],  # offsets are in pixels of the photograph
    }
    return Example(example.key, F.pad(image, (dx, dx, dy, dy), value=round(PAD * 255)), padded)
