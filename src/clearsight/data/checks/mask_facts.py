"""What is in the masks of one picture, once they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from clearsight.core.errors import BadImage
from clearsight.core.sample import VOID, Masks
from clearsight.data.readers.mask_values import strips
from clearsight.ops import rle


@dataclass(frozen=True)
class MaskFacts:
    """What was seen in the masks of one picture."""

    pixels: Mapping[str, int] = field(default_factory=dict)  # of semantic masks: by class, how many it has
    beyond: Mapping[str, int] = field(default_factory=dict)  # by value outside the classes, how many pixels have it
    empty: tuple[str, ...] = ()  # instances without a pixel, by where they are written
    crossed: tuple[str, ...] = ()  # instances whose outline crosses itself, in the same way

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that a semantic mask shows."""
        return tuple(label for label, number in self.pixels.items() if number)


def facts_of(masks: Masks) -> MaskFacts | BadImage:
    """The facts of masks, or why they cannot be used."""
    try:
        if masks.kind == "semantic":
            indices, beyond = masks.judged()
            counts = np.zeros(VOID + 1, np.int64)
            for own in strips(*indices.shape):
                counts += np.bincount(indices[own].ravel(), minlength=VOID + 1)
            return MaskFacts({label: int(counts[row]) for row, label in enumerate(masks.labels)}, beyond)
        empty = [row for row, runs in enumerate(masks.runs()) if not rle.area(runs)]
        crossed: tuple[int, ...] = getattr(masks.load, "crossed", tuple)()
    except BadImage as bad:
        return bad
    places = masks.places() if empty or crossed else ()
    return MaskFacts(empty=tuple(places[row] for row in empty), crossed=tuple(places[row] for row in crossed))
