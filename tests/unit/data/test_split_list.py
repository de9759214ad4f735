"""--split-list: lists of many forms in place of the data's own splits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laying import lay, picture

from clearsight.core.errors import InputError
from clearsight.data.open import open_data
from clearsight.data.split_list import _ends, _matched


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Six pictures, two of them in a split of the data's own."""
    names = [
        "train/cat/1.png",
        "train/cat/2.png",
        "train/dog/1.png",
        "train/dog/3.png",
        "val/cat/5.png",
        "val/dog/6.png",
    ]
    return lay(tmp_path / "pets", {name: picture(n) for n, name in enumerate(names)})


LISTS = {
    "csv": (
        "l.csv",
        "key,split\ntrain/cat/1.png,train\nval/dog/6.png,train\ntrain/cat/2.png,Validation\ndog/1.png,test\n",
    ),
    "tsv": (
        "l.tsv",
        "path\tlabel\tsplit\ncat/1\tx\ttrain\n6.png\tx\ttrain\n./train/cat/2.png\tx\tval\ndog/1\tx\ttest\n",
    ),
    "jsonl": (
        "l.jsonl",
        "\n".join(
            json.dumps({"image": name, "split": split})
            for name, split in [("cat\\1.png", "train"), ("6", "train"), ("2", "val"), ("train/dog/1.png", "test")]
        ),
    ),
    "splits": ("l.json", json.dumps({"train": ["train/cat/1.png", "6"], "val": ["2"], "test": ["dog/1"]})),
    "run": ("splits.json", json.dumps({"train": ["cat/1", "6"], "choose": ["2"], "judge": ["train/dog/1.png"]})),
    "keys": ("l.json", json.dumps({"train/cat/1.png": "train", "6": "train", "2": "dev", "dog/1": "testing"})),
    "rows": (
        "l.json",
        json.dumps(
            [{"key": k, "split": s} for k, s in [("cat/1", "train"), ("6", "train"), ("2", "val"), ("dog/1", "test")]]
        ),
    ),
}


@pytest.mark.parametrize("kind", [*LISTS, "folder", "caffe"])
def test_lists_of_many_forms(pets: Path, tmp_path: Path, kind: str) -> None:
    if kind in LISTS:
        name, content = LISTS[kind]
        lay(tmp_path, {name: content})
        place = tmp_path / name
    else:
        label = " 3" if kind == "caffe" else ""
        lists = {"train": ["cat/1.png", "", "6"], "val": [str(pets / "train/cat/2.png")], "test": ["dog/1"]}
        texts = {f"{split}.txt": "\n".join(n and n + label for n in names) + "\n" for split, names in lists.items()}
        place = lay(tmp_path / "lists", {**texts, "readme.txt": "no list"})
    data = open_data(pets, split_list=str(place))
    assert dict(data.info.splits) == {"train": 2, "val": 1, "test": 1}
    keys = {split: [s.key for s in data.samples(split)] for split in data.info.splits}
    assert keys == {
        "train": ["train/cat/1.png", "val/dog/6.png"],
        "val": ["train/cat/2.png"],
        "test": ["train/dog/1.png"],
    }
    assert f"2 pictures not in {place} and left out: train/dog/3.png, val/cat/5.png" in data.info.notes


def test_with_classes_and_a_group(pets: Path, tmp_path: Path) -> None:
    lay(tmp_path, dict([LISTS["csv"]]))
    data = open_data(pets, split_list=str(tmp_path / "l.csv"), classes="-dog", group="folder")
    assert dict(data.info.splits) == {"train": 1, "val": 1, "test": 0} and data.info.labels == ("cat",)
    assert data.samples("val")[0].extra == {"folder": "train/cat"}
    assert data.info.notes[-1] == "class dog left out: 2 pictures"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "l.csv",
            "key,split\ntrain/cat/9.png,train\n",
            r"1 picture in it is not there: train/cat/9.png \(is the first train/",
        ),
        ("l.csv", "key,split\nx,train\ny,val\n", "2 pictures in it are not there: x, y; a key here is train/cat/1.png"),
        (
            "l.csv",
            "key,split\n1.png,train\n",
            "1.png may be train/cat/1.png, train/dog/1.png; name it by more of its path",
        ),
        ("l.csv", "key,split\ncat/1,train\ncat/1.png,val\n", "has train/cat/1.png in train and in val"),
        ("l.csv", "key,split\ncat/1,sometimes\n", "the split 'sometimes' is not known"),
        ("l.csv", "name_of_it,split\ncat/1,train\n", "needs the columns key and split; it has name_of_it, split"),
        ("l.csv", "key,split\n,train\n", "'' is no picture's key"),
        ("l.json", "{", "is damaged"),
        ("l.json", "3", "must hold splits with lists of keys"),
        ("l.json", "{}", "lists no pictures"),
        ("l.json", "[3]", "3 is no row"),
        ("l.json", '{"train": [3]}', "3 is no picture's key"),
        ("l.json", '{"train": ["2"], "rest": []}', "lists no|"),
        ("l.txt", "cat/1.png", r"must be a \.csv, \.tsv"),
        ("lists/all.txt", "cat/1.png", "holds no train.txt"),
    ],
)
def test_lists_that_cannot_be_meant(pets: Path, tmp_path: Path, name: str, content: str, sentence: str) -> None:
    lay(tmp_path, {name: content})
    place = tmp_path / name.split("/")[0]
    if sentence.endswith("|"):  # an empty list of a split that is none harms nobody
        assert dict(open_data(pets, split_list=str(place)).info.splits) == {"train": 1}
        return
    with pytest.raises(InputError, match=sentence):
        open_data(pets, split_list=str(place))


def test_a_list_that_is_not_there(pets: Path) -> None:
    with pytest.raises(InputError, match=r"--split-list nowhere\.csv is not there"):
        open_data(pets, split_list="nowhere.csv")


KEYS = st.lists(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join), min_size=1, max_size=6, unique=True
)


@given(KEYS)
def test_every_key_is_found_by_its_whole_name(names: list[str]) -> None:
    keys = {f"{name}.png": f"/data/{name}.png" for name in names}
    assert _matched([(key, "val") for key in keys], keys, "x") == dict.fromkeys(keys, "val")
    everything = {end for name in keys for end in (name, name[:-4], name.rsplit("/", 1)[-1], f"data/{name}")}
    ends = _ends(keys, everything)
    assert ends.keys() == everything and not _ends(keys, set())
    for end, found in ends.items():
        assert all(f"/data/{key}".removesuffix(".png").endswith(end.removesuffix(".png")) for key in found)


def test_only_what_is_asked_for_is_kept() -> None:
    keys = {f"a/b/{n}.png": f"/data/a/b/{n}.png" for n in range(100)}
    assert _ends(keys, {"7.png", "b/8", "9", "c/1"}) == {
        "7.png": ["a/b/7.png"],
        "b/8": ["a/b/8.png"],
        "9": ["a/b/9.png"],
    }
    assert _matched([("a/b/1.png", "val"), ("b\\2 0", "test")], keys, "x") == {"a/b/1.png": "val", "a/b/2.png": "test"}
