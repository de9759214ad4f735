"""One number for a whole set, and one for a sample."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laying import lay, picture
from masking import PIXELS, indexed

from clearsight.core.sample import ArrayImage, Boxes, Sample
from clearsight.data.open import open_data
from clearsight.data.scan import content, fingerprint

pairs = st.dictionaries(st.text(max_size=5), st.text("0123456789abcdef", max_size=4), max_size=5)


@given(pairs, pairs)
def test_fingerprints_are_equal_only_for_equal_sets(one: dict[str, str], other: dict[str, str]) -> None:
    backwards = dict(reversed(one.items()))
    assert fingerprint(one) == fingerprint(backwards)
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


def test_a_fingerprint_stays_what_it_is() -> None:
    """Manifests hold it: another value would make every old run look as if its data had changed."""
    import hashlib

    wanted = hashlib.sha256(b'["a", "00"]["\\u00e9", "01"]').hexdigest()
    assert fingerprint({"é": "01", "a": "00"}) == wanted


BOXES = Boxes(np.array([[1, 2, 3, 4]], np.float32), ("cat",), np.array([False]), np.array([False]))
SAMPLE = Sample("a.png", ArrayImage(np.zeros((4, 4, 3), np.uint8), "a.png"), ("cat",), BOXES)


@pytest.mark.parametrize(
    "other",
    [
        {"labels": ("dog",)},
        {"labels": None},
        {"boxes": None},
        {"boxes": replace(BOXES, xyxy=BOXES.xyxy + np.float32(0.5))},
        {"boxes": replace(BOXES, labels=("dog",))},
        {"boxes": replace(BOXES, crowd=np.array([True]))},
        {"boxes": replace(BOXES, difficult=np.array([True]))},
        {"boxes": replace(BOXES, area=np.array([3.0]))},
        {"caption": "a cat"},
        {"extra": {"camera": "left"}},
        {"values": {"age": 3.0}},
    ],
)
def test_other_annotations_are_another_sample(other: dict[str, Any]) -> None:
    assert content(SAMPLE, "p") == content(replace(SAMPLE), "p") != content(replace(SAMPLE, **other), "p")
    assert content(SAMPLE, "p") != content(SAMPLE, "q")


def test_where_files_lie_is_no_part_of_a_sample(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"classes.txt": "sky\nroad\ncar\nship\n"}
    for number in range(3):
        files |= {f"images/{number}.png": picture(number), f"masks/{number}.png": indexed(PIXELS)}

    def contents(folder: Path) -> list[str]:
        samples = open_data(folder).samples("train")
        assert all(sample.masks is not None and sample.masks.files() for sample in samples)
        return [content(sample, sample.image.digest()) for sample in samples]

    first = contents(lay(tmp_path / "one", files))
    shutil.copytree(tmp_path / "one", tmp_path / "elsewhere")
    assert contents(tmp_path / "elsewhere") == first
    (tmp_path / "elsewhere/classes.txt").write_text("sky\nroad\ntruck\nship\n")
    assert contents(tmp_path / "elsewhere") != first
