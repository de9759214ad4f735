"""Every odd kind of picture file: read by the rules of `clearsight.core.image`, or refused with a reason."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.core.errors import BadImage
from clearsight.core.image import MAX_PIXELS, decode, is_picture, size_of, upright

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (5, 8, 3), dtype=np.uint8)
CORNERS = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[9, 9, 9], [99, 99, 99], [255, 255, 0]]], np.uint8)


def encoded(image: PIL.Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture(values: Any, mode: str | None = None) -> PIL.Image.Image:
    image = PIL.Image.fromarray(np.asarray(values))
    return image.convert(mode) if mode else image


def reason(data: bytes) -> str:
    with pytest.raises(BadImage) as caught:
        decode(data, "x.jpg")
    assert str(caught.value) == f"x.jpg: {caught.value.reason}"
    return caught.value.reason


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "TGA"])
def test_lossless_formats_give_their_pixels(kind: str) -> None:
    data = encoded(picture(NOISE), kind)
    pixels = decode(data, "x")
    assert pixels.dtype == np.uint8 and pixels.flags.writeable and pixels.flags.c_contiguous
    np.testing.assert_array_equal(pixels, NOISE)
    assert size_of(data, "x") == (5, 8)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}])
def test_jpeg_equals_pillow(options: dict[str, Any]) -> None:
    smooth = np.linspace(0, 255, 40 * 30 * 3).reshape(40, 30, 3).astype(np.uint8)
    data = encoded(picture(smooth), "JPEG", **options)
    np.testing.assert_array_equal(decode(data, "x"), np.asarray(PIL.Image.open(io.BytesIO(data))))


def test_grey_and_bilevel_become_rgb() -> None:
    grey = decode(encoded(picture(NOISE[..., 0]), "PNG"), "x")
    np.testing.assert_array_equal(grey, np.repeat(NOISE[..., :1], 3, axis=2))
    bilevel = decode(encoded(picture(np.array([[True, False]])), "PNG"), "x")
    np.testing.assert_array_equal(bilevel, [[[255, 255, 255], [0, 0, 0]]])


def test_cmyk_jpeg_becomes_rgb() -> None:
    cmyk = PIL.Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # no cyan, all magenta and yellow: red
    pixels = decode(encoded(cmyk, "JPEG", quality=100), "x")
    assert pixels.shape == (16, 16, 3)
    assert np.abs(pixels.astype(int) - [255, 0, 0]).max() <= 3


# 16 bits: 257 is 0x0101, so v * 257 is the 16-bit word for the 8-bit v.
DEEP = np.array([[0, 257, 128], [129, 65535, 25700]], np.uint16)
SHALLOW = np.array([[0, 1, 0], [1, 255, 100]], np.uint8)  # 128 / 257 rounds down, 129 / 257 up


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_grey_is_scaled_by_its_range(kind: str) -> None:
    pixels = decode(encoded(picture(DEEP), kind), "x")
    np.testing.assert_array_equal(pixels, np.repeat(SHALLOW[..., None], 3, axis=2))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_a_dark_sixteen_bit_picture_stays_dark(kind: str) -> None:
    pixels = decode(encoded(picture(np.full((2, 2), 200, np.uint16)), kind), "x")
    assert (pixels == 1).all()


def test_big_endian_sixteen_bit_tiff() -> None:
    image = PIL.Image.frombytes("I;16B", (3, 2), DEEP.astype(">u2").tobytes())
    np.testing.assert_array_equal(decode(encoded(image, "TIFF"), "x")[..., 0], SHALLOW)


def test_sixteen_bit_colour_png() -> None:
    words = (NOISE.astype(">u2") * 257).tobytes()
    rows = b"".join(b"\0" + words[i : i + 48] for i in range(0, len(words), 48))
    data = png((8, 5), rows, depth=16, colour=2)
    np.testing.assert_array_equal(decode(data, "x"), NOISE)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),  # up to 1: a share of full white
        (np.array([[0.0, 100.4, 255.0]], np.float32), [0, 100, 255]),
        (np.array([[0, 100, 255]], np.int32), [0, 100, 255]),
        (np.array([[0, 257, 65535]], np.int32), [0, 1, 255]),
    ],
)
def test_float_and_int32_tiff(values: np.ndarray[Any, Any], expected: list[int]) -> None:
    np.testing.assert_array_equal(decode(encoded(picture(values), "TIFF"), "x")[0, :, 0], expected)


@pytest.mark.parametrize("values", [[[-1.0, 2.0]], [[np.nan, 1.0]], [[0.0, 1e9]]])
def test_floats_without_a_clear_range_are_refused(values: list[list[float]]) -> None:
    assert "8 or 16 bits" in reason(encoded(picture(np.array(values, np.float32)), "TIFF"))


def test_palette_with_and_without_transparency() -> None:
    palette = PIL.Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 200, 100, 0])
    palette.putpixel((1, 0), 1)
    opaque = decode(encoded(palette, "PNG"), "x")
    np.testing.assert_array_equal(opaque, [[[10, 20, 30], [200, 100, 0]]])
    for kind in ("PNG", "GIF"):
        seen = decode(encoded(palette, kind, transparency=0), "x")
        np.testing.assert_array_equal(seen, [[[255, 255, 255], [200, 100, 0]]])


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_laid_over_white(kind: str) -> None:
    rgba = np.array([[[0, 0, 0, 255], [0, 0, 0, 0], [0, 0, 0, 51]]], np.uint8)
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = decode(encoded(picture(rgba), kind, **options), "x")
    np.testing.assert_array_equal(pixels, [[[0] * 3, [255] * 3, [204] * 3]])  # 0·0.2 + 255·0.8


def test_grey_with_alpha_is_laid_over_white() -> None:
    la = PIL.Image.merge("LA", [picture(np.array([[10, 10]], np.uint8)), picture(np.array([[255, 0]], np.uint8))])
    np.testing.assert_array_equal(decode(encoded(la, "PNG"), "x"), [[[10] * 3, [255] * 3]])


def test_the_transparent_colour_of_an_rgb_png() -> None:
    pixels = decode(encoded(picture(CORNERS), "PNG", transparency=(255, 0, 0)), "x")
    expected = CORNERS.copy()
    expected[0, 0] = 255
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})])
def test_of_several_pictures_the_first_is_taken(kind: str, options: dict[str, Any]) -> None:
    frames = [PIL.Image.new("RGB", (4, 3), colour) for colour in ("red", "green", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    np.testing.assert_array_equal(decode(data, "x"), np.full((3, 4, 3), [255, 0, 0], np.uint8))


# Where the file's top left corner is seen, orientation by orientation (TIFF 6.0, tag 274).
CORNER_SEEN_AT = {
    1: (0, 0),
    2: (0, -1),
    3: (-1, -1),
    4: (-1, 0),
    5: (0, 0),
    6: (0, -1),
    7: (-1, -1),
    8: (-1, 0),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {"lossless": True}),
        ("JPEG", {"quality": 100, "subsampling": 0}),
    ],
)
def test_exif_orientation(kind: str, options: dict[str, Any], orientation: int) -> None:
    stored = np.repeat(np.repeat(CORNERS, 8, axis=0), 8, axis=1)
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    turn = {"tiffinfo": {0x0112: orientation}} if kind == "TIFF" else {"exif": exif.tobytes()}
    data = encoded(picture(stored), kind, **options, **turn)
    pixels = decode(data, "x")
    assert pixels.shape == ((16, 24, 3) if orientation < 5 else (24, 16, 3))
    assert size_of(data, "x") == pixels.shape[:2]
    red = pixels[CORNER_SEEN_AT[orientation]].astype(int)
    assert np.abs(red - [255, 0, 0]).max() <= 6
    reference = np.asarray(PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(data))).convert("RGB"))
    np.testing.assert_array_equal(pixels, reference)


def test_orientation_in_a_png_behind_its_pixels() -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    plain = encoded(picture(CORNERS), "PNG")
    end = plain.index(b"IEND") - 4
    data = plain[:end] + chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")) + plain[end:]
    assert size_of(data, "x") == (3, 2)
    np.testing.assert_array_equal(decode(data, "x"), np.rot90(CORNERS, -1))


@given(orientation=st.integers(1, 8), height=st.integers(1, 6), width=st.integers(1, 6), seed=st.integers(0, 99))
@settings(max_examples=60)
def test_upright_equals_pillow(orientation: int, height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = picture(pixels)
    image.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(upright(pixels, orientation), np.asarray(PIL.ImageOps.exif_transpose(image)))


@pytest.mark.parametrize(
    "block", [b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\0\x63\x01\x12"]
)
def test_corrupt_exif_loses_no_picture(block: bytes) -> None:
    data = encoded(PIL.Image.new("RGB", (9, 7), "red"), "JPEG", exif=block)
    assert decode(data, "x").shape == (7, 9, 3)
    assert size_of(data, "x") == (7, 9)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_none(orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    data = encoded(picture(NOISE), "PNG", exif=exif.tobytes())
    np.testing.assert_array_equal(decode(data, "x"), NOISE)
    assert size_of(data, "x") == (5, 8)


@pytest.mark.parametrize("shape", [(1, 1), (20, 30_000), (30_000, 1)])
def test_extreme_shapes(shape: tuple[int, int]) -> None:
    data = encoded(PIL.Image.new("RGB", shape[::-1], (1, 2, 3)), "PNG")
    pixels = decode(data, "x")
    assert pixels.shape == (*shape, 3) and size_of(data, "x") == shape
    assert (pixels == [1, 2, 3]).all()


def test_empty_file() -> None:
    assert reason(b"") == "the file is empty"


@pytest.mark.parametrize(
    "text", [b"one line", b"image,label\na.jpg,cat\n", "für Käthe\n".encode() * 40, "\ufeffBOM".encode()]
)
def test_text_under_a_picture_s_name(text: bytes) -> None:
    assert reason(text) == "is a text file, not a picture"


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><html>404</html>", b"\n\n <html>", b"\xef\xbb\xbf<svg/>", b"<p>\xe9</p>"]
)
def test_a_web_page_under_a_picture_s_name(page: bytes) -> None:
    assert reason(page) == "is a web page or XML, not a picture"


def test_other_bytes_are_no_picture() -> None:
    assert reason(bytes(range(128, 256)) * 4) == "is not a picture in any format known here"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_truncated(kind: str, kept: float) -> None:
    data = encoded(picture(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)), kind)
    assert any(word in reason(data[: int(len(data) * kept)]) for word in ("truncated", "cut short", "damaged"))


def test_cut_within_the_header() -> None:
    data = encoded(picture(NOISE), "JPEG")
    assert reason(data[:20]) == "begins like a picture, but is cut short or damaged"


def test_flipped_bytes_within_a_png() -> None:
    data = bytearray(encoded(picture(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)), "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert "damaged" in reason(bytes(data)) or "cannot be decoded" in reason(bytes(data))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(size: tuple[int, int], rows: bytes, depth: int = 8, colour: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("limit", ["Pillow's", "none of Pillow's"])
def test_decompression_bomb_is_refused(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if limit == "none of Pillow's":
        monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", None)
    data = png((60_000, 60_000), b"\0" * 100)
    assert "decompression bomb" in reason(data)
    with pytest.raises(BadImage, match="decompression bomb"):
        size_of(data, "x")


def test_a_large_picture_is_no_bomb_and_no_warning() -> None:
    side = 10_000  # above the size at which Pillow warns
    assert side * side < MAX_PIXELS
    assert size_of(png((side, side), b""), "x") == (side, side)


def test_a_bomb_within_an_icon_is_refused() -> None:
    inner = png((60_000, 60_000), b"\0" * 100)
    data = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(inner), 22) + inner
    assert "decompression bomb" in reason(data)


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"BM"]),
)
@settings(max_examples=150)
def test_any_bytes_are_a_picture_or_a_bad_image(body: bytes, start: bytes) -> None:
    try:
        pixels = decode(start + body, "x")
    except BadImage as error:
        assert error.reason
    else:
        assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3


def test_threads_leave_the_warning_filters_alone() -> None:
    """Pillow's warnings are silenced without touching anyone else's, whatever threads decode at the time."""
    bad_exif = encoded(PIL.Image.new("RGB", (9, 7)), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x63\x01\x12")
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(30):
                decode(bad_exif, "x")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with pytest.raises(UserWarning):
        warnings.warn("still heard", stacklevel=1)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("a.jpg", True),
        ("B/C.JPEG", True),
        ("x.tiff", True),
        ("._x.jpg", False),
        (".x.png", False),
        ("notes.txt", False),
        ("jpg", False),
    ],
)
def test_is_picture(name: str, answer: bool) -> None:
    assert is_picture(name) is answer
