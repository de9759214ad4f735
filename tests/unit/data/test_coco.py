"""COCO's JSON: its own layout and those that others make of it, beside pycocotools, and files that are damaged."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from laying import JSON, damaged, lay, pack, picture, read_or_refused, with_one_replaced

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Fault, Location
from clearsight.core.sample import Sample
from clearsight.data.open import open_data
from clearsight.data.readers import coco

PHOTO = picture(5, (8, 6))
CATEGORIES = [  # with gaps, and not in order
    {"id": 18, "name": "dog", "supercategory": "animal"},
    {"id": 3, "name": "car", "supercategory": "vehicle"},
    {"id": 90, "name": "owl", "supercategory": "animal"},
]


def image(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "file_name": name, "height": 6, "width": 8} | more


def box(number: int, of: int, category: int, bbox: Any, crowd: int = 0, **more: Any) -> dict[str, Any]:
    common = {"id": number, "image_id": of, "category_id": category, "bbox": bbox, "iscrowd": crowd, "area": 1.0}
    return common | {"segmentation": []} | more


def tables(images: list[Any], annotations: list[Any] | None, categories: list[Any] | None = CATEGORIES) -> str:
    found = {"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": categories}
    return json.dumps({name: table for name, table in found.items() if table is not None})


TRAIN = tables(
    [image(7, "b.png"), image(2, "a.png"), image(5, "none.png")],
    [
        box(11, 2, 18, [1, 2, 3, 4]),
        box(12, 7, 3, [0.5, 0.25, 2.5, 1.75]),
        box(13, 2, 3, [0, 0, 8, 6], crowd=1),
    ],
)
VAL = tables([image(1, "c.png")], [box(1, 1, 90, [2, 2, 2, 2])])
NAMES = {"train": ("a.png", "b.png", "none.png"), "val": ("c.png",)}

LAYOUTS: dict[str, tuple[str, str]] = {  # where the file of a split lies, and its pictures
    "official": ("annotations/instances_{}2017.json", "{}2017"),
    "wrapped": ("set/annotations/instances_{}.json", "set/{}"),
    "images": ("annotations/instances_{}.json", "images/{}"),
    "roboflow": ("{}/_annotations.coco.json", "{}"),
    "tops": ("{}.json", "images"),
    "elsewhere": ("annotations/{}.json", "photos/deep"),
}


def layout(kind: str) -> dict[str, bytes | str]:
    """Both splits in one of the layouts; Roboflow's val is called valid."""
    where, pictures = LAYOUTS[kind]
    files: dict[str, bytes | str] = {}
    for split, text in (("train", TRAIN), ("val", VAL)):
        name = "valid" if split == "val" and kind == "roboflow" else split
        files[where.format(name)] = text
        files |= {f"{pictures.format(name)}/{file}": PHOTO for file in NAMES[split]}
    return files


def samples(path: Path, split: str = "train") -> list[Sample]:
    return list(coco.read(Location(path), split))


def faults(path: Path) -> dict[str, Fault]:
    return {fault.what: fault for fault in coco.info(Location(path)).faults}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", LAYOUTS)
def test_layouts(tmp_path: Path, kind: str, packed: bool) -> None:
    path = pack(tmp_path / "x.zip", layout(kind)) if packed else lay(tmp_path / "x", layout(kind))
    data = open_data(path)
    assert (data.format, dict(data.info.splits)) == ("coco", {"train": 3, "val": 1})
    assert data.info.labels == ("car", "dog", "owl")  # in the order of their numbers
    assert (data.info.annotated, data.info.notes, data.info.faults) == ({"boxes"}, (), ())
    folder = LAYOUTS[kind][1].format("train")
    first, second, third = data.samples("train")
    assert [sample.key for sample in (first, second, third)] == [f"{folder}/{n}.png" for n in ("b", "a", "none")]
    assert all(sample.image.load().shape == (6, 8, 3) for sample in (first, second, third))
    assert first.boxes is not None and second.boxes is not None and third.boxes is not None
    np.testing.assert_array_equal(first.boxes.xyxy, np.array([[0.5, 0.25, 3, 2]], np.float32))
    assert (first.boxes.labels, first.boxes.crowd, first.boxes.said) == (("car",), None, (6, 8))
    np.testing.assert_array_equal(second.boxes.xyxy, [[1, 2, 4, 6], [0, 0, 8, 6]])
    assert second.boxes.labels == ("dog", "car") and second.boxes.crowd is not None
    np.testing.assert_array_equal(second.boxes.crowd, [False, True])
    assert third.boxes.xyxy.shape == (0, 4) and third.boxes.labels == ()  # annotated: there is nothing
    assert (first.labels, first.masks) == (None, None)
    (judged,) = data.samples("val")
    assert judged.boxes is not None and judged.boxes.labels == ("owl",)


