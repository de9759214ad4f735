"""YOLO's text files in Ultralytics' layout, in the shapes that data.yaml takes, and lines that are no boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from laying import damaged, lay, pack, picture, read_or_refused

from clearsight.core.errors import InputError
from clearsight.core.reader import Location
from clearsight.core.sample import Sample
from clearsight.data.open import open_data
from clearsight.data.readers import yolo
from clearsight.data.readers.yolo_files import label_of

PHOTO = picture(5, (80, 60))
NAMES = "names: [cat, dog, owl]\n"
FILES: dict[str, bytes | str] = {
    "images/train/1.png": PHOTO,
    "images/train/2.png": PHOTO,
    "images/train/sub/3.png": PHOTO,
    "images/val/4.png": PHOTO,
    "labels/train/1.txt": "1 0.5 0.5 0.25 0.5\n\n0 0.125 0.25 0.25 0.5\n",
    "labels/train/2.txt": "",
    "labels/train/sub/3.txt": "2 0.5 0.5 1 1",
    "labels/val/4.txt": "0 0.5 0.5 0.5 0.5\r\n",
    "labels/classes.txt": "cat\ndog\nowl\n",
}
WHOLE = "path: .\ntrain: images/train\nval: images/val\nnc: 3\n" + NAMES


def samples(path: Path, split: str = "train") -> list[Sample]:
    return list(yolo.read(Location(path), split))


def keys(path: Path, split: str = "train") -> list[str]:
    return [sample.key for sample in samples(path, split)]


def faults(path: Path) -> dict[str, tuple[str, ...]]:
    return {fault.what: fault.items for fault in yolo.info(Location(path)).faults}


@pytest.mark.parametrize("form", ["folder", "zip", "wrapped", "file"])
def test_the_usual_layout(tmp_path: Path, form: str) -> None:
    files = FILES | {"data.yaml": WHOLE}
    if form in ("zip", "wrapped"):
        path = pack(tmp_path / "x.zip", {f"set/{n}" if form == "wrapped" else n: data for n, data in files.items()})
    else:
        path = lay(tmp_path / "x", files)
    data = open_data(path / "data.yaml" if form == "file" else path)
    assert (data.format, dict(data.info.splits)) == ("yolo", {"train": 3, "val": 1})
    assert data.info.labels == ("cat", "dog", "owl")  # in the order of their numbers
    assert (data.info.annotated, data.info.notes, data.info.faults) == ({"boxes"}, (), ())
    first, second, third = data.samples("train")
    start = "set/" if form == "wrapped" else ""
    assert [s.key for s in (first, second, third)] == [f"{start}images/train/{n}.png" for n in ("1", "2", "sub/3")]
    assert first.boxes is not None and second.boxes is not None and third.boxes is not None
    assert first.boxes.labels == ("dog", "cat") and first.boxes.said is None
    np.testing.assert_array_equal(first.boxes.xyxy, [[30, 15, 50, 45], [0, 0, 20, 30]])
    assert second.boxes.xyxy.shape == (0, 4)  # an empty file: there is nothing
    np.testing.assert_array_equal(third.boxes.xyxy, [[0, 0, 80, 60]])
    assert first.image.load().shape == (60, 80, 3)


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        ("names: {0: cat, 2: owl, 1: dog}\n", ("cat", "dog", "owl")),
        ("names:\n  0: cat\n  1: 7\n  5: owl\n", ("cat", "7", "owl")),
        ("names:\n- cat\n- dog\n- owl\n", ("cat", "dog", "owl")),
        ("nc: 3\n", ("class_0", "class_1", "class_2")),
    ],
)
def test_names(tmp_path: Path, names: str, labels: tuple[str, ...]) -> None:
    path = lay(tmp_path, FILES | {"data.yml": "train: images/train\nval: images/val\n" + names})
    assert open_data(path).info.labels == labels


@pytest.mark.parametrize(
    ("text", "train"),
    [
        ("train: images/train\n", ["1", "2", "sub/3"]),
        ("train: ./images/train/\n", ["1", "2", "sub/3"]),
        ("train: ../images/train\n", ["1", "2", "sub/3"]),  # as Roboflow writes it
        ("train: [images/train/sub, images/val]\n", ["sub/3", "../val/4"]),
        ("path: images\ntrain: train/sub\n", ["sub/3"]),
        ("path: ../datasets/pets\ntrain: images/train\n", ["1", "2", "sub/3"]),
        ("train: few.txt\n", ["2", "1"]),
        ("train: [few.txt, images/train/sub]\n", ["2", "1", "sub/3"]),
        ("training: images/train\n", ["1", "2", "sub/3"]),
    ],
)
def test_where_pictures_are(tmp_path: Path, text: str, train: list[str]) -> None:
    path = lay(tmp_path, FILES | {"data.yaml": text + NAMES, "few.txt": "./images/train/2.png\n\nimages/train/1.png\n"})
    wanted = [f"images/train/{name}.png".replace("train/../", "") for name in train]
    assert keys(path) == wanted
    notes = yolo.info(Location(path)).notes
    assert any("its path ../datasets/pets is not there" in note for note in notes) == ("datasets" in text)


def test_pictures_elsewhere_on_the_disk(tmp_path: Path) -> None:
    there = lay(tmp_path / "there", FILES)
    for number, text in enumerate((f"path: {there}\ntrain: images/train\n", f"train: {there}/images/train\n")):
        path = lay(tmp_path / str(number), {"data.yaml": text + NAMES}) / "data.yaml"
        first = samples(path)[0]
        assert first.boxes is not None and first.boxes.labels == ("dog", "cat")
        assert first.image.load().shape == (60, 80, 3)


def test_labels_beside_pictures_and_the_last_images_folder(tmp_path: Path) -> None:
    assert label_of("images/a/images/b.c.png") == "images/a/labels/b.c.txt"
    assert label_of("a/images.png") == "a/images.txt"
    assert label_of("/data/images/x/1.jpg") == "/data/labels/x/1.txt"
    path = lay(tmp_path, {"all/1.png": PHOTO, "all/1.txt": "0 0.5 0.5 1 1", "data.yaml": "train: all\n" + NAMES})
    (sample,) = samples(path)
    assert sample.boxes is not None and sample.boxes.labels == ("cat",)


def test_a_missing_label_file_is_background_but_not_where_all_are_missing(tmp_path: Path) -> None:
    files = {name: data for name, data in FILES.items() if name not in ("labels/train/2.txt", "labels/val/4.txt")}
    path = lay(tmp_path, files | {"data.yaml": WHOLE})
    second = samples(path)[1]
    assert second.boxes is not None and second.boxes.labels == ()
    assert samples(path, "val")[0].boxes is None
    assert yolo.info(Location(path)).notes == ("val has no label file at all: its 1 picture taken as not annotated",)
    assert faults(path) == {"pictures without a label file": ("images/train/2.png",)}


def test_polygons_count_as_the_boxes_around_them(tmp_path: Path) -> None:
    lines = "1 0.25 0.5 0.75 0.25 0.5 1\n0 0.5 0.5 0.5 0.5\n"
    path = lay(tmp_path, FILES | {"data.yaml": WHOLE, "labels/train/1.txt": lines})
    boxes = samples(path)[0].boxes
    assert boxes is not None
    np.testing.assert_array_equal(boxes.xyxy, [[20, 15, 60, 60], [20, 15, 60, 45]])
    info = yolo.info(Location(path))
    assert info.notes == ()
    assert faults(path) == {"polygons among boxes": (f"{tmp_path}/labels/train/1.txt: line 1 (images/train/1.png)",)}


def test_key_points_behind_the_box_are_passed_over(tmp_path: Path) -> None:
    lines = "1 0.5 0.5 0.5 0.5 0.1 0.1 2 0.9 0.9 2\n"
    path = lay(tmp_path, FILES | {"data.yaml": WHOLE + "kpt_shape: [2, 3]\n", "labels/train/1.txt": lines})
    boxes = samples(path)[0].boxes
    assert boxes is not None
    np.testing.assert_array_equal(boxes.xyxy, [[20, 15, 60, 45]])


def test_every_kind_of_fault_is_named(tmp_path: Path) -> None:
    lines = [
        "0 0.5 0.5 0.2 0.2",
        "0 0.5 0.5 0.2 0.2",
        "3 0.5 0.5 0.2 0.2",
        "cat 0.5 0.5 0.2 0.2",
        "0 0.5 0.5 0.2",
        "0 0.5 0.5 0.2 0.2 0.9",
        "0 0.5 x 0.2 0.2",
        "0 0.5 0.5 -0.2 0.2",
        "0 0.5 0.5 0 0.2",
        "0 300 200 50 50",
        "0 0.95 0.5 0.2 0.2",
        "-1 0.5 0.5 0.1 0.1",
        "0.5 0.5 0.5 0.1 0.1",
        "0 nan 0.5 0.1 0.1",
        "0 0.1 0.1 0.2 nan 0.3 0.3",
    ]
    more = {"labels/train/gone.txt": "", "labels/train/1.txt": "\n".join(lines), "few.txt": "images/train/lost.png\n"}
    path = lay(tmp_path, FILES | more | {"data.yaml": WHOLE + "test: few.txt\n"})
    found = faults(path)

    def at(*numbers: int, more: str = "") -> tuple[str, ...]:
        return tuple(f"{tmp_path}/labels/train/1.txt: line {n}{more} (images/train/1.png)" for n in numbers)

    assert found == {
        "boxes of a class that is not declared": (*at(3, more=": class 3"), *at(12, more=": class -1")),
        "lines that are no box": at(4, 5, 6, 13),
        "polygons among boxes": at(15),
        "annotation files without a picture": (f"{tmp_path}/labels/train/gone.txt",),
        "pictures that are listed but not there": (f"{tmp_path}/few.txt: line 1: images/train/lost.png",),
        "boxes whose coordinates are no numbers": at(7, 14, 15),
        "boxes of a width or height below 0": at(8),
        "boxes that are there twice": at(2),
        "boxes without area": at(9),
        "boxes wholly outside their picture": at(10),
        "boxes that reach beyond their picture": at(11),
    }
    boxes = samples(path)[0].boxes
    assert boxes is not None
    np.testing.assert_allclose(boxes.xyxy, [[32, 24, 48, 36], [68, 24, 80, 36]], atol=1e-4)


@pytest.mark.parametrize("form", ["folder", "zip", "file"])
def test_pictures_that_a_list_does_not_name(tmp_path: Path, form: str) -> None:
    """Their label files belong to a picture all the same; one without any does not."""
    more = {"data.yaml": "train: few.txt\nval: images/val\n" + NAMES, "few.txt": "images/train/1.png\n"}
    files = FILES | more | {"labels/train/gone.txt": ""}
    path = pack(tmp_path / "x.zip", files) if form == "zip" else lay(tmp_path / "x", files)
    assert faults(path / "data.yaml" if form == "file" else path) == {
        "pictures that no annotation names": ("images/train/2.png", "images/train/sub/3.png"),
        "annotation files without a picture": (f"{path}/labels/train/gone.txt",),
    }


def test_pictures_beside_the_named_place_are_others(tmp_path: Path) -> None:
    files = {f"pets/{name}": data for name, data in FILES.items()} | {"holiday/1.png": PHOTO}
    path = lay(tmp_path, files | {"pets.yaml": "path: pets\ntrain: images/train\n" + NAMES}) / "pets.yaml"
    assert faults(path) == {"pictures that no annotation names": ("pets/images/val/4.png",)}


def test_label_files_whose_pictures_are_all_gone(tmp_path: Path) -> None:
    files = {name: data for name, data in FILES.items() if name not in ("images/val/4.png", "images/train/sub/3.png")}
    (tmp_path / "images/val").mkdir(parents=True)
    path = lay(tmp_path, files | {"data.yaml": WHOLE})
    gone = tuple(f"{tmp_path}/labels/{name}.txt" for name in ("train/sub/3", "val/4"))
    assert faults(path) == {"annotation files without a picture": gone}


def test_what_a_file_says_of_itself(tmp_path: Path) -> None:
    text = (
        "train: images/train\nval: images/val\ntest: images/test\nnc: 5\nnames: [cat, dog, cat]\ndownload: |\n  echo\n"
    )
    path = lay(tmp_path, FILES | {"data.yaml": text})
    where = f"{tmp_path}/data.yaml"
    info = yolo.info(Location(path))
    assert info.labels == ("cat", "dog")
    assert info.notes == (
        f"{where}: nc says 5 classes, names are 3; the names count",
        f"{where}: test: images/test is not there",
        f"{where}: several numbers of one name are one class: cat",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: [cat\n", r"data\.yaml is no YAML"),
        ("!!python/object/apply:os.system ['true']", r"data\.yaml is no YAML .*could not determine a constructor"),
        ("- a\n", r"data\.yaml must say names:, train: and val:"),
        ("train: images/train\nval: images/lost\n" + NAMES, r"val: images/lost is not there; correct it, or say path:"),
        ("train: images/train\nnames: cat\n", "names: must be a list of classes, or a number: name for each"),
        ("train: images/train\nnames: {a: cat}\n", "names: 'a' is no number of a class"),
        ("train: images/train\nnames: [cat, no]\n", "names: write the name of class 1 in quotes"),  # YAML's false
        ("train: images/train\nnc: many\n", "nc must be the number of classes"),
        ("train: images/train\n", "does not say names:, the names of the classes"),
        ("train: 5\n" + NAMES, "train: names no picture"),
        ("train: labels\n" + NAMES, "names no folder or list that holds pictures"),
        ("path: 5\ntrain: labels\n" + NAMES, r"data\.yaml: path: names no picture"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    from clearsight.data.readers import yolo_files
    from clearsight.data.tree import open_tree

    path = lay(tmp_path, FILES | {"data.yaml": text})
    with pytest.raises(InputError, match=message):
        yolo_files.open_file(open_tree(path), "data.yaml")
        yolo.info(Location(path))


def test_several_files_and_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no data\.yaml with names:, train: and val:"):
        yolo.info(Location(lay(tmp_path, FILES | {"other.yaml": "a: 1\n", "broken.yaml": "a: [\n"})))
    assert yolo.sniff(Location(tmp_path)) is None
    path = lay(tmp_path, {"a.yaml": WHOLE, "b.yaml": WHOLE})
    with pytest.raises(InputError, match=r"holds several, a\.yaml, b\.yaml; name the one that is meant"):
        yolo.info(Location(path))
    assert open_data(path / "a.yaml").format == "yolo"
    assert yolo.sniff(Location(lay(tmp_path / "big", {"x.yaml": WHOLE + "#" * 2**20}))) is None


def test_class_folders_beside_do_not_win(tmp_path: Path) -> None:
    """Roboflow's train/images is no class called images."""
    files = {f"{s}/{kind}/1.{end}": data for s in ("train", "valid") for kind, end, data in
             (("images", "png", PHOTO), ("labels", "txt", "0 0.5 0.5 1 1"))}  # fmt: skip
    path = lay(tmp_path, files | {"data.yaml": "train: ../train/images\nval: ../valid/images\n" + NAMES})
    assert open_data(path).format == "yolo"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 300), st.binary(max_size=4), st.integers(0, 6))
