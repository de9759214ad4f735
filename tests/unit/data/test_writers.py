"""What is written in one format is read the same, also after it went through another; what cannot be held is named."""

from __future__ import annotations

import csv
import json
import tempfile
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import PIL.Image
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from tarring import tar
from written_sets import CLASSES, Bytes, boxes, by_stem, encoded, held, labelled, samples_with_boxes

from clearsight.core.errors import InputError
from clearsight.core.registry import WRITERS, find
from clearsight.core.sample import Masks, Sample
from clearsight.core.writer import HOLDABLE
from clearsight.data import write as writing
from clearsight.data.open import Dataset, open_data
from clearsight.data.write import Written, write_data
from clearsight.ops.rle import from_mask

BOXED = [name for name in WRITERS if "boxes" in find("writers", name).HOLDS]
LABELLED = [name for name in WRITERS if "labels" in find("writers", name).HOLDS]
NAMES = {
    "cats/1.jpg": "1",
    "dogs/1.jpg": "dogs_1",
    "empty.png": "empty",
    "Größe 1#2": "Größe_1_2",
    "b/1.webp": "b_1",
    "x/y/1.png": "y_1",
}
"""The stems of the files by the keys of `samples_with_boxes`."""


def written(data: Dataset, name: str, folder: Path, **options: Any) -> tuple[Written, Dataset]:
    """A data set written, and opened again by nothing but its looks."""
    found = write_data(data, name, folder, **options)
    assert found.comparison.differences == []
    again = open_data(folder)
    assert again.format == name
    return found, again


def assert_same(data: Dataset, keys: dict[str, str] = NAMES, crowd: bool = False, difficult: bool = False) -> None:
    """A data set holds the boxes of `samples_with_boxes`, in their order."""
    there = by_stem(data)
    assert sorted(there) == sorted(keys.values())
    for split, sample in samples_with_boxes():
        own, read = there[keys[sample.key]]
        assert own == split
        assert sample.boxes is not None
        assert read.boxes is not None
        assert read.boxes.labels == sample.boxes.labels
        assert np.abs(read.boxes.xyxy - sample.boxes.xyxy).max(initial=0) < 0.001
        for mark, kept in (("crowd", crowd), ("difficult", difficult)):
            wanted, got = getattr(sample.boxes, mark), getattr(read.boxes, mark)
            assert (got is not None and got.tolist()) == (kept and wanted is not None and wanted.tolist())
        data_before = sample.image.encoded()
        if data_before is None:
            assert (read.image.load() == sample.image.load()).all()
        else:
            assert read.image.encoded() == data_before


@pytest.mark.parametrize(("first", "second"), list(product(BOXED, BOXED)))
def test_boxes_through_two_formats(tmp_path: Path, first: str, second: str) -> None:
    _, one = written(held(samples_with_boxes()), first, tmp_path / "one")
    _, two = written(one, second, tmp_path / "two")
    both = find("writers", first).HOLDS & find("writers", second).HOLDS
    assert_same(two, crowd="crowd" in both, difficult="difficult" in both)


