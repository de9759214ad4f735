"""TIFF files that hold more than a photograph: many channels, floating point, layouts that Pillow does not read.

Which channels make the picture is what the file says: of a TIFF whose first channels are red, green and blue (its
PhotometricInterpretation), those are taken and further ones (near infrared …) are not; exactly three channels are taken
for red, green and blue. Two, four or more that are called nothing but grey are refused: the choice is the user's.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from clearsight.core.depth import eight_bits
from clearsight.core.errors import BadImage, missing_extra

if TYPE_CHECKING:
    from PIL.Image import Image

VALUES = 3
"""Bytes for each pixel allowed: what is decoded may be as large as the largest picture is in RGB of 8 bits."""

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are BigTIFF's

# Tags of TIFF 6.0.
BITS, PHOTOMETRIC, ORIENTATION, SAMPLES, PLANAR, EXTRA, FORMAT = 258, 262, 274, 277, 284, 338, 339
WHITE_IS_ZERO, BLACK_IS_ZERO = 0, 1
ALPHA = frozenset({1, 2})
SIGNED, IN_PLANES = 2, 2


@dataclass(frozen=True)
class Layout:
    """What the first page's tags say."""

    photometric: int
    channels: int
    alpha: bool  # whether the last of them is transparency
    bits: int
    signed: bool
    planes: bool  # whether channels lie one after another, not pixel by pixel

    @property
    def grey(self) -> bool:
        """Whether the channels are called nothing but grey."""
        return self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO)


def layout(data: bytes) -> Layout | None:
    """The layout of a TIFF's first page; None for anything else, and where it cannot be read."""
    if not data.startswith(STARTS):
        return None
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    try:
        tags = ImageFileDirectory_v2(data[: 16 if b"+" in data[2:4] else 8])
        file = io.BytesIO(data)
        file.seek(tags.next)
        tags.load(file)
        extra, bits = tuple(tags.get(EXTRA, ())), tuple(tags.get(BITS, (1,)))
        signed = SIGNED in tuple(tags.get(FORMAT, (1,)))
        channels, kind = int(tags.get(SAMPLES, 1)), int(tags.get(PHOTOMETRIC, BLACK_IS_ZERO))
        alpha, planes = bool(extra) and extra[-1] in ALPHA, tags.get(PLANAR) == IN_PLANES
        return Layout(kind, channels, alpha, int(max(bits)), signed, planes)
    except Exception:  # Pillow raises nearly anything on broken tags, and will say so when it opens the file
        return None


def open_tiff(found: Layout, data: bytes, name: str, limit: int) -> Image | None:
    """A picture that Pillow would not open or would open wrongly; None where it is Pillow's to open. Raises `BadImage`
    where it is not clear which channels make the picture, or where tifffile is needed and missing."""
    if found.grey and found.channels != 1:
        shown = found.channels - found.alpha
        if shown not in (1, 3):
            reason = f"has {shown} channels and does not say which of them make the picture"
            raise BadImage(name, f"{reason}: export one as grey, or three as RGB")
        if shown == 3:
            return read_rare(found, data, name, limit)
    if found.planes and found.channels > 1 and found.bits > 8:  # of which Pillow 13 makes noise
        return read_rare(found, data, name, limit)
    if found.signed and found.bits == 8:
        raise BadImage(name, "its values have a sign; save it as 8 or 16 bits without")
    return None


def read_rare(found: Layout, data: bytes, name: str, limit: int) -> Image:
    """The first page by tifffile, upright RGB of 8 bits. Raises `BadImage` where it is not installed or fails."""
    import PIL.Image

    from clearsight.core.image import upright

    try:
        import tifffile
    except ImportError:
        raise BadImage(name, f"is a TIFF that Pillow cannot read, and {missing_extra('tifffile', 'tiff')}") from None
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what matters of it is in our own sentence
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page: Any = file.pages[0]
            if page.imagewidth * page.imagelength * page.imagedepth > limit:
                size = f"{page.imagewidth} x {page.imagelength} pixels"
                raise BadImage(name, f"{size} are more than {limit:,}, refused as a decompression bomb")
            if (nbytes := page.size * page.dtype.itemsize) > VALUES * limit:
                what = f"{page.samplesperpixel} channels of {page.bitspersample} bits a pixel take {nbytes:,} bytes"
                raise BadImage(name, f"{what}, more than {VALUES * limit:,}, refused as a decompression bomb")
            values, axes, tag = np.asarray(page.asarray()), page.axes, page.tags.get(ORIENTATION)
    except BadImage:
        raise
    except Exception as error:  # on odd data tifffile and its codecs raise nearly anything
        raise BadImage(name, f"cannot be decoded ({error})") from error
    if axes not in ("YX", "YXS", "SYX") or values.ndim != len(axes):
        raise BadImage(name, f"its first page is {axes}, not a flat picture; export it as grey or RGB")
    if axes == "SYX":
        values = np.moveaxis(values, 0, -1)
    values = values[..., None] if values.ndim == 2 else values
    shown = 1 if values.shape[2] - found.alpha == 1 else 3
    if values.shape[2] < shown:
        raise BadImage(name, f"has {values.shape[2]} channels where its kind needs {shown}; export it as grey or RGB")
    pixels = np.broadcast_to(eight_bits(values[..., :shown], name), (*values.shape[:2], 3))
    turn = int(tag.value) if tag is not None and tag.value in range(1, 9) else 1
    return PIL.Image.fromarray(upright(pixels, turn))
