"""From the bytes of a picture file to pixels: uint8 (H, W, 3) RGB, upright. numpy and Pillow only.

Every odd kind of file has one rule here, and every reader and the exported model's predictor share it:
EXIF orientation is applied; transparency is laid over white; 16-bit values are scaled to 8 (`core.depth`; of 16-bit
colour Pillow keeps the high byte, at most one level from that); of an animation or a multi-page file the first picture
is taken; CMYK, palette, grey and bilevel become RGB; which channels of a TIFF are the picture says `core.tiff`; anything
larger than `MAX_PIXELS` is refused before it is decoded.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from clearsight.core import heif, tiff
from clearsight.core.depth import eight_bits
from clearsight.core.errors import BadImage
from clearsight.core.files import ending
from clearsight.core.jpeg import plain_jpeg

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]

MAX_PIXELS = 178_956_970
"""Width times height beyond which a picture is refused: Pillow's own limit, 0.5 GiB of RGB."""

EXTENSIONS = frozenset(
    f".{name}"
    for names in ("jpg jpeg jpe jfif png bmp dib gif webp heic heif hif", "tif tiff ppm pgm pbm pnm avif jp2 tga ico")
    for name in names.split()
)
"""File name endings taken to be pictures."""


def is_picture(name: str) -> bool:
    """Whether a file's name ends like a picture's and is no hidden file (`.x.jpg`, macOS's `._x.jpg`)."""
    return ending(name) in EXTENSIONS


def decode(data: bytes, name: str) -> Pixels:
    """The pixels of a picture file's bytes, uint8 (H, W, 3).

    Raises `BadImage` with a reason a person can act on: empty, not a picture, truncated, too large.
    """
    with open_picture(data, name) as picture:
        return to_rgb(picture, name)


def open_picture(data: bytes, name: str) -> Image:
    """The Pillow image of a file's bytes: its header read, its size checked, its pixels not yet decoded."""
    import PIL.Image

    if not data:
        raise BadImage(name, "the file is empty")
    _hush()
    heif.prepare(data, name)
    layout = tiff.layout(data)
    if layout is not None and (rare := tiff.open_tiff(layout, data, name, MAX_PIXELS)) is not None:
        return rare
    try:
        picture = PIL.Image.open(io.BytesIO(data))
    except PIL.Image.DecompressionBombError:
        raise BadImage(name, f"larger than {MAX_PIXELS:,} pixels, refused as a decompression bomb") from None
    except PIL.UnidentifiedImageError:
        if layout is not None:
            return tiff.read_rare(layout, data, name, MAX_PIXELS)
        raise BadImage(name, _not_a_picture(data)) from None
    except Exception as error:  # Pillow's plugins raise nearly anything on broken headers
        raise BadImage(name, f"{_not_a_picture(data)} ({error})") from error
    if picture.width * picture.height > MAX_PIXELS:
        size = f"{picture.width} x {picture.height} pixels"
        raise BadImage(name, f"{size} are more than {MAX_PIXELS:,}, refused as a decompression bomb")
    return picture


def to_rgb(picture: Image, name: str) -> Pixels:
    """Decode an opened Pillow image to upright uint8 RGB, by the rules above."""
    _hush()
    try:
        picture.seek(0)
        picture.load()
        orientation = _orientation(picture)  # asked after loading, which turns a TIFF by itself
        return upright(_colours(picture, name), orientation)
    except BadImage:
        raise
    except OSError as error:
        reason = "the file is cut short (truncated)" if "truncated" in str(error) else f"is damaged ({error})"
        raise BadImage(name, reason) from error
    except Exception as error:  # a decoder's own failure on odd data: SyntaxError, struct.error, ValueError …
        raise BadImage(name, f"cannot be decoded ({error})") from error


def size_of(data: bytes, name: str) -> tuple[int, int]:
    """(height, width) of the upright picture, from the header alone."""
    if (plain := plain_jpeg(data, MAX_PIXELS)) is not None:
        return plain
    with open_picture(data, name) as picture:
        width, height = picture.size
        # Pillow gives a TIFF's size upright already, and would decode a whole PNG to look behind the pixels.
        unmarked = picture.format == "PNG" and not any(mark in data for mark in _PNG_MARKS)
        turned = picture.format != "TIFF" and not unmarked and _orientation(picture) >= 5
    return (width, height) if turned else (height, width)


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Pixels (H, W, 3) as stored → as seen, for an EXIF orientation of 1 to 8 (TIFF 6.0, tag 274)."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(pixels[::rows, ::columns])


_PNG_MARKS = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")


def _orientation(picture: Image) -> int:
    try:
        value = int(picture.getexif().get(0x0112, 1))
    except Exception:  # a broken EXIF block says nothing of orientation, and is no reason to lose the picture
        return 1
    return value if 1 <= value <= 8 else 1


def _colours(picture: Image, name: str) -> Pixels:
    """uint8 RGB of a loaded image, as stored."""
    import PIL.Image

    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return np.repeat(_grey(picture, name)[:, :, None], 3, axis=2)
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        white = PIL.Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        white.alpha_composite(rgba)
        picture = white
    return np.array(picture.convert("RGB"))


def _grey(picture: Image, name: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Grey of more than 8 bits to 8, uint8 (H, W)."""
    values, white = np.asarray(picture), None
    if picture.format == "PPM" and picture.mode == "I":
        values = values.astype(np.uint16)  # Pillow has scaled it to 0 … 65535
    if picture.format == "TIFF":
        tags: Any = getattr(picture, "tag_v2", {})
        white = 4095 if tags.get(tiff.BITS) == (12,) else None
        if tags.get(tiff.PHOTOMETRIC) == tiff.WHITE_IS_ZERO and values.dtype == np.uint16:
            values = (white or 65535) - values  # Pillow turns only 8 bits round
    return eight_bits(values, name, white)


_PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")


def _not_a_picture(data: bytes) -> str:
    if data.startswith(_PICTURE_STARTS):
        return "begins like a picture, but is cut short or damaged"
    head = data[:256]
    text = head.decode("utf-8", "ignore")
    whole = len(head) - len(text.encode()) < 4  # the last character may be cut in two
    words = text.strip("\ufeff \t\r\n")
    if words.startswith("<"):
        return "is a web page or XML, not a picture"
    if whole and "".join(words.split()).isprintable():
        return "is a text file, not a picture"
    return "is not a picture in any format known here"


def _hush() -> None:
    """Keep Pillow's warnings (an earlier size limit, corrupt EXIF) from the user: our checks speak for them.

    A lasting filter, set once: `warnings.catch_warnings` is not safe in the threads that decode pictures.
    """
    if _SILENCE not in warnings.filters:
        warnings.filterwarnings("ignore", module=_SILENCE[3].pattern)


_SILENCE: tuple[Any, ...] = ("ignore", None, Warning, re.compile(r"PIL\."), 0)