@pytest.mark.parametrize("name", BOXED)
def test_boxes_in_one_format(tmp_path: Path, name: str) -> None:
    found, again = written(held(samples_with_boxes()), name, tmp_path / "out")
    holds = find("writers", name).HOLDS
    assert_same(again, crowd="crowd" in holds, difficult="difficult" in holds)
    assert found.bad == []
    assert found.comparison.boxes == 11
    assert found.comparison.pictures == 6
    assert set(again.info.labels) == set(CLASSES if "classes" in holds else CLASSES[:-1])
    if "classes" in holds:
        assert again.info.labels == CLASSES
    lost = {what: counts.total() for what, counts in found.lost.kinds.items()}
    wanted = {
        "marks that a box is a crowd": "crowd" not in holds,
        "marks that a box is difficult": "difficult" not in holds,
        "classes that nothing bears": "classes" not in holds,
        "values of the further column 'camera'": "extra" not in holds,
        "values of the further column 'n'": "extra" not in holds,
    }
    camera = {"values of the further column 'camera'": 2}
    assert lost == {what: camera.get(what, 1) for what, gone in wanted.items() if gone}
    assert again.info.faults == ()


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(("first", "second"), list(product(LABELLED, LABELLED)))
def test_labels_through_two_formats(tmp_path: Path, first: str, second: str, several: bool) -> None:
    holds = [find("writers", name).HOLDS for name in (first, second)]
    wanted = {Path(sample.key).stem: (split, sample.labels) for split, sample in labelled(several)}
    for held_by in holds:
        if "none" not in held_by:
            wanted = {stem: (split, labels or None) for stem, (split, labels) in wanted.items()}
        if "several" not in held_by:
            wanted = {stem: pair for stem, pair in wanted.items() if pair[1] and len(pair[1]) == 1}
    _, one = written(held(labelled(several), several=several), first, tmp_path / "one")
    _, two = written(one, second, tmp_path / "two")
    read = {stem: (split, sample.labels) for stem, (split, sample) in by_stem(two).items()}
    assert read.keys() == wanted.keys()
    for stem, (split, labels) in wanted.items():
        assert read[stem][0] == split
        assert (labels and sorted(labels)) == (read[stem][1] and sorted(read[stem][1]))
        if "extra" in holds[0] & holds[1]:
            assert by_stem(two)[stem][1].extra == {"site": f"s{int(stem) % 2}"}


@pytest.mark.parametrize("name", sorted(set(BOXED) & set(LABELLED)))
def test_labels_and_boxes_together(tmp_path: Path, name: str) -> None:
    image = Bytes(encoded("PNG", (30, 20)))
    samples = [
        ("train", Sample("a", image, ("outdoors", "sunny"), boxes(("cat", 1, 2, 3, 4)))),
        ("train", Sample("b", image, ("outdoors",), boxes())),
        ("train", Sample("c", image, (), boxes(("dog", 5, 5, 9, 9)))),
        ("train", Sample("d", image, None, boxes(("cat", 1, 1, 2, 2)))),
        ("train", Sample("e", image, ("sunny",), None)),
        ("train", Sample("f", image, None, None)),
    ]
    data = held(samples, ("outdoors", "sunny"), several=True)
    holds = find("writers", name).HOLDS
    found, again = written(data, name, tmp_path / "out")
    read = {stem: sample for stem, (_, sample) in by_stem(again).items()}
    assert read["a"].labels == ("outdoors", "sunny")
    assert read["b"].boxes is not None
    assert read["b"].boxes.labels == ()
    assert read["c"].labels == (() if "none" in holds else None)
    assert read["d"].labels == (None if "unlabelled" in holds else ())
    assert "e" not in read  # it would say that no object is there
    assert ("f" in read) == ("unannotated" in holds)
    assert found.lost.kinds["pictures that are not annotated"].keys() == {"e", "f"} - read.keys()
    assert again.info.classes("boxes") == ("cat", "dog")


@pytest.mark.parametrize("name", BOXED)
@given(data=st.data())
@settings(max_examples=15)
def test_any_boxes(name: str, data: st.DataObject) -> None:
    width, height = data.draw(st.integers(8, 5000)), data.draw(st.integers(8, 5000))

    def side(length: int) -> st.SearchStrategy[tuple[float, float]]:
        ends = st.floats(0, length, width=32).filter(lambda value: value == 0 or value > 1e-3)
        return (
            st.tuples(ends, ends).map(lambda pair: (min(pair), max(pair))).filter(lambda pair: pair[1] - pair[0] > 0.01)
        )

    one = st.tuples(st.sampled_from(CLASSES), side(width), side(height))
    drawn = data.draw(st.lists(one, max_size=6, unique=True))
    rows = [(label, x[0], y[0], x[1], y[1]) for label, x, y in drawn]
    rows += [("on", 0, 0, 7.5, 6 - row / 8) for row in range(len(rows) + 1)]  # so that most are no shares of a side
    image = Bytes(encoded("PNG", (1, 1)))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("clearsight.data.writers.pictures.size_of", lambda *_: (height, width))
        patch.setattr("clearsight.core.sample.size_of", lambda *_: (height, width))
        wanted = boxes(*dict.fromkeys(rows))
        found = write_data(held([("train", Sample("a", image, boxes=wanted))]), name, Path(folder) / "out")
        assert found.comparison.differences == []
        assert found.comparison.boxes == len(wanted.labels)
        assert found.comparison.largest < 0.001
        read = by_stem(open_data(Path(folder) / "out"))["a"][1].boxes
    assert read is not None
    assert read.labels == wanted.labels
    assert np.abs(read.xyxy - wanted.xyxy).max() < 0.001


