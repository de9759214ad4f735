"""The file of a picture: its bytes unchanged where it has some, else its pixels as PNG."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import PIL.Image

from clearsight.core.files import ending
from clearsight.core.image import EXTENSIONS, open_picture, size_of
from clearsight.core.sample import Sample

_ENDINGS = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "GIF": ".gif", "TIFF": ".tif"}


@dataclass(frozen=True)
class Encoded:
    """A picture as the bytes of a file."""

    data: bytes
    ending: str  # ".jpg"
    size: tuple[int, int]  # (height, width), upright

    @property
    def digest(self) -> str:
        """A hash of the bytes."""
        return digest(self.data)


def encode(sample: Sample) -> Encoded:
    """The picture of a sample. Raises `BadImage` where it cannot be read; of files only the header is looked at."""
    data, name = sample.image.encoded(), sample.image.name
    if data is not None:
        size = size_of(data, name)
        known = next((kind for kind in (ending(sample.key), ending(name)) if kind in EXTENSIONS), None)
        if kind := known or _kind(data, name):
            return Encoded(data, kind, size)
    pixels = sample.image.load()
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, "PNG")
    return Encoded(buffer.getvalue(), ".png", (pixels.shape[0], pixels.shape[1]))


def digest(data: bytes) -> str:
    """A hash of a file's bytes."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _kind(data: bytes, name: str) -> str | None:
    with open_picture(data, name) as picture:
        return _ENDINGS.get(picture.format or "")
