"""ImageNet's layouts laid out by hand, samples compared one by one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laying import lay, pack, picture

from clearsight.core.errors import InputError
from clearsight.core.reader import Location
from clearsight.data.open import Dataset, open_data
from clearsight.data.readers import imagenet, synsets

TENCH, CRANE_BIRD, CRANE_MACHINE = "n01440764", "n02012849", "n03126707"
MAPPING = f"{TENCH} tench, Tinca tinca\n{CRANE_BIRD} crane\n{CRANE_MACHINE} crane, hoist\nn01443537 goldfish, Carassius auratus\n"
DATA = "ILSVRC/Data/CLS-LOC"


def kaggle() -> dict[str, bytes | str]:
    """Kaggle's layout with three classes: two pictures each to train on, three flat ones to validate, two to test."""
    files: dict[str, bytes | str] = {"LOC_synset_mapping.txt": MAPPING, "ILSVRC/Annotations/CLS-LOC/val/a.xml": "<x/>"}
    for number, synset in enumerate((TENCH, CRANE_BIRD, CRANE_MACHINE)):
        for n in (1, 2):
            files[f"{DATA}/train/{synset}/{synset}_{n}.JPEG"] = picture(10 * number + n)
        files[f"{DATA}/val/ILSVRC2012_val_{number}.JPEG"] = picture(100 + number)
    for n in (1, 2):
        files[f"{DATA}/test/ILSVRC2012_test_{n}.JPEG"] = picture(200 + n)
    rows = [
        f"ILSVRC2012_val_{n},{s} 1 2 3 4 {s} 5 6 7 8 " for n, s in ((2, TENCH), (0, CRANE_MACHINE), (1, CRANE_BIRD))
    ]
    files["LOC_val_solution.csv"] = "\n".join(["ImageId,PredictionString", *rows, ""])
    return files


def told(data: Dataset, split: str) -> list[tuple[str, tuple[str, ...] | None, str]]:
    return [(s.key, s.labels, s.extra["synset"]) for s in data.samples(split)]


@pytest.mark.parametrize("style", ["folder", "zip", "inner"])
def test_kaggles_layout(tmp_path: Path, style: str) -> None:
    place = pack(tmp_path / "in.zip", kaggle()) if style == "zip" else lay(tmp_path, kaggle())
    data = open_data(place / DATA if style == "inner" else place)
    assert data.format == "imagenet" and dict(data.info.splits) == {"train": 6, "val": 3}
    assert data.info.labels == ("tench", f"crane ({CRANE_BIRD})", f"crane ({CRANE_MACHINE})")
    assert told(data, "train")[0] == (f"train/{TENCH}/{TENCH}_1.JPEG", ("tench",), TENCH)
    assert told(data, "val") == [
        ("val/ILSVRC2012_val_0.JPEG", (f"crane ({CRANE_MACHINE})",), CRANE_MACHINE),
        ("val/ILSVRC2012_val_1.JPEG", (f"crane ({CRANE_BIRD})",), CRANE_BIRD),
        ("val/ILSVRC2012_val_2.JPEG", ("tench",), TENCH),
    ]
    assert [int(s.image.load()[0, 0, 0]) for s in data.samples("val")] == [100, 101, 102]
    assert data.info.notes == (
        "2 pictures of test without a class, left out: test/ILSVRC2012_test_1.JPEG, test/ILSVRC2012_test_2.JPEG",
    )


def test_kaggles_lists_say_what_belongs(tmp_path: Path) -> None:
    sets = "ILSVRC/ImageSets/CLS-LOC"
    train = [f"{s}/{s}_{n} {i}" for i, (s, n) in enumerate([(TENCH, 1), (CRANE_BIRD, 2), (TENCH, 3)], 1)]
    lay(tmp_path, {**kaggle(), f"{sets}/train_cls.txt": "\n".join(train), f"{sets}/val.txt": "ILSVRC2012_val_1 1\n"})
    data = open_data(tmp_path)
    assert dict(data.info.splits) == {"train": 2, "val": 1}
    notes = "\n".join(data.info.notes)
    assert f"4 pictures not in {sets}/train_cls.txt, left out" in notes
    assert f"1 of 3 pictures in {sets}/train_cls.txt are not there: {TENCH}_3" in notes


def test_a_flat_val_folder_without_its_table_is_told_of(tmp_path: Path) -> None:
    files = {name: data for name, data in kaggle().items() if name != "LOC_val_solution.csv"}
    info = open_data(lay(tmp_path, files)).info
    assert dict(info.splits) == {"train": 6}
    assert any(
        note.startswith("3 pictures of val neither in synset folders nor in LOC_val_solution.csv")
        for note in info.notes
    )