def test_masks_captions_and_numbers_are_named_as_lost(tmp_path: Path) -> None:
    masks = Masks("instances", lambda: (from_mask(np.ones((9, 12), bool)),) * 2, ("on", "on"))
    image = Bytes(encoded("PNG", (12, 9)))
    sample = Sample("a", image, ("on",), boxes(("on", 1, 1, 2, 2)), masks, "a caption", values={"age": 3.0})
    found, _ = written(held([("train", sample)], ("on",)), "boxes", tmp_path / "out")
    assert {what: counts.total() for what, counts in found.lost.kinds.items()} == {
        "labels of whole pictures": 1,
        "masks": 2,
        "captions": 1,
        "numbers called 'age'": 1,
    }


@pytest.mark.parametrize("name", BOXED)
def test_boxes_twice_flat_and_beyond_the_picture_are_named(tmp_path: Path, name: str) -> None:
    rows = [("on", 1, 1, 5, 5), ("on", 1, 1, 5, 5), ("on", 2, 2, 2, 8), ("on", 40, 1, 50, 5), ("on", 5, 5, 40, 40)]
    sample = Sample("a", Bytes(encoded("PNG", (30, 20))), boxes=boxes(*rows, difficult=[0, 1, 0, 0, 0]))
    found, again = written(held([("train", sample)], ("on",)), name, tmp_path / "out")
    holds = find("writers", name).HOLDS
    apart = "difficult" in holds  # one difficult and one not are two boxes
    read = again.samples("train")[0].boxes
    assert read is not None
    assert read.xyxy.tolist() == [[1, 1, 5, 5], *([[1, 1, 5, 5]] * apart), [5, 5, 30, 20]]
    lost = {what: counts.total() for what, counts in found.lost.kinds.items()}
    assert lost["boxes that are there twice, or have no area within their picture"] == 3 - apart
    assert lost["parts of boxes beyond their picture"] == 2


def test_columns_that_a_format_has_itself_are_named(tmp_path: Path) -> None:
    extra = {"Split": "odd", "x_min": 3, "width": 9, "site": "a;b"}
    sample = Sample("a", Bytes(encoded("PNG", (30, 20))), boxes=boxes(("on", 1, 1, 9, 9)), extra=extra)
    found, again = written(held([("train", sample)], ("on",)), "boxes", tmp_path / "out")
    assert again.samples("train")[0].extra == {"site": "a;b"}
    assert sorted(found.lost.kinds) == [
        f"values of the further column {name!r}" for name in ("Split", "width", "x_min")
    ]


def test_coco_as_its_own_tools_read_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(held(samples_with_boxes()), "coco", tmp_path / "out")
    coco = COCO(tmp_path / "out/annotations/instances_train.json")
    assert [entry["name"] for entry in coco.loadCats(coco.getCatIds())] == list(CLASSES)
    image = next(entry for entry in coco.loadImgs(coco.getImgIds()) if entry["file_name"] == "1.jpg")
    found = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
    assert [entry["bbox"] for entry in found] == [
        [3.25, 1, 36.75, 27.7],
        [0, 0, 64, 48],
        [10.1, 20.2, 20.2, 20.2],
        [5, 6, 2, 2],
    ]
    assert [entry["area"] for entry in found] == [1017.975, 3072, 408.04, 4]
    assert (image["height"], image["width"]) == (48, 64)
    assert len(coco.getAnnIds(iscrowd=True)) == 1
    capsys.readouterr()


