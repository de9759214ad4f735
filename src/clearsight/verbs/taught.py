"""What is learnt from: the training pictures, and parts of the large ones where the user asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clearsight.core.errors import BadImage, InputError
from clearsight.core.sample import Sample
from clearsight.core.task import Task
from clearsight.data.windows import windowed
from clearsight.engine.tiles import read_tiles
from clearsight.ops.tiling import tile_size, windows
from clearsight.verbs.roles import Roles


def taught(roles: Roles, task: Task[Any], parts: str | None) -> Sequence[Sample]:
    """The training pictures of a data set that lists them, and behind them the parts that `--parts` asks for: those at which
    tiles of that number would look. Raises `InputError` where the pictures are a stream."""
    tiles = read_tiles(parts)
    if tiles is None:
        return roles.train
    if roles.stream is not None:
        raise InputError(
            f"--parts {parts}: pictures of a stream are not known before they are learnt from; leave it out"
        )
    along = None if tiles == "auto" else tiles
    return [*roles.train, *(part for sample in roles.train for part in _parts(sample, task.shape, along))]


def _parts(sample: Sample, canvas: tuple[int, int], along: int | None) -> list[Sample]:
    """The parts of a picture; none of one that cannot be used, as it is told of when it is learnt from as a whole."""
    try:
        size = sample.image.size()
        tile = tile_size(size, canvas, along)
        return [] if tile is None else windowed(sample, windows(*size, tile))
    except BadImage:
        return []