@example(0, b"", 0)
def test_damaged_yaml_is_read_or_refused(tmp_path: Path, place: int, new: bytes, gone: int) -> None:
    data = damaged(WHOLE, place, new, gone)
    path = lay(tmp_path, FILES | {"data.yaml": data})
    assert read_or_refused(yolo, Location(path)) or data != WHOLE.encode()


WORDS = st.sampled_from(
    ["0", "1", "2", "3", "-1", "0.5", "0.25", "1", "nan", "inf", "1e400", "x", "1e9", "\n", "\n", "\0"]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["0", "0", "0", "1", "1e9"])
@given(st.lists(WORDS, max_size=25) | st.binary(max_size=20))
def test_labels_of_any_kind_are_read(tmp_path: Path, words: list[str] | bytes) -> None:
    text = words if isinstance(words, bytes) else " ".join(words)
    path = lay(tmp_path, FILES | {"data.yaml": WHOLE, "labels/train/1.txt": text})
    told = sum(len(fault.items) for fault in yolo.info(Location(path)).faults if fault.done.startswith("left out"))
    first = samples(path)[0]
    assert first.boxes is not None
    lines = text.decode("utf-8", "replace").splitlines() if isinstance(text, bytes) else text.splitlines()
    assert len(first.boxes.labels) + told == sum(1 for line in lines if line.strip())
