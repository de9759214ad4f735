"""TIFF files of many depths and channels against what tifffile wrote, and the rules of `core.depth` and `core.tiff`."""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import PIL.Image
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from clearsight.core.depth import eight_bits
from clearsight.core.errors import BadImage
from clearsight.core.image import decode, size_of
from clearsight.core.tiff import layout, read_rare
from clearsight.data.decode import decode_fast

RNG = np.random.default_rng(0)
WORDS = RNG.integers(0, 65536, (5, 7, 13), dtype=np.uint16)
BYTES = RNG.integers(0, 256, (5, 7, 6), dtype=np.uint8)
FLOATS = RNG.random((5, 7, 3), dtype=np.float32)


def tiff(values: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def grey(values: Any) -> Any:
    return np.repeat(np.asarray(values)[:, :, None], 3, axis=2)


def reason(data: bytes) -> str:
    with pytest.raises(BadImage) as caught:
        decode(data, "x.tif")
    return caught.value.reason


def by_range(values: Any) -> Any:
    return np.round(values / 257).astype(np.uint8)


def high(values: Any) -> Any:
    return (values >> 8).astype(np.uint8)


SHARES = np.round(FLOATS * 255.0).astype(np.uint8)
READ = {
    "grey of 16 bits": (WORDS[..., 0], {}, grey(by_range(WORDS[..., 0]))),
    "grey of 16 bits, white is 0": (
        WORDS[..., 0],
        {"photometric": "miniswhite"},
        grey(by_range(65535 - WORDS[..., 0])),
    ),
    "grey of 8 bits, white is 0": (BYTES[..., 0], {"photometric": "miniswhite"}, grey(255 - BYTES[..., 0])),
    "grey of 32 bits": (WORDS[..., 0].astype(np.uint32), {}, grey(by_range(WORDS[..., 0]))),
    "float": (FLOATS[..., 0], {}, grey(SHARES[..., 0])),
    "double": (FLOATS[..., 0].astype(np.float64), {}, grey(SHARES[..., 0])),
    "colour": (BYTES[..., :3], {"photometric": "rgb"}, BYTES[..., :3]),
    "colour in BigTIFF": (BYTES[..., :3], {"photometric": "rgb", "bigtiff": True}, BYTES[..., :3]),
    "colour in planes": (
        np.moveaxis(BYTES[..., :3], 2, 0),
        {"photometric": "rgb", "planarconfig": "separate"},
        BYTES[..., :3],
    ),
    "colour of 16 bits": (WORDS[..., :3], {"photometric": "rgb"}, high(WORDS[..., :3])),
    "colour of 16 bits, big-endian": (WORDS[..., :3], {"photometric": "rgb", "byteorder": ">"}, high(WORDS[..., :3])),
    "colour of 16 bits in planes": (
        np.moveaxis(WORDS[..., :3], 2, 0),
        {"photometric": "rgb", "planarconfig": "separate"},
        by_range(WORDS[..., :3]),
    ),
    "colour of floats": (FLOATS, {"photometric": "rgb"}, SHARES),
    "colour and infrared": (
        BYTES[..., :4],
        {"photometric": "rgb", "extrasamples": ["unspecified"]},
        BYTES[..., :3],
    ),
    "colour and three more": (BYTES, {"photometric": "rgb", "planarconfig": "contig"}, BYTES[..., :3]),
    "three channels without a name": (
        BYTES[..., :3],
        {"photometric": "minisblack", "planarconfig": "contig"},
        BYTES[..., :3],
    ),
    "three planes of 16 bits without a name": (
        np.moveaxis(WORDS[..., :3], 2, 0),
        {"photometric": "minisblack", "planarconfig": "separate"},
        by_range(WORDS[..., :3]),
    ),
    "several pages": (WORDS.transpose(2, 0, 1), {"photometric": "minisblack"}, grey(by_range(WORDS[..., 0]))),
}


@pytest.mark.parametrize("kind", READ)
def test_what_can_be_a_picture_is_one(kind: str) -> None:
    values, options, expected = READ[kind]
    data = tiff(values, **options)
    np.testing.assert_array_equal(decode(data, "x"), expected)
    np.testing.assert_array_equal(decode_fast(data, "x"), expected)
    assert size_of(data, "x") == (5, 7)


@pytest.mark.parametrize("count", [2, 4, 5, 13])
@pytest.mark.parametrize("style", ["contig", "separate"])
def test_channels_without_a_name_are_the_users_choice(count: int, style: str) -> None:
    values = WORDS[..., :count] if style == "contig" else np.moveaxis(WORDS[..., :count], 2, 0)
    data = tiff(values, photometric="minisblack", planarconfig=style)
    assert reason(data).startswith(f"has {count} channels and does not say which of them make the picture")
    with pytest.raises(BadImage):
        size_of(data, "x")


def test_grey_with_transparency_lies_on_white() -> None:
    values = np.array([[[10, 255], [10, 0]]], np.uint8)
    data = tiff(values, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(decode(data, "x"), [[[10] * 3, [255] * 3]])


@pytest.mark.parametrize("values", [np.full((2, 2), -1, np.int8), np.full((2, 2), 2**31, np.uint32)])
def test_values_without_a_rule_are_refused(values: Any) -> None:
    assert "save it as 8 or 16 bits" in reason(tiff(values))


def test_twelve_bits_that_the_file_tells_of_are_scaled_by_their_range() -> None:
    """Two values of 12 bits in three bytes, the layout of TIFF 6.0 for BitsPerSample 12."""
    data = bytearray(tiff(np.zeros((1, 3), np.uint8), photometric="minisblack"))
    found = tifffile.TiffFile(io.BytesIO(data)).pages[0]
    for tag, value in (("BitsPerSample", 12), ("ImageWidth", 2)):
        place = found.tags[tag].valueoffset
        data[place : place + 2] = value.to_bytes(2, "little")
    strip = found.dataoffsets[0]
    data[strip : strip + 3] = bytes([0xFF, 0xF8, 0x00])  # 4095 and 2048
    np.testing.assert_array_equal(decode(bytes(data), "x")[0, :, 0], [255, 128])


def test_orientation_of_a_rare_layout() -> None:
    data = tiff(FLOATS, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    np.testing.assert_array_equal(decode(data, "x"), np.rot90(SHARES, -1))
    assert size_of(data, "x") == (7, 5)


def test_a_missing_tifffile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tifffile", None)
    assert reason(tiff(FLOATS, photometric="rgb")).endswith("pip install 'clearsight[tiff]'")
    assert decode(tiff(BYTES[..., :3], photometric="rgb"), "x").shape == (5, 7, 3)


def test_a_bomb_of_a_rare_layout_is_refused() -> None:
    data = bytearray(tiff(FLOATS, photometric="rgb"))
    tags = tifffile.TiffFile(io.BytesIO(data)).pages[0].tags
    for name in ("ImageWidth", "ImageLength"):
        place = tags[name].valueoffset
        data[place : place + 2] = (60_000).to_bytes(2, "little")
    assert "decompression bomb" in reason(bytes(data))


@given(kept=st.integers(0, 400), flipped=st.integers(0, 400))
@settings(max_examples=60)
def test_a_broken_tiff_is_a_picture_or_a_bad_image(kept: int, flipped: int) -> None:
    data = bytearray(tiff(FLOATS, photometric="rgb")[: kept + 8])
    data[flipped % len(data)] ^= 0xFF
    try:
        assert decode(bytes(data), "x").dtype == np.uint8
    except BadImage as bad:
        assert bad.reason


def test_a_layout_is_read_from_tiffs_alone() -> None:
    buffer = io.BytesIO()
    PIL.Image.new("L", (2, 2)).save(buffer, "PNG")
    assert layout(buffer.getvalue()) is None and layout(b"II*\0") is None


@given(arrays.arrays(np.uint16, (4, 4)))
def test_sixteen_bits_are_rounded_to_the_nearest_of_eight(values: Any) -> None:
    pixels = eight_bits(values, "x")
    assert np.abs(pixels * 257.0 - values).max() <= 128.5


def test_complex_values_have_no_rule() -> None:
    with pytest.raises(BadImage, match="its values are complex128"):
        eight_bits(np.zeros((2, 2), complex), "x")


def test_values_beyond_what_a_picture_may_take_are_refused_before_they_are_decoded() -> None:
    many = np.zeros((60, 20, 20), np.uint16)
    data = tiff(many, photometric="rgb", planarconfig="separate", compression="zlib")
    found = layout(data)
    assert found is not None and len(data) < many.nbytes / 4
    with pytest.raises(BadImage) as caught:
        read_rare(found, data, "x.tif", 2000)
    what = "60 channels of 16 bits a pixel take 48,000 bytes, more than 6,000"
    assert caught.value.reason == f"{what}, refused as a decompression bomb"
    assert read_rare(found, data, "x.tif", 16_000).size == (20, 20)
