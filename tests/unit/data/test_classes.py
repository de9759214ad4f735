"""--classes: what stays, under which name, and what is counted as left out."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laying import lay, picture

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo, Location
from clearsight.core.sample import VOID, ArrayImage, Boxes, Masks, Sample
from clearsight.data.classes import choose_classes
from clearsight.data.open import Dataset, open_data
from clearsight.ops.rle import Runs, from_mask

COUNTS = {"bird_owl": 2, "bird_tit": 1, "cat": 3, "dog": 2, "junk": 4, "wolf": 1}


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Class folders with so many pictures each, and one dog to test on."""
    files: dict[str, bytes | str] = {
        f"train/{name}/{n}.png": picture(n) for name, k in COUNTS.items() for n in range(k)
    }
    return lay(tmp_path / "pets", {**files, "test/dog/9.png": picture(9)})


def found(data: Dataset) -> dict[str, int]:
    labels = [label for split in data.info.splits for s in data.samples(split) for label in s.labels or ()]
    return {label: labels.count(label) for label in data.info.labels}


@pytest.mark.parametrize(
    ("text", "counts", "left_out"),
    [
        ("cat,dog", {"cat": 3, "dog": 3}, ["bird_owl", "bird_tit", "junk", "wolf"]),
        ("-junk", {"bird_owl": 2, "bird_tit": 1, "cat": 3, "dog": 3, "wolf": 1}, ["junk"]),
        ("wolf=dog, -junk", {"bird_owl": 2, "bird_tit": 1, "cat": 3, "dog": 4}, ["junk"]),
        ("wolf=canine,dog=canine,cat", {"cat": 3, "canine": 4}, ["bird_owl", "bird_tit", "junk"]),
        ("bird_*=bird,-junk,-wolf", {"bird": 3, "cat": 3, "dog": 3}, ["junk", "wolf"]),
        ("-bird_*,-junk,-wolf", {"cat": 3, "dog": 3}, ["bird_owl", "bird_tit", "junk", "wolf"]),
        ("*=other,cat=cat", {"other": 11, "cat": 3}, []),
        ("cat=dog,dog=cat,-j*,-b*,-w*", {"dog": 3, "cat": 3}, ["bird_owl", "bird_tit", "junk", "wolf"]),
    ],
)
def test_items(pets: Path, text: str, counts: dict[str, int], left_out: list[str]) -> None:
    data = open_data(pets, classes=text)
    assert found(data) == counts and list(found(data)) == list(counts)
    assert sum(n or 0 for n in data.info.splits.values()) == sum(counts.values())
    assert [note.split()[1] for note in data.info.notes] == left_out
    if "junk" in left_out:
        assert "class junk left out: 4 pictures" in data.info.notes


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.yaml", "- wolf=dog\n- -junk\n- -bird_*\n"),
        ("c.yml", "wolf: dog\njunk: null\nbird_owl: false\nbird_tit:\n"),
        ("c.json", json.dumps({"wolf": "dog", "junk": None, "bird_*": None})),
        ("c.yaml", "cat: true\nwolf: dog\ndog: dog\n"),
    ],
)
def test_files(pets: Path, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert found(open_data(pets, classes=str(tmp_path / name))) == {"cat": 3, "dog": 4}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("catt,dog", "pets has no class 'catt'; did you mean 'cat'"),
        ("-zebra", "has no class 'zebra'; there is bird_owl, bird_tit"),
        ("lynx_*=cat", "has no class 'lynx_\\*'"),
        ("cat,=dog", "'=dog' names no class"),
        ("cat,,dog", "'' names no class"),
        ("-", "'-' names no class"),
        ("-*", "no class of pets is left"),
        ("none.yaml", "none.yaml cannot be read"),
    ],
)
def test_what_cannot_be_meant(pets: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        open_data(pets, classes=text)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("{", "is damaged"), ("3", "must hold a list"), ("cat: [1]", "write old: new"), ("[]", "no class")],
)
def test_a_broken_file_is_named(pets: Path, tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "c.yaml").write_text(content)
    with pytest.raises(InputError, match=rf"c\.yaml.*{sentence}"):
        open_data(pets, classes=str(tmp_path / "c.yaml"))


def test_a_second_set_may_lack_classes(pets: Path) -> None:
    assert found(open_data(pets, classes="-zebra,-junk,wolf=dog,-b*", strict=False)) == {"cat": 3, "dog": 4}


def test_names_that_look_like_items(tmp_path: Path) -> None:
    lay(tmp_path, {f"{name}/a.png": picture(n) for n, name in enumerate(["-1", "1", "a=b"])})
    assert open_data(tmp_path, classes="-1,a=b").info.labels == ("-1", "a=b")


ROWS = [
    Sample("0", ArrayImage(np.zeros((2, 2), np.uint8)), ("cat", "junk", "wolf")),
    Sample("1", ArrayImage(np.zeros((2, 2), np.uint8)), ("junk",)),
    Sample("2", ArrayImage(np.zeros((2, 2), np.uint8)), ("wolf", "dog")),
    Sample("3", ArrayImage(np.zeros((2, 2), np.uint8)), ()),
    Sample("4", ArrayImage(np.zeros((2, 2), np.uint8)), None),
]


