"""Objects in files that give each pixel the number of its object, or that hold one object each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

import numpy as np

from clearsight.core.errors import BadImage
from clearsight.core.sample import Array, ImageSource
from clearsight.data.readers.mask_values import fitting, packed, strips, values_of
from clearsight.ops.rle import Runs, from_indices, from_mask, union

_BITS = 24
"""Bits of a value or a packed colour."""


@dataclass(frozen=True)
class IndexObjects:
    """The objects of one picture in a file of numbers, or of colours. Picklable."""

    image: ImageSource = field(repr=False)
    mask: ImageSource
    numbers: tuple[int, ...]  # of each object the value of its pixels

    def __call__(self) -> tuple[Runs, ...]:
        """A mask for each object. Raises `BadImage` where the file cannot be read, or is not of the picture's size."""
        return from_indices(_numbers(fitting(self.mask, self.image)), self.numbers)

    def files(self) -> tuple[ImageSource, ...]:
        """The file of the objects."""
        return (self.mask,)


@dataclass(frozen=True)
class Valued:
    """The pixels of a file that have one of some values."""

    image: ImageSource = field(repr=False)
    mask: ImageSource
    values: tuple[int, ...]  # one at least

    def __call__(self) -> Runs:
        """Their mask. Raises `BadImage` as `IndexObjects` does."""
        return union(from_indices(_numbers(fitting(self.mask, self.image)), self.values))


@dataclass(frozen=True)
class ObjectFiles:
    """The objects of one picture in a file each, what is not 0 being the object. Picklable."""

    image: ImageSource = field(repr=False)
    masks: tuple[ImageSource, ...]

    def __call__(self) -> tuple[Runs, ...]:
        """A mask for each object. Raises `BadImage` where a file cannot be read, or is not of the picture's size."""
        return tuple(from_mask(_numbers(fitting(mask, self.image)) != 0) for mask in self.masks)

    def places(self) -> tuple[str, ...]:
        """The file of each object, as a person reads it."""
        return tuple(mask.name for mask in self.masks)

    def files(self) -> tuple[ImageSource, ...]:
        """The files of the objects."""
        return self.masks


@dataclass(frozen=True)
class Unusable:
    """Objects that cannot be told: one of their files is damaged, or they do not fit each other. Picklable."""

    masks: tuple[ImageSource, ...]
    name: str  # of the file that is wrong
    reason: str

    def __call__(self) -> tuple[Runs, ...]:
        """Raises `BadImage`, always."""
        raise BadImage(self.name, self.reason)

    def files(self) -> tuple[ImageSource, ...]:
        """The files of the objects."""
        return self.masks


def objects_in(mask: ImageSource) -> Array:
    """The numbers that occur in a file, in their order. Raises `BadImage`."""
    return np.unique(_numbers(values_of(mask)))


def classes_under(
    objects: ImageSource, classes: ImageSource, none: Container[int], coloured: bool = False
) -> Mapping[int, int]:
    """Of each number in a file of objects the commonest value that a file of classes has there, other than those that are
    `none`; 0 where it has no other. With `coloured` its colours, packed, in place of values. Raises `BadImage`, also where
    the two differ in size."""
    numbers, values = _numbers(values_of(objects)), _numbers(values_of(classes, coloured))
    if numbers.shape != values.shape:
        raise BadImage(objects.name, f"is not of the size of {classes.name}: one of them was resized")
    pixels: Counter[int] = Counter()
    for own in strips(*numbers.shape):
        pairs, counts = np.unique((numbers[own].astype(np.int64) << _BITS) | values[own], return_counts=True)
        pixels.update(dict(zip(pairs.tolist(), counts.tolist(), strict=True)))
    found: dict[int, int] = {}
    for pair in sorted(pixels, key=lambda pair: (-pixels[pair], pair)):
        number, value = divmod(pair, 1 << _BITS)
        if value not in none:
            found.setdefault(number, value)
    return {number: found.get(number, 0) for number in np.unique(numbers).tolist()}


def _numbers(pixels: Array) -> Array:
    """Colours as numbers; numbers as they are."""
    return packed(pixels) if pixels.ndim == 3 else pixels
