"""HEIC by pillow-heif and AVIF by Pillow, or a sentence that says what to install."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import numpy as np
import PIL.Image
import pytest

from clearsight.core import heif
from clearsight.core.errors import BadImage
from clearsight.core.image import decode, is_picture, size_of
from clearsight.data.decode import decode_fast

QUARTERS = np.zeros((48, 64, 3), np.uint8)  # red, green over blue, white
QUARTERS[:24, :32, 0] = QUARTERS[:24, 32:, 1] = QUARTERS[24:, :32, 2] = 255
QUARTERS[24:, 32:] = 255


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    heif._register.cache_clear()
    yield
    heif._register.cache_clear()


def encoded(kind: str, orientation: int = 1) -> bytes:
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    buffer = io.BytesIO()
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    PIL.Image.fromarray(QUARTERS).save(buffer, kind, quality=95, exif=exif.tobytes())
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_pixels_are_upright(kind: str, orientation: int) -> None:
    data = encoded(kind, orientation)
    expected = np.rot90(QUARTERS, {1: 0, 3: 2, 6: -1}[orientation]).astype(int)
    pixels = decode(data, "x")
    assert pixels.shape == expected.shape and size_of(data, "x") == expected.shape[:2]
    assert np.abs(pixels[4:-4:8, 4:-4:8] - expected[4:-4:8, 4:-4:8]).max() <= 12
    np.testing.assert_array_equal(decode_fast(data, "x"), pixels)


def test_a_missing_pillow_heif_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded("HEIF")
    heif._register.cache_clear()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(BadImage, match=r"is a HEIC picture, and this needs pillow-heif.*clearsight\[heic\]"):
        decode(data, "x.heic")


def test_a_pillow_without_avif_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded("AVIF")
    monkeypatch.setattr("PIL.features.check", lambda feature: False)
    with pytest.raises(BadImage, match="AVIF picture, which this Pillow cannot read"):
        decode(data, "x.avif")


def test_a_heic_cut_short() -> None:
    data = encoded("HEIF")
    for kept in (len(data) // 3, len(data) * 9 // 10):
        with pytest.raises(BadImage):
            decode(data[:kept], "x.heic")


def test_endings() -> None:
    assert is_picture("IMG_1.HEIC") and is_picture("a.heif") and is_picture("a.avif")
