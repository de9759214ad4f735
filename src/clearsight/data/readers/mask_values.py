"""Mask files: the values of their pixels, and the class that each value or colour means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from clearsight.core.errors import BadImage
from clearsight.core.image import open_picture
from clearsight.core.sample import VOID, Array, ImageSource

Colour = tuple[int, int, int]

LOSSY = frozenset({"JPEG", "MPO"})
"""Kinds of files whose values are not those that were saved."""

_NO_CODE = -(2**63)
"""A number that is no value and no colour of a mask."""

_STRIP = 2**20
"""Pixels that are looked at together."""


@dataclass(frozen=True)
class Meaning:
    """What values, or colours, of mask files mean: rows of the classes, or `VOID`. `VOID` itself is void where nothing else
    is said of it."""

    values: Mapping[int, int] = field(default_factory=dict)
    colours: Mapping[Colour, int] = field(default_factory=dict)

    def indices(self, pixels: Array) -> tuple[Array, dict[str, int]]:
        """Classes uint8 (H, W) of values (H, W) or colours (H, W, 3), and how many pixels have which other ones: these are
        void. Beside these it takes no memory that grows with the picture."""
        coloured, name = pixels.ndim == 3, hexadecimal if pixels.ndim == 3 else str
        table: Mapping[int, int] = {VOID: VOID, **self.values}
        if coloured:
            table = {pack(colour): row for colour, row in self.colours.items()}
        known = np.array([*sorted(table), _NO_CODE], np.int64)  # the last for codes above all others
        rows = np.array([table.get(code, VOID) for code in known.tolist()], np.uint8)
        found, beyond = np.empty(pixels.shape[:2], np.uint8), Counter[int]()
        for own in strips(*found.shape):
            codes = packed(pixels[own]) if coloured else pixels[own]
            at = np.searchsorted(known[:-1], codes)
            right = known[at] == codes
            found[own] = np.where(right, rows[at], np.uint8(VOID))
            others, counts = np.unique(codes[~right], return_counts=True)
            beyond.update(dict(zip(others.tolist(), counts.tolist(), strict=True)))
        return found, {name(code): beyond[code] for code in sorted(beyond)}


@dataclass(frozen=True)
class MaskFile:
    """The semantic mask of one picture in a file of its own, read when called. Picklable."""

    image: ImageSource = field(repr=False)
    mask: ImageSource
    meaning: Meaning

    def __call__(self) -> Array:
        """Classes uint8 (H, W). Raises `BadImage` where the file cannot be read, is not of the picture's size, or holds
        colours that nothing explains."""
        return self.judged()[0]

    def judged(self) -> tuple[Array, dict[str, int]]:
        """The same, and how many pixels have which values, or colours, outside the classes: they count for nothing."""
        pixels = fitting(self.mask, self.image, coloured=bool(self.meaning.colours))
        if pixels.ndim == 3 and not self.meaning.colours:
            pixels = _one_channel(pixels, self.mask.name)
        return self.meaning.indices(pixels)

    def files(self) -> tuple[ImageSource, ...]:
        """The file of the mask."""
        return (self.mask,)


def fitting(mask: ImageSource, image: ImageSource, coloured: bool = False) -> Array:
    """`values_of` a mask. Raises `BadImage` also where it is not of its picture's size."""
    pixels = values_of(mask, coloured)
    size = image.size()
    if pixels.shape[:2] != size:
        wide, high = pixels.shape[1], pixels.shape[0]
        what = f"its mask {mask.name} is of {wide} x {high} pixels, the picture of {size[1]} x {size[0]}"
        raise BadImage(image.name, f"{what}: one of them was resized")
    return pixels


def values_of(mask: ImageSource, coloured: bool = False) -> Array:
    """The pixels of a mask file as they are stored: numbers (H, W), those of palettes being their indices, or colours
    uint8 (H, W, 3). With `coloured` a palette stands for its colours. Raises `BadImage`."""
    data = mask.encoded()
    if data is None:
        raise BadImage(mask.name, "is no file, so that its values are not known; save the mask as PNG")
    with open_picture(data, mask.name) as picture:
        if picture.format in LOSSY:
            raise BadImage(mask.name, "is a JPEG, whose values are not those that were saved; save masks as PNG")
        try:
            if picture.mode == "P":
                return np.array(picture.convert("RGB") if coloured else picture)
            if picture.mode in ("1", "L", "I", "F") or picture.mode.startswith("I;16"):
                return _whole(np.array(picture), mask.name)
            if picture.mode == "LA":
                return np.array(picture.getchannel(0))
            return np.array(picture.convert("RGB"))
        except BadImage:
            raise
        except Exception as error:  # a decoder's own failure on odd data: SyntaxError, struct.error, ValueError …
            raise BadImage(mask.name, f"is damaged or cut short ({error})") from None


def _one_channel(pixels: Array, name: str) -> Array:
    """The numbers (H, W) of a mask that was saved with three equal channels, as OpenCV does."""
    if (pixels != pixels[..., :1]).any():
        todo = "save the classes' numbers, or write their colours into a table such as class_dict.csv"
        raise BadImage(name, f"holds colours and nothing says what they mean; {todo}")
    return pixels[..., 0]


def _whole(pixels: Array, name: str) -> Array:
    if pixels.dtype == bool:
        return pixels.astype(np.uint8)
    if pixels.dtype.kind == "f":
        if not np.array_equal(pixels, np.round(pixels)):
            raise BadImage(name, "holds fractions; the values of a mask are whole numbers")
        return pixels.astype(np.int64)
    return pixels


def strips(height: int, width: int) -> Iterator[slice]:
    """A picture's rows, so many together that what is worked out of them takes little memory."""
    step = max(_STRIP // max(width, 1), 1)
    return (slice(first, first + step) for first in range(0, height, step))


def packed(pixels: Array) -> Array:
    """Colours uint8 (H, W, 3) as numbers int32 (H, W), red · 65,536 + green · 256 + blue."""
    codes = pixels[..., 0].astype(np.int32)
    for channel in (1, 2):
        codes <<= 8
        codes |= pixels[..., channel]
    return codes


def pack(colour: Colour) -> int:
    """One colour as such a number."""
    return (colour[0] << 16) | (colour[1] << 8) | colour[2]


def hexadecimal(code: int) -> str:
    """Such a number as people write colours: #ff8000."""
    return f"#{code:06x}"