def made(samples: list[Sample], monkeypatch: pytest.MonkeyPatch, length: int | None = None, **info: Any) -> Dataset:
    """A data set of these samples."""

    class Toy:
        @staticmethod
        def read(location: Location, split: str) -> list[Sample]:
            return samples

    monkeypatch.setattr("clearsight.data.open.find", lambda table, name: Toy)
    told = DataInfo("toy", {"train": length}, ("cat", "dog", "junk", "wolf"), frozenset({"labels"}), **info)
    return Dataset("toy", Location(Path("toy")), "toy", told)


def test_a_picture_with_several_labels_loses_only_the_label(monkeypatch: pytest.MonkeyPatch) -> None:
    data = choose_classes(made(ROWS, monkeypatch, 5, several=True), "-junk,wolf=dog")
    assert [s.labels for s in data.samples("train")] == [("cat", "dog"), (), ("dog",), (), None]
    assert dict(data.info.splits) == {"train": 5} and data.info.notes == ("class junk left out: 2 labels",)
    assert data.samples("train")[4] is ROWS[4]


def test_a_stream_is_not_read_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    data = choose_classes(made(ROWS, monkeypatch, None), "-junk")
    assert dict(data.info.splits) == {"train": None} and data.info.notes == ("class junk left out",)
    assert [s.key for s in data.stream("train")] == ["0", "2", "3", "4"]
    assert pickle.loads(pickle.dumps(data.changes))[0](ROWS[1]) is None


def test_boxes_of_classes_left_out_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    corners = np.arange(12, dtype=np.float32).reshape(3, 4)
    flags = np.array([True, False, True])
    sample = replace(ROWS[4], boxes=Boxes(corners, ("junk", "wolf", "junk"), flags, ~flags, (40, 60)))
    only = replace(ROWS[4], key="5", boxes=Boxes(corners[:1], ("junk",)))
    data = choose_classes(made([sample, only], monkeypatch, 2), "-junk,wolf=dog")
    first, second = (s.boxes for s in data.samples("train"))
    assert first is not None and first.labels == ("dog",) and first.crowd is not None
    np.testing.assert_array_equal(first.xyxy, corners[1:2])
    assert first.crowd.tolist() == [False] and first.difficult is not None
    assert (first.difficult.tolist(), first.said) == ([True], (40, 60))
    assert second is not None and second.xyxy.shape == (0, 4)
    assert data.info.notes == ("class junk left out: 3 boxes",) and data.info.splits["train"] == 2


def test_classes_of_boxes_beside_those_of_whole_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = Boxes(np.zeros((2, 4), np.float32), ("car", "bus"))
    data = made([replace(ROWS[2], boxes=boxes)], monkeypatch, 1, several=True, drawn=("car", "bus"))
    data = choose_classes(data, "-car,wolf=dog")
    assert data.info.labels == ("cat", "dog", "junk") and data.info.drawn == ("bus",)
    (sample,) = data.samples("train")
    assert sample.labels == ("dog",) and sample.boxes is not None and sample.boxes.labels == ("bus",)


SEMANTIC = np.array([[0, 1, 2], [3, 2, VOID]], np.uint8)
CROWD = np.array([False, True, False])
INSTANCES = tuple(from_mask(mask) for mask in np.eye(3, dtype=bool)[:, None])


def load_semantic() -> np.ndarray:
    return SEMANTIC


def load_instances() -> tuple[Runs, ...]:
    return INSTANCES


def test_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    semantic = replace(ROWS[4], masks=Masks("semantic", load_semantic, ("cat", "dog", "junk", "wolf")))
    instances = replace(ROWS[4], masks=Masks("instances", load_instances, ("junk", "dog", "wolf"), CROWD))
    data = choose_classes(made([semantic], monkeypatch, 1), "-junk,wolf=dog")
    (masks,) = (s.masks for s in data.samples("train"))
    assert masks is not None and masks.labels == ("cat", "dog") == data.info.labels
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(masks)).load(), [[0, 1, VOID], [1, VOID, VOID]])
    assert data.info.notes == ("class junk left out: its pixels in the masks are void (255)",)
    data = choose_classes(made([instances], monkeypatch, 1), "-junk,wolf=dog")
    (masks,) = (s.masks for s in data.samples("train"))
    assert masks is not None and masks.labels == ("dog", "dog")
    assert pickle.loads(pickle.dumps(masks)).load() == INSTANCES[1:]
    assert masks.crowd is not None and masks.crowd.tolist() == [True, False]
    assert data.info.notes == ("class junk left out: 1 mask",)


ITEM = st.sampled_from(["cat", "dog", "-junk", "wolf=dog", "w*=cat", "-*g", "junk=new"])


@given(st.lists(ITEM, min_size=1, max_size=4))
def test_samples_and_info_agree_whatever_is_said(items: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        single = [replace(ROWS[0], key=name, labels=(name,)) for name in ("cat", "dog", "junk", "wolf")]
        try:
            data = choose_classes(made(single, patch, 4), ",".join(items))
        except InputError as error:
            assert "is left" in str(error)
            return
        samples = data.samples("train")
        assert len(samples) == data.info.splits["train"]
        assert {label for s in samples for label in s.labels or ()} == set(data.info.labels)
        named = any("=" not in item and not item.startswith("-") for item in items)
        assert not named or {"cat", "dog"} & set(data.info.labels) or "-*g" in items