@pytest.mark.parametrize("name", ["coco", "COCO"])
def test_by_name_from_the_official_layout(tmp_path: Path, name: str) -> None:
    lay(tmp_path / name, layout("official"))
    data = open_data("coco", data_root=tmp_path)
    assert (data.format, dict(data.info.splits), data.location.path) == (
        "coco",
        {"train": 3, "val": 1},
        tmp_path / name,
    )


def test_by_name_and_not_there_says_what_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"coco is not in .*: fetch train2017\.zip, .* so that it holds train2017, val2017"
    ):
        open_data("coco", data_root=tmp_path)


def test_other_files_of_coco_are_not_read(tmp_path: Path) -> None:
    captions = tables([image(7, "b.png")], [{"id": 1, "image_id": 7, "caption": "a car"}], None)
    more = {f"annotations/{what}_train2017.json": captions for what in ("captions", "person_keypoints")}
    data = open_data(lay(tmp_path, layout("official") | more | {"test2017/t.png": PHOTO}))
    assert dict(data.info.splits) == {"train": 3, "val": 1}
    others = "annotations/captions_train2017.json, annotations/person_keypoints_train2017.json"
    assert data.info.notes == (f"JSON files that are not read: {others}",)
    (fault,) = data.info.faults
    assert (fault.what, fault.items, fault.total, fault.level) == (
        "pictures that no annotation names",
        ("test2017/t.png",),
        5,
        "note",
    )


@pytest.mark.parametrize("name", ["annotations/instances_val2017.json", "val2017/mine.json"])
def test_one_file_alone(tmp_path: Path, name: str) -> None:
    files = layout("official") | {"val2017/mine.json": VAL}
    data = open_data(lay(tmp_path, files) / name)
    assert data.format == "coco" and dict(data.info.splits) == {"val" if "instances" in name else "train": 1}
    (sample,) = data.samples(*data.info.splits)
    assert sample.image.load().shape == (6, 8, 3)
    assert (data.info.notes, data.info.faults) == ((), ())
    lay(tmp_path, {"val2017/spare.png": PHOTO, "elsewhere/other.png": PHOTO})
    (fault,) = coco.info(data.location).faults
    assert fault.what == "pictures that no annotation names"
    assert [item.rpartition("/")[2] for item in fault.items] == ["spare.png"]


def test_a_file_without_annotations_is_not_annotated(tmp_path: Path) -> None:
    files = layout("official") | {
        "annotations/instances_test.json": tables([image(1, "t.png")], None),
        "test/t.png": PHOTO,
    }
    data = open_data(lay(tmp_path, files))
    assert [sample.boxes for sample in data.samples("test")] == [None]


def test_two_files_for_one_split_are_not_guessed_among(tmp_path: Path) -> None:
    files = {"annotations/instances_train2014.json": TRAIN, "annotations/instances_train2017.json": TRAIN}
    with pytest.raises(InputError, match=r"several files of COCO's for one split: .*; name the one that is meant"):
        open_data(lay(tmp_path, files), format="coco")


def test_every_kind_of_fault_is_named(tmp_path: Path) -> None:
    annotations = [
        box(1, 1, 3, [1, 1, 2, 2]),
        box(2, 1, 3, [1, 1, 2, 2]),  # a copy
        box(3, 1, 4, [1, 1, 2, 2]),  # no such category
        box(4, 9, 3, [1, 1, 2, 2]),  # no such picture
        box(5, 1, 3, [5, 1, -2, 2]),
        box(6, 1, 3, [1, 1, 0, 2]),
        box(7, 1, 3, [20, 1, 2, 2]),
        box(8, 1, 3, [6, 4, 5, 5]),
        box(9, 1, 3, [1, "x", 2, 2]),
        box(10, 1, 3, [1, 1, 2]),
        {"id": 11, "image_id": 1, "category_id": 3, "segmentation": []},
        box(12, 1, [3], [1, 1, 2, 2]),
        box(13, 1, 3, [1, 1, None, 2]),
    ]
    images = [image(1, "a.png"), image(2, "gone.png", height=0)]
    path = lay(tmp_path, {"x.json": tables(images, annotations), "a.png": PHOTO, "spare.png": PHOTO})
    found = faults(path)
    where = f"{tmp_path}/x.json"
    items = {what: [item.removeprefix(f"{where}: ") for item in fault.items] for what, fault in found.items()}
    assert items == {
        "pictures that are listed but not there": ["image 2: gone.png"],
        "sizes of pictures that are no numbers of pixels": ["image 2: 8 x 0 (gone.png)"],
        "boxes of a class that is not declared": [
            "annotation 3: category_id 4 (a.png)",
            "annotation 12: category_id no id (list) (a.png)",
        ],
        "boxes of a picture that is not listed": ["annotation 4: image_id 9"],
        "annotations without a box": ["annotation 10 (a.png)", "annotation 11 (a.png)"],
        "boxes whose coordinates are no numbers": ["annotation 9 (a.png)", "annotation 13 (a.png)"],
        "boxes of a width or height below 0": ["annotation 5 (a.png)"],
        "boxes that are there twice": ["annotation 2 (a.png)"],
        "boxes without area": ["annotation 6 (a.png)"],
        "boxes wholly outside their picture": ["annotation 7 (a.png)"],
        "boxes that reach beyond their picture": ["annotation 8 (a.png)"],
        "pictures that no annotation names": ["spare.png"],
    }
    assert {fault.total for fault in found.values() if fault.what.startswith(("boxes", "annotations"))} == {13}
    first, second = samples(path)
    assert first.boxes is not None and second.boxes is not None
    np.testing.assert_array_equal(first.boxes.xyxy, [[1, 1, 3, 3], [6, 4, 8, 6]])
    assert (second.boxes.said, second.boxes.labels) == (None, ())
    with pytest.raises(BadImage, match="not there"):
        second.image.load()


