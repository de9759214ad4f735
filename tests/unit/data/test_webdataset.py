"""Tar shards: what is read from them, and a sentence for each that cannot be."""

from __future__ import annotations

import json
import pickle

import pytest
from laying import lay, picture
from tarring import tar

from clearsight.core.errors import InputError
from clearsight.core.reader import Location
from clearsight.data.open import open_data
from clearsight.data.readers import webdataset
from clearsight.data.readers.shards import class_names, expand, find_shards


def group(number, **files):
    """A sample's files: a picture of one grey, and what else is said."""
    return {f"{number:03}.png": picture(number), **{f"{number:03}.{ending}": data for ending, data in files.items()}}


def rows(data, split="train"):
    return [(s.key, s.labels, s.image.load()[0, 0, 0]) for s in data.stream(split)]


def test_a_set_of_shards(tmp_path):
    lay(tmp_path, {"classes.txt": "ant\nbee\n"})
    for number in (10, 9):  # in natural order, not in that of the letters
        tar(tmp_path / f"train-{number}.tar", {**group(number, cls="0"), **group(number + 10, cls="1\n")})
    tar(tmp_path / "validation-0.tar", group(7, cls="1"))
    data = open_data(tmp_path)
    assert data.format == "webdataset" and data.endless
    assert data.info.splits == {"train": None, "val": None} and data.info.labels == ("ant", "bee")
    assert data.info.annotated == {"labels"} and data.info.notes == ("2 classes by classes.txt",)
    assert rows(data) == [
        ("train-9.tar/009.png", ("ant",), 9),
        ("train-9.tar/019.png", ("bee",), 19),
        ("train-10.tar/010.png", ("ant",), 10),
        ("train-10.tar/020.png", ("bee",), 20),
    ]
    assert rows(data, "val") == [("validation-0.tar/007.png", ("bee",), 7)]
    parts = pickle.loads(pickle.dumps(data.parts("train"))).parts
    assert [part.name for part in parts] == ["train-9.tar", "train-10.tar"]
    assert [part.nbytes for part in parts] == [(tmp_path / part.name).stat().st_size for part in parts]


def test_labels_are_learnt_where_no_file_names_them(tmp_path):
    tar(tmp_path / "a.tar", {**group(1, cls="10"), **group(2, cls="9"), **group(3, cls="wasp")})
    data = open_data(tmp_path)
    assert data.info.splits == {"train": None} and data.info.labels == ("9", "10", "wasp")
    assert "the labels of all 3 samples were read to learn the 3 classes" in data.info.notes[0]
    assert [labels for _, labels, _ in rows(data)] == [("10",), ("9",), ("wasp",)]


def test_what_a_json_says(tmp_path):
    first = json.dumps({"label": 1, "site": "Ulm", "box": [1, 2], "seen": True})
    many = json.dumps({"labels": ["ant", 1], "site": "Bonn"})
    path = tar(tmp_path / "t.tar", {**group(1, json=first), **group(2, json=many), **group(3, json='{"site": "x"}')})
    lay(tmp_path, {"labels.txt": "ant\nbee\n"})
    data = open_data(path)
    assert data.info.several and data.info.columns == ("seen", "site")
    found = data.samples("train")
    assert [s.labels for s in found] == [("bee",), ("ant", "bee"), None]
    assert [s.extra["site"] for s in found] == ["Ulm", "Bonn", "x"]
    other = open_data(path, label_column="kind")
    assert [s.labels for s in other.stream("train")] == [None] * 3 and not other.info.annotated


def test_a_text_is_a_class_by_itself_and_a_caption_beside_a_label(tmp_path):
    tar(tmp_path / "a" / "t.tar", {**group(1, txt="bee\n"), **group(2, txt="ant")})
    assert open_data(tmp_path / "a").info.labels == ("ant", "bee")
    tar(tmp_path / "b" / "t.tar", group(1, txt="an ant on a leaf", cls="0"))
    (sample,) = open_data(tmp_path / "b").samples("train")
    assert sample.labels == ("0",) and sample.caption == "an ant on a leaf"


def test_what_is_not_read_is_noted_and_no_pickle_is_opened(tmp_path):
    bomb = b"cos\nsystem\n(S'false'\ntR."
    content = {**group(1, cls="0", pyd=bomb), **group(2, cls="1", **{"seg.png": b"?"}), "003.cls": "1", ".hidden": "x"}
    tar(tmp_path / "train.tar", {**content, "./d/004.JPG": picture(4), "./d/004.CLS": "1"})
    data = open_data(tmp_path)
    assert data.info.notes[1:] == (
        "1 sample without a picture, left out: train.tar/003.cls",
        "1 file ending .pyd, never unpickled",
        "1 file ending .seg.png, not read",
    )
    assert [key for key, *_ in rows(data)] == ["train.tar/001.png", "train.tar/002.png", "train.tar/d/004.JPG"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"train/0.tar": 1, "val/0.tar": 1, "test/0.tar": 1}, {"train": 1, "val": 1, "test": 1}),
        ({"birds-train-0.tar": 1, "birds_test_0.tar": 1, "extra.tar": 1}, {"train": 1, "test": 1}),
        ({"0.tar": 1, "1.tar": 1}, {"train": 2}),
        ({"val-0.tar": 1}, {"val": 1}),
    ],
)
def test_names_and_folders_say_the_split(tmp_path, names, expected):
    for name in names:
        tar(tmp_path / name, group(1, cls="0"))
    found = find_shards(tmp_path)
    assert {split: len(paths) for split, paths in found.splits.items()} == expected
    left = ["1 shard of no split, left out: extra.tar"] if "extra.tar" in names else []
    assert found.notes == left


