"""One photograph and what is known of it. numpy only."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from clearsight.core.errors import BadImage, InputError
from clearsight.core.image import Pixels, decode, size_of
from clearsight.ops.rle import Runs

Array = np.ndarray[Any, np.dtype[Any]]

VOID = 255
"""The value of pixels that count for nothing in a semantic mask, because nobody said what they are: the customary one
(Pascal VOC, Cityscapes)."""

BACKGROUND = "background"
"""The class of pixels that no object covers, where something is to be said of them."""


class ImageSource(ABC):
    """Where a picture's pixels come from, read when asked and not before. Picklable: workers may load it."""

    name: str
    """What a person calls it: a path, a member of an archive, a row of an array."""

    @abstractmethod
    def encoded(self) -> bytes | None:
        """The file's bytes as stored, or None where there are only pixels. Raises `BadImage`."""

    def load(self) -> Pixels:
        """Pixels uint8 (H, W, 3) RGB, upright. Raises `BadImage`."""
        data = self.encoded()
        if data is None:
            raise TypeError(f"{type(self).__name__} has no bytes and must override load()")
        return decode(data, self.name)

    def size(self) -> tuple[int, int]:
        """(height, width), from the header where there is one. Raises `BadImage`."""
        data = self.encoded()
        if data is None:
            height, width, _ = self.load().shape
            return height, width
        return size_of(data, self.name)

    def digest(self) -> str:
        """A hash of the content: equal for exact copies, wherever they lie. Raises `BadImage`."""
        data = self.encoded()
        return _hash(self.load() if data is None else data)

    def glance(self, full: bool = False) -> tuple[str, tuple[int, int]]:
        """`digest()` and `size()` from one reading; `full` decodes too, to be sure. Raises `BadImage`."""
        data = self.encoded()
        if data is None:
            pixels = self.load()
            return _hash(pixels), (pixels.shape[0], pixels.shape[1])
        if full:
            height, width, _ = decode(data, self.name).shape
            return _hash(data), (height, width)
        return _hash(data), size_of(data, self.name)


def _hash(content: bytes | Pixels) -> str:
    if not isinstance(content, bytes):
        content = repr(content.shape).encode() + content.tobytes()
    return hashlib.blake2b(content, digest_size=16).hexdigest()