def test_yolo_and_voc_by_hand(tmp_path: Path) -> None:
    image = Bytes(encoded("PNG", (200, 100)))
    sample = Sample(
        "a", image, boxes=boxes(("dog", 20, 10, 60, 30.5), ("cat", 0, 0, 200, 100), difficult=[True, False])
    )
    data = held([("val", sample)], ("cat", "dog"))
    written(data, "yolo", tmp_path / "yolo")
    assert (tmp_path / "yolo/labels/val/a.txt").read_text() == "1 0.2 0.2025 0.2 0.205\n0 0.5 0.5 1 1\n"
    document = yaml.safe_load((tmp_path / "yolo/data.yaml").read_text())
    assert document == {"val": "images/val", "nc": 2, "names": {0: "cat", 1: "dog"}}
    written(data, "voc", tmp_path / "voc")
    assert (tmp_path / "voc/ImageSets/Main/val.txt").read_text() == "a\n"
    root = ElementTree.parse(tmp_path / "voc/Annotations/a.xml").getroot()
    corners = [
        [box.findtext(edge) for edge in ("xmin", "ymin", "xmax", "ymax")] for box in root.iterfind("object/bndbox")
    ]
    assert corners == [["20", "10", "60", "30.5"], ["0", "0", "200", "100"]]
    assert [thing.findtext("difficult") for thing in root.iterfind("object")] == ["1", "0"]
    assert [root.findtext(f"size/{side}") for side in ("width", "height", "depth")] == ["200", "100", "3"]


def test_a_table_of_boxes_by_hand(tmp_path: Path) -> None:
    written(held(samples_with_boxes()), "boxes", tmp_path / "out")
    rows = list(csv.reader((tmp_path / "out/boxes.csv").read_text(encoding="utf-8").splitlines()))
    header = ["image", "label", "xmin", "ymin", "xmax", "ymax", "crowd", "difficult", "split", "camera", "n"]
    assert rows[0] == header
    assert rows[1] == ["images/train/1.jpg", "猫", "3.25", "1", "40", "28.7", "0", "0", "train", "left", "3"]
    assert rows[7] == ["images/train/empty.png", *[""] * 7, "train", "", ""]


def test_every_format_says_what_it_holds_in_known_words() -> None:
    for name in WRITERS:
        writer = find("writers", name)
        assert HOLDABLE.keys() >= writer.HOLDS
        assert all(word == word.casefold() for word in writer.TAKEN)


def test_label_studio_gets_its_interface_and_addresses(tmp_path: Path) -> None:
    written(held(samples_with_boxes()), "labelstudio", tmp_path / "out")
    tasks = json.loads((tmp_path / "out/tasks.json").read_text(encoding="utf-8"))
    assert tasks[3]["data"] == {"image": "/data/local-files/?d=images/Gr%C3%B6%C3%9Fe_1_2.png", "split": "val"}
    labels = ElementTree.parse(tmp_path / "out/labels.config").getroot()
    assert [label.get("value") for label in labels.iterfind("RectangleLabels/Label")] == list(CLASSES[:-1])


