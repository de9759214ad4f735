"""Names of written pictures are unique and safe; their bytes are those of the source, with an ending that fits."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_sets import Bytes, encoded

from clearsight.core.errors import BadImage
from clearsight.core.image import decode
from clearsight.core.sample import ArrayImage, FileImage, Sample
from clearsight.data.writers.naming import LONGEST, Names
from clearsight.data.writers.pictures import encode
from clearsight.data.writers.putting import decimals, plain, text


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        (["cats/1.jpg", "dogs/1.jpg", "big/dogs/1.jpg", "dogs/1.png"], ["1", "dogs_1", "big_dogs_1", "dogs_1-2"]),
        (["a.JPG", "A.png", "b/a"], ["a", "A-2", "b_a"]),
        (["1.jpg", "1.jpg#2", "v1.2.jpg"], ["1", "1_jpg_2", "v1_2"]),
        (["a b/c&d?.png", "…", "", "../x", "größe/猫.png"], ["c_d_", "picture", "picture-2", "x", "猫"]),
    ],
)
def test_names(keys: list[str], wanted: list[str]) -> None:
    names = Names()
    assert [names.name(key, ".png") for key in keys] == [f"{name}.png" for name in wanted]


@given(
    st.lists(
        st.text(max_size=12) | st.sampled_from(["a/b.jpg", "A/B.png", "b.jpg", "b", "é.jpg", "e\u0301.jpg"]),
        max_size=12,
    )
)
def test_names_are_unique_whatever_keys_are(keys: list[str]) -> None:
    names = Names()
    made = [names.name(key, ".jpg") for key in keys]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in made}) == len(keys)
    assert all(re.fullmatch(r"[\w-]+\.jpg", name) for name in made)
    assert all(len(name.encode()) <= 255 for name in made)


def test_long_names_are_cut_between_characters() -> None:
    names = Names()
    one, two = names.name("猫" * 200, ".jpg"), names.name("猫" * 201, ".jpg")
    assert one == "猫" * (LONGEST // 3) + ".jpg"
    assert two == "猫" * (LONGEST // 3) + "-2.jpg"


@pytest.mark.parametrize(
    ("kind", "key", "ending"),
    [
        ("JPEG", "a.JPG", ".jpg"),
        ("PNG", "a", ".png"),
        ("WEBP", "0001", ".webp"),
        ("JPEG", "a/0", ".jpg"),
        ("TIFF", "x.tif", ".tif"),
    ],
)
def test_bytes_of_files_stay(kind: str, key: str, ending: str) -> None:
    data = encoded(kind, (12, 9))
    found = encode(Sample(key, Bytes(data)))
    assert (found.data, found.ending, found.size) == (data, ending, (9, 12))


def test_the_file_s_own_ending_counts_where_the_key_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.jpeg").write_bytes(encoded("JPEG", (5, 4)))
    assert encode(Sample("7", FileImage(tmp_path / "a.jpeg"))).ending == ".jpeg"


def test_pixels_become_png() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    found = encode(Sample("a.jpg", ArrayImage(pixels)))
    assert (found.ending, found.size) == (".png", (7, 5))
    assert (decode(found.data, "a") == pixels).all()


def test_files_of_a_kind_without_an_ending_become_png() -> None:
    found = encode(Sample("a", Bytes(encoded("PPM", (5, 4)))))
    assert (found.ending, found.data[:4]) == (".png", b"\x89PNG")


def test_what_is_no_picture_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match="the file is not there"):
        encode(Sample("a", FileImage(tmp_path / "a.jpg")))
    with pytest.raises(BadImage, match="the file is empty"):
        encode(Sample("a", Bytes(b"")))


@given(st.lists(st.floats(0, 1e6, width=32), min_size=4, max_size=4))
def test_decimals_are_short_and_exact(values: list[float]) -> None:
    (row,) = decimals(np.array([values], np.float32))
    for value, decimal in zip(np.array(values, np.float32), row, strict=True):
        assert np.float32(text(decimal)) == value
        assert np.float32(plain(decimal)) == value
        assert "e" not in text(decimal).lower()


def test_decimals_by_hand() -> None:
    (row,) = decimals(np.array([[0.1, 28.7, 40, 1e-7]], np.float32))
    assert [text(value) for value in row] == ["0.1", "28.7", "40", "0.0000001"]
    assert [plain(value) for value in row] == [0.1, 28.7, 40, 1e-7]
    assert isinstance(plain(row[2]), int)