@dataclass(frozen=True)
class FileImage(ImageSource):
    """A picture in a file of its own."""

    path: Path

    @property
    def name(self) -> str:  # type: ignore[override]
        return printable(str(self.path))

    def encoded(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            raise BadImage(self.name, "the file is not there") from None
        except PermissionError:
            raise BadImage(self.name, "no permission to read it") from None
        except OSError as error:
            raise BadImage(self.name, f"cannot be read ({error.strerror})") from error


@dataclass(frozen=True, eq=False)
class ArrayImage(ImageSource):
    """A picture that is pixels already: uint8 (H, W) grey or (H, W, 3) RGB."""

    pixels: Array
    name: str = "array"

    def encoded(self) -> None:
        return None

    def load(self) -> Pixels:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim not in (2, 3):
            shape = f"{self.pixels.dtype} {self.pixels.shape}"
            raise BadImage(self.name, f"pixels must be uint8 (H, W) or (H, W, 3), these are {shape}")
        if self.pixels.ndim == 2:
            return np.repeat(self.pixels[:, :, None], 3, axis=2)
        if self.pixels.shape[2] != 3:
            raise BadImage(self.name, f"pixels must have 3 channels, these have {self.pixels.shape[2]}")
        return self.pixels


@dataclass(frozen=True)
class Boxes:
    """Boxes of one photograph: `xyxy` float32 (N, 4) in absolute pixels of the photograph."""

    xyxy: Array
    labels: tuple[str, ...]
    crowd: Array | None = None  # bool (N,), whether a box is round many of the class at once; None means none is
    difficult: Array | None = None  # bool (N,), whether it is too hard to be judged by (Pascal VOC); None means none is
    said: tuple[int, int] | None = None  # (height, width) of the photograph by its annotations, where they say it
    area: Array | None = None  # float64 (N,), pixels² that the objects themselves cover; None: those of the boxes
    said_in: str = ""  # where annotations say `said`, for a person: "a.xml: size"

    def __post_init__(self) -> None:
        if self.xyxy.shape != (len(self.labels), 4):
            wanted = f"{len(self.labels)} labels need boxes of shape (N, 4)"
            raise ValueError(f"{wanted}, these are {self.xyxy.shape}")

    def rows(self, kept: Sequence[int], labels: tuple[str, ...]) -> Boxes:
        """Some of the boxes, by their rows, under these labels."""
        crowd, difficult, area = (
            column if column is None else column[list(kept)] for column in (self.crowd, self.difficult, self.area)
        )
        return Boxes(self.xyxy[list(kept)], labels, crowd, difficult, self.said, area, self.said_in)


@dataclass(frozen=True)
class Masks:
    """Masks of one photograph, read when asked.

    Semantic: `load` gives the class of each pixel, uint8 (H, W), as indices into `labels`, or `VOID`. Instances: it gives
    the mask of each object, a tuple of `Runs`, whose classes are `labels`; objects may overlap, and may be empty. It is
    picklable, its `repr` says all that it depends on beside the picture and the files that a method `files` names (caches of
    what was made of them go by both), and it raises `BadImage` where a mask cannot be read or is not of the photograph's size.
    It may have a method `judged`, which gives the same and how many pixels have which value outside the classes (they are
    `VOID`), `crossed`, which gives the rows of instances whose outline crosses itself, or `places`, which says for a person
    where each instance is written: `inspect` tells of all three.
    """

    kind: Literal["semantic", "instances"]
    load: Callable[[], Any]
    labels: tuple[str, ...]
    crowd: Array | None = None  # bool (N,), whether an instance is many of the class at once; None means none is
    ignored: Callable[[], Runs] | None = None  # of the same files: pixels where no instance is judged (VOC's borders)

    def __post_init__(self) -> None:
        if self.crowd is not None and self.crowd.shape != (len(self.labels),):
            raise ValueError(f"{len(self.labels)} instances need as many flags, these are of shape {self.crowd.shape}")

    def indices(self) -> Array:
        """What `load` gives where the masks are semantic."""
        found: Array = self.load()
        return found

    def judged(self) -> tuple[Array, Mapping[str, int]]:
        """`indices`, and how many pixels have which value outside the classes, where that is known, from one reading."""
        if hasattr(self.load, "judged"):
            found: tuple[Array, Mapping[str, int]] = self.load.judged()
            return found
        return self.indices(), {}

    def places(self) -> tuple[str, ...]:
        """Where each instance is written, for a person; its number and its class where that is not known."""
        if hasattr(self.load, "places"):
            found: tuple[str, ...] = self.load.places()
            return found
        return tuple(f"instance {number}, {label}" for number, label in enumerate(self.labels, 1))

    def files(self) -> tuple[ImageSource, ...]:
        """The files whose content the masks are; none where `load` holds it itself."""
        return tuple(getattr(self.load, "files", tuple)())

    def runs(self) -> tuple[Runs, ...]:
        """What `load` gives where the masks are of instances."""
        found: tuple[Runs, ...] = self.load()
        return found


@dataclass(frozen=True)
class Sample:
    """One photograph and its annotations. None means not annotated; empty means that nothing is there."""

    key: str  # stable and unique within its data set: used for splits, reports, errors
    image: ImageSource
    labels: tuple[str, ...] | None = None
    boxes: Boxes | None = None
    masks: Masks | None = None
    caption: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # columns kept for slices: camera, site, patient …
    values: Mapping[str, float] | None = None  # numbers to predict, by the name of what they measure

    def __post_init__(self) -> None:
        if isinstance(self.extra, MappingProxyType):  # cannot be pickled to a worker
            object.__setattr__(self, "extra", dict(self.extra))


def require_known(key: str, labels: Iterable[str], known: Sequence[str], bears: str = "is") -> None:
    """Raises `InputError` on a label that is not among those known; `key` is the sample's, `bears` says in words what has the
    label: "is", "has a box"."""
    for label in labels:
        if label not in known:
            there = ", ".join(known[:10]) + (", …" if len(known) > 10 else "")
            raise InputError(
                f"{key} {bears} labelled {label!r}, which the model does not know; it knows {there}: "
                "rename it or leave it out with --classes"
            )


def require_size(sample: Sample, sizes: Iterable[tuple[int, ...]], shape: tuple[int, int]) -> None:
    """Raises `BadImage` where a mask of the sample is of another size (height, width) than its photograph."""
    for size in sizes:
        if size != shape:
            said = f"a mask is {size[1]}×{size[0]} pixels and the photograph {shape[1]}×{shape[0]}"
            raise BadImage(sample.image.name, f"{said}; resize neither or both")


def printable(text: str) -> str:
    """A file name as text that any terminal and any UTF-8 file can take: undecodable bytes become \\xNN, and other halves
    of a surrogate pair, which JSON may hold, \\uNNNN."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