def test_a_difference_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that forgets boxes and moves one: it is seen, and what was there before stays."""
    data = held(samples_with_boxes())
    write_data(data, "yolo", tmp_path / "out")
    before = sorted(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    writer = find("writers", "yolo")
    right = writer.write

    def wrong(folder: Path, pictures: Any, classes: Any) -> None:
        right(folder, pictures, classes)
        (folder / "labels/train/1.txt").write_text("0 0.5 0.5 0.5 0.5\n")
        lines = (folder / "labels/val/b_1.txt").read_text().split("\n")
        (folder / "labels/val/b_1.txt").write_text("\n".join(["0 0.9 0.96875 0.0625 0.0625", *lines[1:]]))

    monkeypatch.setattr(writer, "write", wrong)
    found = write_data(data, "yolo", tmp_path / "out", overwrite=True)
    assert not found.stands
    assert len(found.comparison.differences) == 2
    assert found.comparison.differences[0].startswith(
        "images/train/1.jpg: boxes are read as of on; written were 猫, on"
    )
    moved = "images/val/b_1.webp: box 1 is read as 13.9, 15, 14.9, 16, not 15, 15, 16, 16"
    assert found.comparison.differences[1] == moved
    assert sorted(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_cannot_be_read_again_is_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = find("writers", "coco")
    monkeypatch.setattr(writer, "write", lambda folder, pictures, classes: None)
    found = write_data(held(samples_with_boxes()), "coco", tmp_path / "out")
    assert found.comparison.differences[0].startswith("what was written cannot be read: ")
    assert not (tmp_path / "out").exists()


def test_unreadable_pictures_are_named_and_the_others_written(tmp_path: Path) -> None:
    broken = ("train", Sample("broken.jpg", Bytes(b"nothing", "broken.jpg"), boxes=boxes(("on", 1, 1, 2, 2))))
    found, again = written(held([*samples_with_boxes(), broken]), "voc", tmp_path / "out")
    assert [error.name for error in found.bad] == ["broken.jpg"]
    assert_same(again, difficult=True)
    with pytest.raises(InputError, match=r"no picture of made can be written \(broken.jpg: is a text file"):
        write_data(held([broken]), "voc", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_some_splits_alone(tmp_path: Path) -> None:
    _, again = written(held(samples_with_boxes()), "cvat", tmp_path / "out", splits=["val"])
    assert dict(again.info.splits) == {"val": 2}
    with pytest.raises(InputError, match="--splits dev: made has train, val, test"):
        write_data(held(samples_with_boxes()), "cvat", tmp_path / "other", splits=["dev"])


def test_folders_that_must_not_be_written(tmp_path: Path) -> None:
    data = held(samples_with_boxes())
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file; name a folder"):
        write_data(data, "coco", tmp_path / "file")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("x")
    with pytest.raises(InputError, match="is not empty; name another folder, or say --overwrite"):
        write_data(data, "coco", tmp_path / "full")
    assert (tmp_path / "full/mine.txt").read_text() == "x"
    write_data(data, "coco", tmp_path / "full", overwrite=True)
    assert sorted(path.name for path in (tmp_path / "full").iterdir()) == ["annotations", "test", "train", "val"]
    (tmp_path / "empty").mkdir()
    write_data(data, "coco", tmp_path / "empty")
    own = open_data(tmp_path / "full")
    with pytest.raises(InputError, match="holds the data itself"):
        write_data(own, "voc", tmp_path / "full", overwrite=True)
    with pytest.raises(InputError, match="holds the data itself"):
        write_data(own, "voc", tmp_path, overwrite=True)
    with pytest.raises(InputError, match="lies among the data"):
        write_data(own, "voc", tmp_path / "full" / "voc")
    named = open_data(tmp_path / "full/annotations/instances_train.json")
    with pytest.raises(InputError, match="holds pictures of the data itself"):
        write_data(named, "voc", tmp_path / "full/train", overwrite=True)
    assert len(list((tmp_path / "full/train").iterdir())) == 3


def test_formats_that_do_not_suit_the_data(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="--to folder holds labels of whole pictures, and made has boxes; say --to coco, voc"
    ):
        write_data(held(samples_with_boxes()), "folder", tmp_path / "out")
    with pytest.raises(
        InputError,
        match="--to yolo holds boxes and masks of objects, and made has labels of whole pictures; say --to labelme",
    ):
        write_data(held(labelled(False)), "yolo", tmp_path / "out")
    with pytest.raises(InputError, match="made has neither boxes nor masks nor labels"):
        bare = [("train", Sample("a", Bytes(encoded("PNG", (3, 3)))))]
        write_data(held(bare), "yolo", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("label", ["a/b", "..", ".hidden", "Thumbs.db", "a ", "x\0y"])
def test_labels_that_no_folder_can_have(tmp_path: Path, label: str) -> None:
    sample = Sample("a", Bytes(encoded("PNG", (3, 3))), labels=(label,))
    with pytest.raises(InputError, match="no folder can be called"):
        write_data(held([("train", sample)], (label,)), "folder", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["voc", "cvat"])
def test_labels_that_xml_cannot_hold(tmp_path: Path, name: str) -> None:
    sample = Sample("a", Bytes(encoded("PNG", (9, 9))), boxes=boxes(("bell\x07", 1, 1, 3, 3)))
    with pytest.raises(InputError, match="holds a character that XML cannot"):
        write_data(held([("train", sample)], ("bell\x07",)), name, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_streams_have_classes_that_nothing_declares(tmp_path: Path) -> None:
    data = held(samples_with_boxes(), ())
    _, again = written(data, "coco", tmp_path / "out")
    assert again.info.labels == ("猫", "on", "Äpfel", 'a, "b" & <c>', "1")


def test_exif_is_copied_and_sizes_are_upright(tmp_path: Path) -> None:
    picture = PIL.Image.new("RGB", (40, 20))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    data = (tmp_path / "turned.jpg").read_bytes()
    sample = Sample("turned.jpg", Bytes(data), boxes=boxes(("on", 0, 0, 20, 40)))
    _, again = written(held([("train", sample)], ("on",)), "coco", tmp_path / "out")
    read = again.samples("train")[0]
    assert read.image.size() == (40, 20)
    assert read.image.encoded() == data
    document = json.loads((tmp_path / "out/annotations/instances_train.json").read_text())
    assert (document["images"][0]["height"], document["images"][0]["width"]) == (40, 20)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_data(
        held(samples_with_boxes()), "coco", tmp_path / "out", progress=lambda done, total: told.append((done, total))
    )
    assert told == [(number, 6) for number in range(1, 7)]


def test_fields_are_those_that_words_are_for() -> None:
    assert set(writing.FIELDS) <= HOLDABLE.keys()


def test_supervision_reads_the_same_boxes(tmp_path: Path) -> None:
    """Another library's readers of YOLO and COCO, as a reference."""
    supervision = pytest.importorskip("supervision")
    files = [(split, sample) for split, sample in samples_with_boxes() if split == "train"]
    data = held(files)
    written(data, "yolo", tmp_path / "yolo")
    written(data, "coco", tmp_path / "coco")
    yolo, coco = tmp_path / "yolo", tmp_path / "coco"
    found = {
        "yolo": supervision.DetectionDataset.from_yolo(
            str(yolo / "images/train"), str(yolo / "labels/train"), str(yolo / "data.yaml")
        ),
        "coco": supervision.DetectionDataset.from_coco(
            str(coco / "train"), str(coco / "annotations/instances_train.json")
        ),
    }
    for read in found.values():
        assert read.classes == list(CLASSES)
        by_name = {Path(path).stem: detections for path, _, detections in read}
        for _, sample in files:
            wanted, got = sample.boxes, by_name[NAMES[sample.key]]
            assert wanted is not None
            assert tuple(read.classes[number] for number in got.class_id) == wanted.labels
            assert np.abs(got.xyxy - wanted.xyxy).max(initial=0) < 0.01


def test_a_stream_of_unknown_length(tmp_path: Path) -> None:
    members = {}
    for number in range(6):
        members[f"{number}.jpg"] = encoded("JPEG", (12, 9), number)
        members[f"{number}.cls"] = b"cat" if number % 2 else b"dog"
    tar(tmp_path / "shards/train-000000.tar", members)
    data = open_data(tmp_path / "shards")
    assert data.endless
    told: list[tuple[int, int]] = []
    found, again = written(data, "folder", tmp_path / "out", progress=lambda done, total: told.append((done, total)))
    assert dict(again.info.splits) == {"train": 6}
    assert again.info.labels == ("cat", "dog")
    assert told[-1] == (6, 6)
    assert found.comparison.labels == 6