def test_a_file_that_names_no_split_beside_one_that_does(tmp_path: Path) -> None:
    data = open_data(
        lay(tmp_path, {"mine.json": TRAIN, "val.json": VAL} | {f"{n}.png": PHOTO for n in ("a", "b", "c")})
    )
    assert dict(data.info.splits) == {"train": 3, "val": 1}
    assert data.info.notes == ("files whose names say none of train, val, test are read as train: mine.json",)


def test_categories_of_one_name_are_one_class(tmp_path: Path) -> None:
    categories = [{"id": 0, "name": "cell"}, {"id": 1, "name": "cell"}, {"id": 2, "name": 7}]
    path = lay(
        tmp_path, {"x.json": tables([image(1, "a.png")], [box(1, 1, 1, [1, 1, 2, 2])], categories), "a.png": PHOTO}
    )
    info = coco.info(Location(path))
    assert info.labels == ("cell", "7")
    assert info.notes == (f"{tmp_path}/x.json: several categories of one name are one class: cell",)


def test_pictures_are_found_by_their_bare_names_or_anywhere(tmp_path: Path) -> None:
    images = [image(1, "C:\\old\\disk\\a.png"), image(2, "/data/b.png"), image(3, "twice.png")]
    files = dict.fromkeys(("train/a.png", "photos/b.png", "one/twice.png", "two/twice.png"), PHOTO)
    path = lay(tmp_path, files | {"annotations/train.json": tables(images, [])})
    assert [sample.key for sample in samples(path)] == ["train/a.png", "photos/b.png", "train/twice.png"]
    assert faults(path)["pictures that are listed but not there"].items[0].endswith("image 3: train/twice.png")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TRAIN[:-40], r"x\.json is not JSON, or cut short"),
        ("", r"x\.json is not JSON"),
        ("[1]", "is no file of COCO's: it must be an object with images, annotations and categories"),
        ("{}", r"x\.json has no list of 'images'"),
        (json.dumps({"images": {}}), r"x\.json: 'images' must be a list of objects"),
        (json.dumps({"images": [1]}), r"x\.json: 'images' must be a list of objects"),
        (json.dumps({"images": [], "annotations": []}), "has no list of 'categories', which name its classes"),
        (tables([], []), "its annotation files list no picture"),
        (tables([{"file_name": "a.png"}], []), r"x\.json: image 1 has no id"),
        (tables([image(1, "a.png"), image(1, "b.png")], []), r"x\.json: image 1: two pictures have this id"),
        (tables([{"id": 1}], []), r"x\.json: image 1: names no picture"),
        (tables([], [], [{"id": 1}]), r"x\.json: category 1 has no name"),
        (tables([], [], [{"name": "a"}]), r"x\.json: category 1 has no id"),
        (tables([], [], [CATEGORIES[0]] * 2), r"x\.json: two categories have the id 18"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = lay(tmp_path, {"x.json": text, "a.png": PHOTO}) / "x.json"
    with pytest.raises(InputError, match=message):
        open_data(path, format="coco")


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"shapes": [], "imagePath": "a"}', '{"images": 3}', "<a/>", '{"images": [']
)
def test_other_files_are_not_ours(tmp_path: Path, text: str) -> None:
    assert coco.sniff(Location(lay(tmp_path, {"x.json": text}) / "x.json")) is None
    assert coco.sniff(Location(tmp_path)) is None
    with pytest.raises(
        InputError, match=r"holds no JSON file of COCO's, with 'images', 'annotations' and 'categories'"
    ):
        coco.info(Location(tmp_path))


def test_beside_labelme_nobody_is_sure(tmp_path: Path) -> None:
    mine = json.dumps({"shapes": [], "imagePath": "a.png", "imageData": None})
    files = layout("official") | {
        "photos/a.json": mine,
        "photos/a.png": PHOTO,
        "annotations.xml": "<annotations><meta/>",
    }
    with pytest.raises(InputError, match=r"may be (coco|cvat) .* or (coco|cvat) .*; say which with --format"):
        open_data(lay(tmp_path, files))


def same_as_pycocotools(path: Path, file: Path, split: str) -> None:
    """Every box and flag of a split beside what pycocotools reads."""
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        theirs = COCO(str(file))
    ours = samples(path, split)
    order = coco.info(Location(path)).labels
    assert list(order) == [theirs.cats[number]["name"] for number in sorted(theirs.getCatIds())]
    assert [sample.key.rpartition("/")[2] for sample in ours] == [
        i["file_name"] for i in theirs.loadImgs(theirs.getImgIds())
    ]
    for sample, number in zip(ours, theirs.getImgIds(), strict=True):
        annotations = theirs.loadAnns(theirs.getAnnIds(imgIds=[number]))
        assert sample.boxes is not None
        wanted = np.array([a["bbox"] for a in annotations], np.float64).reshape(-1, 4)
        wanted[:, 2:] += wanted[:, :2]
        np.testing.assert_allclose(sample.boxes.xyxy, wanted, rtol=1e-6, atol=1e-4)
        assert list(sample.boxes.labels) == [theirs.cats[a["category_id"]]["name"] for a in annotations]
        crowd = np.zeros(len(annotations), bool) if sample.boxes.crowd is None else sample.boxes.crowd
        np.testing.assert_array_equal(crowd, [a["iscrowd"] for a in annotations])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_as_pycocotools_reads_it(tmp_path: Path, data: st.DataObject) -> None:
    draw = data.draw
    images = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=5, unique=True))
    numbers = draw(st.lists(st.integers(1, 200), min_size=1, max_size=4, unique=True))
    boxes = draw(
        st.lists(
            st.tuples(
                st.integers(0, 199), st.integers(0, 199), st.integers(1, 99), st.integers(1, 99), st.integers(0, 1)
            ),
            max_size=9,
            unique=True,
        )
    )
    annotations = [
        box(n, draw(st.sampled_from(images)), draw(st.sampled_from(numbers)), [x, y, w, h], crowd)
        for n, (x, y, w, h, crowd) in enumerate(boxes, 1)
    ]
    text = tables(
        [image(number, f"{number}.png", height=300, width=300) for number in images],
        annotations,
        [{"id": number, "name": f"c{number}", "supercategory": "x"} for number in numbers],
    )
    same_as_pycocotools(tmp_path, lay(tmp_path, {"annotations/train.json": text}) / "annotations/train.json", "train")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1000), JSON)
