"""Objects in overlapping parts of a photograph put together, with their masks. numpy only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clearsight.core.sample import Array
from clearsight.ops.rle import Runs, box, from_window, to_mask, union
from clearsight.tasks.objects.merge import merge, offsets

if TYPE_CHECKING:
    from clearsight.tasks.instances.prediction import Instances

Window = tuple[float, float, float, float]


def merged(parts: Iterable[Instances], windows: Sequence[Window]) -> tuple[dict[str, Any], Sequence[str]]:
    """The columns of `Instances` for the whole photograph, and the classes' names, from answers for its parts, which lie as the
    windows say in whole pixels, the first being the whole. Of each part no more is kept than its objects' runs."""
    _, _, width, height = (round(side) for side in windows[0])
    columns: dict[str, list[Any]] = {name: [] for name in ("boxes", "scores", "classes", "shown")}
    masks: list[Runs] = []
    seen: list[Array] = []
    names: Sequence[str] = ()
    for number, (part, window) in enumerate(zip(parts, windows, strict=True)):
        for name, values in columns.items():
            values.append(getattr(part, name))
        masks += [moved(mask, round(window[0]), round(window[1]), height, width) for mask in part.masks]
        seen.append(np.full(len(part), number))
        names = part.names
    boxes, scores, classes, shown = (np.concatenate(values) for values in columns.values())
    owner = np.concatenate(seen)
    boxes, groups = merge(boxes + offsets(windows)[owner], scores, classes, owner, np.asarray(windows))
    rows = np.array([group[0] for group in groups], np.int64)
    joined = tuple(union([masks[row] for row in group]) for group in groups)
    found = {"boxes": boxes[rows].astype(np.float32), "scores": scores[rows], "classes": classes[rows]}
    return {**found, "shown": shown[rows], "masks": joined}, names


def moved(mask: Runs, left: int, top: int, height: int, width: int) -> Runs:
    """A mask of a part of a photograph (height, width) that begins at `left` and `top`, as one of all of it."""
    if (left, top, height, width) == (0, 0, mask.height, mask.width):
        return mask
    x1, y1, x2, y2 = box(mask).astype(int).tolist()
    return from_window(to_mask(mask)[y1:y2, x1:x2], top + y1, left + x1, height, width)