def test_a_pattern_with_braces(tmp_path):
    for name in ("train-08", "train-09", "train-10", "val-08"):
        tar(tmp_path / f"{name}.tar", group(1, cls="0"))
    data = open_data(tmp_path / "{train,val}-{08..08}.tar")
    assert data.info.splits == {"train": None, "val": None} and len(data.parts("train").parts) == 1
    assert [part.name for part in open_data(tmp_path / "train-{09..10}.tar").parts("train").parts] == [
        "train-09.tar",
        "train-10.tar",
    ]
    with pytest.raises(InputError, match=r"2 shards of the pattern not there: \S*train-11\.tar, \S*train-12\.tar"):
        open_data(tmp_path / "train-{09..12}.tar")
    with pytest.raises(InputError, match="is not there"):
        open_data(tmp_path / "gone-{0..3}.tar")
    assert expand("a{0..2}{x,y}") == ["a0x", "a0y", "a1x", "a1y", "a2x", "a2y"] and expand("plain") == ["plain"]
    with pytest.raises(InputError, match="more than 1,000,000 shards"):
        expand("{0..9999}{0..9999}")


def test_files_that_name_the_classes(tmp_path):
    assert class_names(tmp_path) == (None, "")
    info = {"features": {"jpg": {"_type": "Image"}, "cls": {"names": ["a", "b"], "_type": "ClassLabel"}}}
    lay(tmp_path, {"dataset_info.json": json.dumps(info)})
    assert class_names(tmp_path) == (("a", "b"), "dataset_info.json")
    lay(tmp_path, {"dataset_info.json": '{"classes": ["x"]}'})
    assert class_names(tmp_path)[0] == ("x",)
    lay(tmp_path, {"dataset_info.json": "[1"})
    with pytest.raises(InputError, match=r"dataset_info\.json cannot be read"):
        class_names(tmp_path)
    lay(tmp_path, {"classes.txt": "ant\nbee\nant\n"})
    with pytest.raises(InputError, match="names the class 'ant' more than once"):
        class_names(tmp_path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"cls": "1" * 5000}, r"t\.tar: 001\.cls holds a number of 5,000 digits, no class's"),
        ({"cls": "2"}, r"t\.tar: 001\.cls says class 2, but 2 classes are named beside the shards"),
        ({"cls": "cat"}, r"001\.cls says class 'cat', but"),
        ({"json": '{"label": 1.5}'}, r"001\.json holds 1\.5 for a label; a class's number or name is needed"),
        ({"json": "[1]"}, r"001\.json is no JSON object; mend it"),
        ({"json": "{" * 9999}, r"001\.json is no JSON object; mend it"),
        ({"cls": "1" * (2**20 + 1)}, "has 1,048,577 bytes, too many for a label"),
    ],
)
def test_a_bad_label_is_named(tmp_path, files, message):
    lay(tmp_path, {"classes.txt": "ant\nbee"})
    tar(tmp_path / "t.tar", group(1, **files))
    with pytest.raises(InputError, match=message):
        open_data(tmp_path)


def test_bad_shards_are_named(tmp_path):
    path = tar(tmp_path / "a" / "train-0.tar", {**group(1, cls="0"), **group(2, cls="1")})
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"train-0\.tar is cut short: .*; copy or make it again"):
        open_data(tmp_path / "a")
    lay(tmp_path / "b", {"train-0.tar.gz": "x", "train-1.tar.gz": "x"})
    with pytest.raises(InputError, match=r"train-0\.tar\.gz, .*: packed, so that no picture can be found"):
        open_data(tmp_path / "b")
    tar(tmp_path / "c" / "t.tar", {"1.cls": "0"})
    with pytest.raises(InputError, match="holds tars without a picture"):
        webdataset.info(Location(tmp_path / "c"))
    assert webdataset.sniff(Location(tmp_path / "c")) is None and webdataset.sniff(Location(tmp_path)) is None
    for empty in (b"", b"\0" * 1024):
        lay(tmp_path / "d", {"t.tar": empty})
        with pytest.raises(InputError):
            open_data(tmp_path / "d")