@example(0, {})  # as it was
def test_a_file_with_any_value_replaced_is_read_or_refused(tmp_path: Path, number: int, value: Any) -> None:
    text = json.dumps(with_one_replaced(json.loads(TRAIN), number, value))
    path = lay(tmp_path, {"a.png": PHOTO, "x.json": text}) / "x.json"
    assert read_or_refused(coco, Location(path)) or text != TRAIN


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 3000), st.binary(max_size=4), st.integers(0, 6))
@example(0, b"", 0)
def test_damaged_bytes_are_read_or_refused(tmp_path: Path, place: int, new: bytes, gone: int) -> None:
    data = damaged(TRAIN, place, new, gone)
    path = lay(tmp_path, {"x.json": data}) / "x.json"
    assert read_or_refused(coco, Location(path)) or data != TRAIN.encode()


@pytest.mark.data
def test_nuclei_beside_pycocotools(shared: Path, tmp_path: Path) -> None:
    import zipfile

    path = shared / "data" / "nuclei.zip"
    data = open_data(path)
    assert (data.format, dict(data.info.splits), data.info.labels) == ("coco", {"train": 300, "val": 100}, ("nucleus",))
    assert (data.info.notes, data.info.faults) == ((), ())
    with zipfile.ZipFile(path) as archive:
        for split, boxes in (("train", 13_124), ("val", 5_026)):
            archive.extract(f"nuclei/annotations/instances_{split}.json", tmp_path)
            same_as_pycocotools(path, tmp_path / f"nuclei/annotations/instances_{split}.json", split)
            found = data.samples(split)
            assert sum(len(sample.boxes.labels) for sample in found if sample.boxes is not None) == boxes
            assert all(sample.boxes is not None and sample.boxes.said == sample.image.size() for sample in found[:20])