def test_tiny_imagenet(tmp_path: Path) -> None:
    lay(
        tmp_path / "tiny-imagenet-200",
        {
            "words.txt": f"n00000001\ttench\n{MAPPING.replace(' ', chr(9), 1)}n02012850\tcrane\n",
            "wnids.txt": f"{TENCH}\n{CRANE_BIRD}\n",
            f"train/{TENCH}/images/{TENCH}_0.JPEG": picture(1),
            f"train/{TENCH}/{TENCH}_boxes.txt": "x",
            f"train/{CRANE_BIRD}/images/{CRANE_BIRD}_0.JPEG": picture(2),
            "val/images/val_0.JPEG": picture(3),
            "val/val_annotations.txt": f"val_0.JPEG\t{CRANE_BIRD}\t0\t32\t44\t62\n",
        },
    )
    data = open_data(tmp_path)
    assert data.format == "imagenet" and data.info.labels == ("tench", "crane")  # of all nouns, only those present
    assert told(data, "val") == [("val/images/val_0.JPEG", ("crane",), CRANE_BIRD)]


def test_keras_index_and_no_table_at_all(tmp_path: Path) -> None:
    pictures = {f"{split}/{s}/a.JPEG": picture() for split in ("train", "val") for s in (TENCH, "n01443537")}
    data = open_data(lay(tmp_path / "plain", pictures))
    assert data.info.labels == (TENCH, "n01443537") and "called by their ids" in data.info.notes[0]
    index = json.dumps({"0": [TENCH, "tench"], "1": ["n01443537", "gold_fish"]})
    data = open_data(lay(tmp_path / "keras", {**pictures, "imagenet_class_index.json": index}))
    assert data.info.labels == ("tench", "gold fish") and not data.info.notes
    index = json.dumps({"0": [TENCH, "tench"]})
    data = open_data(lay(tmp_path / "part", {**pictures, "imagenet_class_index.json": index}))
    assert data.info.labels == ("tench", "n01443537") and "has no name for n01443537" in data.info.notes[0]


def test_synset_folders_without_splits(tmp_path: Path) -> None:
    data = open_data(lay(tmp_path, {f"in/{TENCH}/a.jpg": picture(), f"in/{CRANE_BIRD}/b.jpg": picture()}))
    assert dict(data.info.splits) == {"train": 2} and data.samples("train")[0].key == f"{TENCH}/a.jpg"


@pytest.mark.parametrize("name", ["train/dog/a.jpg", "dog/a.jpg", "a.jpg"])
def test_other_folders_are_no_imagenet(tmp_path: Path, name: str) -> None:
    lay(tmp_path, {f"train/{TENCH}/a.jpg": picture(), f"train/{CRANE_BIRD}/a.jpg": picture(), name: picture()})
    assert open_data(tmp_path).format == "folder"
    assert any("left out" in note for note in imagenet.info(Location(tmp_path)).notes)


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("LOC_synset_mapping.txt", "tench is a fish\n", "must name a synset in each line"),
        ("LOC_synset_mapping.txt", "", "must name a synset"),
        ("imagenet_class_index.json", "{", "imagenet_class_index.json must hold"),
        ("imagenet_class_index.json", "[1]", "must hold"),
        (
            "LOC_val_solution.csv",
            "ImageId,PredictionString\nILSVRC2012_val_0,\n",
            r"LOC_val_solution.csv:2: names no synset",
        ),
    ],
)
def test_a_broken_table_is_named(tmp_path: Path, file: str, content: str, sentence: str) -> None:
    files = {name: data for name, data in kaggle().items() if file.startswith("LOC") or not name.startswith("LOC_syn")}
    with pytest.raises(InputError, match=sentence):
        open_data(lay(tmp_path, {**files, file: content}))


def test_no_synset_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no folders of pictures called by synset ids"):
        open_data(lay(tmp_path, {"cats/a.jpg": picture()}), format="imagenet")


WORDS = st.dictionaries(st.integers(0, 30).map(lambda n: f"n{n:08}"), st.sampled_from("abc"), min_size=1)


@given(WORDS, st.booleans())
def test_class_names_differ_and_are_in_the_order_of_ids(words: dict[str, str], whole: bool) -> None:
    names = synsets.readable(words, words, whole)
    assert list(names) == sorted(words) and len(set(names.values())) == len(names)
    assert all(name.split(" (")[0] == words[key] for key, name in names.items())


@given(WORDS)
def test_a_part_of_a_set_has_the_names_of_the_whole(words: dict[str, str]) -> None:
    whole = synsets.readable(words, words, True)
    part = list(words)[::2]
    assert synsets.readable(part, words, True) == {key: whole[key] for key in sorted(part)}
