"""Large photographs looked at in overlapping parts, for any task whose answers can be put together. Needs no torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from math import ceil, floor
from typing import Any, Literal

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.image import Pixels
from clearsight.core.prediction import Prediction
from clearsight.ops.tiling import Part, Window, parts_at, scale_for, tile_size, windows

Tiles = int | Literal["auto"]
"""How many tiles along a photograph: a number, or what suits its size."""

MOST = 64
"""Tiles along a photograph, at most: a few thousand in all."""


def read_tiles(said: str | None) -> Tiles | None:
    """What `--tiles` says; None for none. Raises `ValueError`."""
    if said in (None, "off", "1"):
        return None
    if said == "auto":
        return "auto"
    if said.isascii() and said.isdigit() and 1 < int(said) <= MOST:
        return int(said)
    raise ValueError(f"say auto, off, or how many tiles lie along a photograph, up to {MOST}")


def checked_tiles(said: Any) -> Any:
    """For options: a number as text, whatever `read_tiles` understands as it is. Raises `ValueError`."""
    text = None if said is None else str(said)
    read_tiles(text)
    return text


def asked_tiles(said: Any) -> Tiles | None:
    """What a Python caller says. Raises `InputError`."""
    try:
        return read_tiles(checked_tiles(said))
    except ValueError as error:
        raise InputError(f"tiles={said!r}: {error}") from None


def require_tiles(prediction: type[Prediction], task: str, tiles: Tiles | None) -> None:
    """Refuse tiles for a task whose answers are for photographs as a whole. Raises `InputError`."""
    if tiles is not None and not prediction.tiles:
        raise InputError(f"--tiles {tiles}: {task} answers for a photograph as a whole; leave it out")


def canvas_of(fields: Mapping[str, Any]) -> tuple[int, int]:
    """Height and width of the canvas, by a task's fields: its `canvas`, else a square of its `size`."""
    height, width = fields.get("canvas") or (fields["size"], fields["size"])
    return height, width


def answering(fields: Mapping[str, Any], prediction: type[Prediction]) -> dict[str, Any]:
    """Which of a task's fields are to have other values, and which, so that its answers for parts can be put together."""
    return {name: value for name, value in prediction.tiling.answer.items() if fields.get(name) != value}


class Tiled:
    """Answers for photographs, each made of those for its parts where it is large: for the whole and its tiles, or for
    tiles alone.

    `answer` gives a prediction for each of any pictures, in order; `prediction` is their class, `fields` the task's.
    """

    def __init__(
        self,
        answer: Callable[[Iterable[Pixels]], Iterator[Prediction]],
        prediction: type[Prediction],
        fields: Mapping[str, Any],
        tiles: Tiles,
    ) -> None:
        require_tiles(prediction, str(fields.get("name", "this task")), tiles)
        self.answer, self.prediction, self.fields = answer, prediction, fields
        self.tiling = prediction.tiling
        self.along = None if tiles == "auto" else tiles

    def __call__(self, photos: Iterable[Pixels]) -> Iterator[Prediction]:
        """Predictions in the order of the photographs, each uint8 (H, W, 3). Answers for parts are not kept: they are
        asked for as those of a photograph are put together."""
        waiting: deque[tuple[Window, list[Part]]] = deque()

        def pictures() -> Iterator[Pixels]:
            for photo in photos:
                height, width = photo.shape[0], photo.shape[1]
                parts = self.parts(height, width)
                waiting.append(((0, 0, width, height), parts))
                yield from (shown(photo, part) for part in parts)

        found = iter(self.answer(pictures()))
        for first in found:
            whole, parts = waiting.popleft()
            places = [part.window for part in parts]
            if places == [whole] and self.tiling.whole:
                yield first
                continue
            rest = chain([first], islice(found, len(parts) - 1))
            yield self.prediction.merged(rest, places if places[0] == whole else [whole, *places], self.fields)

    def parts(self, height: int, width: int) -> list[Part]:
        """What is looked at of a photograph: the whole and, where it is worth it, its tiles; or tiles alone."""
        photo, canvas = (height, width), canvas_of(self.fields)
        whole = Part((0, 0, width, height), height, width)
        if not self.tiling.whole:
            scale = scale_for(photo, canvas, self.fields.get("scale", 1.0), self.along, self.tiling.overlap)
            return [whole] if scale is None else parts_at(photo, canvas, scale, self.tiling.overlap)
        tile = tile_size(photo, canvas, self.along)
        if tile is None:
            return [whole]
        found = windows(height, width, tile, self.tiling.overlap)
        return [whole, *(Part(window, window[3] - window[1], window[2] - window[0]) for window in found)]


def shown(photo: Pixels, part: Part) -> Pixels:
    """A part of a photograph as the picture that shows it, uint8 (h, w, 3): cut out, and shrunk by the filter of
    `ops.resize` where it is to be smaller, as if the whole photograph had been shrunk first."""
    x1, y1, x2, y2 = part.window
    if (part.height, part.width) == (y2 - y1, x2 - x1):
        return photo[int(y1) : int(y2), int(x1) : int(x2)]
    import PIL.Image

    down, across = ceil((y2 - y1) / part.height), ceil((x2 - x1) / part.width)  # how far the filter reaches
    top, left = max(floor(y1) - down, 0), max(floor(x1) - across, 0)
    around = np.ascontiguousarray(photo[top : ceil(y2) + down, left : ceil(x2) + across])
    high, wide = around.shape[:2]
    box = (x1 - left, y1 - top, min(x2 - left, wide), min(y2 - top, high))
    picture = PIL.Image.fromarray(around)
    return np.array(picture.resize((part.width, part.height), PIL.Image.Resampling.BILINEAR, box))
