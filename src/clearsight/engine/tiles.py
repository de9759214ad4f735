"""Large photographs looked at in overlapping parts too, for any task whose answers can be put together. Needs no torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from clearsight.core.errors import InputError
from clearsight.core.image import Pixels
from clearsight.core.prediction import Prediction
from clearsight.ops.tiling import Window, tile_size, windows

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


class Tiled:
    """Answers for photographs, each made of those for the whole and, where it is large, for its tiles.

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
        self.along = None if tiles == "auto" else tiles

    def __call__(self, photos: Iterable[Pixels]) -> Iterator[Prediction]:
        """Predictions in the order of the photographs, each uint8 (H, W, 3)."""
        waiting: deque[list[Window]] = deque()

        def parts() -> Iterator[Pixels]:
            for photo in photos:
                places = self.parts(photo.shape[0], photo.shape[1])
                waiting.append(places)
                yield from (photo[y1:y2, x1:x2] for x1, y1, x2, y2 in places)

        found: list[Prediction] = []
        for prediction in self.answer(parts()):
            found.append(prediction)
            if len(found) == len(waiting[0]):
                places = waiting.popleft()
                yield found[0] if len(found) == 1 else self.prediction.merged(found, places, self.fields)
                found = []

    def parts(self, height: int, width: int) -> list[Window]:
        """The whole photograph and, where it is worth it, its tiles."""
        tile = tile_size((height, width), canvas_of(self.fields), self.along)
        whole = (0, 0, width, height)
        return [whole] if tile is None else [whole, *windows(height, width, tile)]
