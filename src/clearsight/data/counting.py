"""How often each class is annotated: on whole pictures, else on boxes, else on instances."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from clearsight.core.sample import Sample


@dataclass(frozen=True)
class Counted:
    """What is counted of a data set: a field of `Sample`, and what one of it is called."""

    field: str
    one: str
    many: str


COUNTED = (
    Counted("labels", "picture", "pictures"),
    Counted("boxes", "box", "boxes"),
    Counted("masks", "instance", "instances"),
)
"""In the order in which they go before each other: labels of whole pictures are what there is one of for each."""

SHOWING = Counted("masks", "picture", "pictures")
"""Of semantic masks, the pictures that show a class."""


def counted(fields: Set[str]) -> Counted | None:
    """What is counted of a data set that is annotated with these fields, or of a task that learns from them."""
    return next((kind for kind in COUNTED if kind.field in fields), None)


def shown(sample: Sample) -> tuple[str, ...]:
    """The classes that a sample shows, by its labels, else its boxes, else its instances."""
    found = (classes_of(sample, kind.field) for kind in COUNTED)
    return next((classes for classes in found if classes is not None), ())


def classes_of(sample: Sample, field: str) -> tuple[str, ...] | None:
    """The classes that a field of a sample names, once for each thing that is one; None where it is not annotated. Of
    semantic masks nothing is known before they are read: None."""
    if field == "labels":
        return sample.labels
    if field == "boxes":
        return None if sample.boxes is None else sample.boxes.labels
    return None if sample.masks is None or sample.masks.kind != "instances" else sample.masks.labels
