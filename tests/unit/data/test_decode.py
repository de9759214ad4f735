"""The fast decoder against Pillow's: the same pixels or the same refusal, whatever the file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.core.errors import BadImage
from clearsight.core.image import decode
from clearsight.core.jpeg import plain_jpeg
from clearsight.core.sample import ArrayImage, FileImage
from clearsight.data import decode as module
from clearsight.data.decode import decode_fast, load_fast

PHOTOS = Path(__file__).parents[4] / "shared" / "data"


def photo(height: int, width: int, mode: str = "RGB") -> PIL.Image.Image:
    """Smooth shapes with some noise: what a camera gives."""
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(0).normal(0, 8, (height, width, 3))
    waves = np.stack([np.sin(x / 9) + np.cos(y / 7), np.sin((x + y) / 13), np.cos(x / 5 - y / 11)], 2)
    return PIL.Image.fromarray((waves * 60 + 128 + noise).clip(0, 255).astype(np.uint8)).convert(mode)


def encoded(picture: PIL.Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def outcome(decoder, data: bytes) -> object:
    try:
        return decoder(data, "a.jpg").tolist()
    except BadImage as bad:
        return bad.reason


@pytest.mark.parametrize("size", [(1, 1), (7, 333), (333, 5), (90, 121)])
@pytest.mark.parametrize(
    "options",
    [{}, {"quality": 30}, {"subsampling": 0}, {"subsampling": 1}, {"progressive": True}, {"keep_rgb": True}],
    ids=str,
)
def test_a_jpeg_decodes_to_pillows_pixels(size, options):
    for mode in ("RGB", "L"):
        data = encoded(photo(*size, mode), "JPEG", **options)
        assert np.array_equal(decode_fast(data, "a"), np.asarray(PIL.Image.open(io.BytesIO(data)).convert("RGB")))


@pytest.mark.parametrize("orientation", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_exif_orientation_is_applied(orientation):
    exif = PIL.Image.Exif()
    exif[module.ORIENTATION] = orientation
    data = encoded(photo(20, 33), "JPEG", exif=exif)
    pixels = decode_fast(data, "a")
    assert pixels.shape == ((33, 20, 3) if orientation in (5, 6, 7, 8) else (20, 33, 3))
    assert np.array_equal(pixels, decode(data, "a"))


def test_odd_files_decode_as_pillow_does():
    picture = photo(40, 50)
    alpha = picture.copy()
    alpha.putalpha(photo(40, 50, "L"))
    odd = {
        "CMYK": encoded(picture.convert("CMYK"), "JPEG"),
        "PNG": encoded(picture, "PNG"),
        "alpha": encoded(alpha, "PNG"),
        "palette": encoded(picture.quantize(16), "PNG"),
        "16 bit": encoded(PIL.Image.fromarray(np.arange(2000, dtype=np.uint16).reshape(40, 50) * 30), "PNG"),
        "WebP": encoded(picture, "WEBP"),
        "animation": encoded(picture, "GIF", save_all=True, append_images=[picture.rotate(90)]),
        "two pictures": encoded(picture, "MPO", save_all=True, append_images=[picture.rotate(90)]),
        "pages": encoded(picture, "TIFF", save_all=True, append_images=[picture.rotate(90)]),
        "broken EXIF": encoded(picture, "JPEG", exif=b"Exif\0\0no such thing"),
        "bytes after the end": encoded(picture, "JPEG") + b"more",
    }
    for kind, data in odd.items():
        assert np.array_equal(decode_fast(data, kind), decode(data, kind)), kind


def test_orientation_in_xmp_is_applied_as_pillow_does():
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    data = encoded(photo(20, 33), "JPEG", xmp=xmp)
    assert np.array_equal(decode_fast(data, "a"), decode(data, "a"))


def test_without_torchvisions_decoder_pillow_does_it_all(monkeypatch):
    data = encoded(photo(20, 33), "JPEG")
    monkeypatch.setattr(module, "_decoder", lambda: None)
    assert np.array_equal(decode_fast(data, "a"), decode(data, "a"))


def test_a_jpeg_does_not_go_through_pillows_decoder(monkeypatch):
    exif = PIL.Image.Exif()
    exif[module.ORIENTATION] = 6
    monkeypatch.setattr(module, "to_rgb", lambda *_: pytest.fail("decoded by Pillow"))
    assert decode_fast(encoded(photo(30, 40), "JPEG"), "a").shape == (30, 40, 3)
    assert decode_fast(encoded(photo(30, 40), "JPEG", exif=exif), "a").shape == (40, 30, 3)


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_jpeg_ends_as_with_pillow(data):
    whole = encoded(photo(40, 50), "JPEG", progressive=data.draw(st.booleans()))
    if data.draw(st.booleans()):
        damaged = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        place = data.draw(st.integers(0, len(whole) - 1))
        damaged = whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :]
    assert outcome(decode_fast, damaged) == outcome(decode, damaged)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_damaged_header_ends_as_with_pillow(progressive):
    whole = encoded(photo(9, 11), "JPEG", progressive=progressive, comment=b"words")
    assert plain_jpeg(whole, 99) == (9, 11)
    for place in range(whole.index(b"\xff\xda") + 14):
        for value in (0xFF, whole[place] ^ 1):
            damaged = whole[:place] + bytes([value]) + whole[place + 1 :]
            assert outcome(decode_fast, damaged) == outcome(decode, damaged), (place, value)


def test_only_ordinary_jpegs_are_plain():
    picture, exif = photo(9, 11), PIL.Image.Exif()
    exif[module.ORIENTATION] = 1
    assert plain_jpeg(encoded(picture, "JPEG"), 99) == plain_jpeg(encoded(picture.convert("L"), "JPEG"), 99) == (9, 11)
    odd = [encoded(picture, "JPEG", exif=exif), encoded(picture.convert("CMYK"), "JPEG"), encoded(picture, "PNG")]
    bomb = encoded(picture, "JPEG").replace(b"\x00\x09\x00\x0b\x03", b"\xff\xff\xff\xff\x03")
    for data in [*odd, bomb, b"", b"\xff\xd8", b"\xff\xd8\xff\xda\0\2", encoded(picture, "JPEG")[:100]]:
        assert plain_jpeg(data, 99) is None
    with pytest.raises(BadImage, match="decompression bomb"):
        decode_fast(bomb, "bomb.jpg")


def test_a_truncated_jpeg_is_refused(tmp_path):
    data = encoded(photo(40, 50), "JPEG")
    path = tmp_path / "cut.jpg"
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(BadImage, match=r"cut\.jpg: the file is cut short \(truncated\)"):
        load_fast(FileImage(path))


def test_text_is_refused_and_arrays_pass():
    with pytest.raises(BadImage, match="is a text file"):
        decode_fast(b"dear picture", "note.jpg")
    pixels = np.asarray(photo(5, 6))
    assert load_fast(ArrayImage(pixels)) is pixels


@pytest.mark.data
def test_real_photographs_decode_to_pillows_pixels():
    import zipfile

    path = PHOTOS / "ants_bees.zip"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))[::10]
        assert len(names) > 30
        for name in names:
            data = archive.read(name)
            assert np.array_equal(decode_fast(data, name), decode(data, name)), name
