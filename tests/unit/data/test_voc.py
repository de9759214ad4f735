"""Pascal VOC: its lists, several years, what others make of it, and XML that is damaged or dangerous."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from laying import damaged, lay, pack, picture, read_or_refused

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Location
from clearsight.core.sample import Sample
from clearsight.data.open import open_data
from clearsight.data.readers import voc

PHOTO = picture(5, (8, 6))


def thing(name: str, *edges: object, difficult: object = 0, more: str = "") -> str:
    tags = zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True)
    inner = "".join(f"<{tag}>{edge}</{tag}>" for tag, edge in tags)
    flags = f"<pose>Left</pose><truncated>1</truncated><difficult>{difficult}</difficult>"
    return f"<object><name>{name}</name>{flags}<bndbox>{inner}</bndbox>{more}</object>"


def xml(*things: str, size: tuple[int, int] | None = (8, 6), name: str = "other.jpg") -> str:
    """What a tool writes for a picture of (width, height); its file name is often out of date."""
    sides = "" if size is None else f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    return f"<annotation><folder>VOC</folder><filename>{name}</filename>{sides}{''.join(things)}</annotation>"


PART = "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>"
FIRST = xml(thing("dog", 1, 2, 5, 6), thing("person", 2.5, 1, 8, 4, difficult=1, more=PART))
YEAR = {
    "JPEGImages/000001.png": PHOTO,
    "JPEGImages/000002.png": PHOTO,
    "JPEGImages/000003.png": PHOTO,
    "SegmentationClass/000001.png": PHOTO,  # no photograph
    "Annotations/000001.xml": FIRST,
    "Annotations/000002.xml": xml(thing("cat", 0, 0, 8, 6)),
    "Annotations/000003.xml": xml(),
    "ImageSets/Main/train.txt": "000002\n000001\n",
    "ImageSets/Main/val.txt": "000003 \n",
    "ImageSets/Main/trainval.txt": "000001\n000002\n000003\n",
    "ImageSets/Main/dog_train.txt": "000001  1\n000002 -1\n",
    "ImageSets/Segmentation/train.txt": "000001\n",
}

BESIDE = "SegmentationClass alone is not read beside boxes; --format voc-masks reads it"


def below(folder: str, files: dict[str, bytes | str]) -> dict[str, bytes | str]:
    return {f"{folder}{name}": data for name, data in files.items()}


def keys(path: Path, split: str) -> list[str]:
    return [sample.key for sample in voc.read(Location(path), split)]


def faults(path: Path) -> dict[str, tuple[str, ...]]:
    return {fault.what: fault.items for fault in voc.info(Location(path)).faults}


def only(path: Path) -> Sample:
    (sample,) = voc.read(Location(path), "train")
    return sample


@pytest.mark.parametrize("wrap", ["", "set/", "VOCdevkit/VOC2007/"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_official_layout(tmp_path: Path, packed: bool, wrap: str) -> None:
    files = below(wrap, YEAR)
    path = pack(tmp_path / "x.zip", files) if packed else lay(tmp_path / "x", files)
    data = open_data(path)
    assert (data.format, dict(data.info.splits)) == ("voc", {"train": 2, "val": 1})  # trainval counts nothing twice
    assert data.info.labels == ("cat", "dog", "person")
    assert (data.info.annotated, data.info.notes, data.info.faults) == ({"boxes"}, (BESIDE,), ())
    second, first = data.samples("train")  # in the list's order
    assert (second.key, first.key) == (f"{wrap}JPEGImages/000002.png", f"{wrap}JPEGImages/000001.png")
    assert first.boxes is not None and first.boxes.labels == ("dog", "person")
    np.testing.assert_array_equal(first.boxes.xyxy, np.array([[1, 2, 5, 6], [2.5, 1, 8, 4]], np.float32))  # as written
    assert (first.boxes.said, first.boxes.crowd) == ((6, 8), None) and first.boxes.difficult is not None
    np.testing.assert_array_equal(first.boxes.difficult, [False, True])
    assert second.boxes is not None and second.boxes.difficult is None
    (empty,) = data.samples("val")
    assert empty.boxes is not None and empty.boxes.xyxy.shape == (0, 4)  # annotated: there is nothing
    assert first.image.load().shape == (6, 8, 3)


def test_by_name_with_several_years(tmp_path: Path) -> None:
    test = {"ImageSets/Main/test.txt": "000009\n", "Annotations/000009.xml": xml(), "JPEGImages/000009.png": PHOTO}
    later = {name: data for name, data in YEAR.items() if "Segmentation" not in name}
    files = below("voc/VOCdevkit/VOC2007/", YEAR | test) | below("voc/VOCdevkit/VOC2012/", later)
    lay(tmp_path, files)
    data = open_data("voc", data_root=tmp_path)
    assert (data.format, dict(data.info.splits)) == ("voc", {"train": 4, "val": 2, "test": 1})
    years = [sample.key.split("/")[1] for sample in data.samples("train")]
    assert years == ["VOC2007", "VOC2007", "VOC2012", "VOC2012"]


def test_by_name_and_not_there_says_what_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"voc is not in .*: fetch VOCtrainval_06-Nov-2007\.tar \(MD5 c52e.*VOC2007$"):
        open_data("voc", data_root=tmp_path)


@pytest.mark.parametrize(
    ("lists", "splits"),
    [
        (("trainval",), {"train": ["1", "2", "3"]}),
        (("trainval", "train"), {"train": ["2", "1"], "val": ["3"]}),
        (("trainval", "val"), {"train": ["1", "2"], "val": ["3"]}),
        (("trainval", "train", "val"), {"train": ["2", "1"], "val": ["3"]}),
        (("train",), {"train": ["2", "1"]}),
    ],
)
def test_lists(tmp_path: Path, lists: tuple[str, ...], splits: dict[str, list[str]]) -> None:
    files = {name: data for name, data in YEAR.items() if "Main" not in name}
    files |= {f"ImageSets/Main/{name}.txt": YEAR[f"ImageSets/Main/{name}.txt"] for name in lists}
    path = lay(tmp_path, files)
    assert dict(voc.info(Location(path)).splits) == {split: len(names) for split, names in splits.items()}
    for split, names in splits.items():
        assert keys(path, split) == [f"JPEGImages/00000{name}.png" for name in names]


def test_pictures_that_no_list_names_are_told_of(tmp_path: Path) -> None:
    more = {
        "ImageSets/Main/trainval.txt": "000001\n000004\n",
        "JPEGImages/000004.png": PHOTO,
        "JPEGImages/5.png": PHOTO,
    }
    path = lay(tmp_path, YEAR | more | {"Annotations/000004.xml": xml()})
    assert faults(path) == {
        "pictures that no annotation names": ("JPEGImages/000004.png", "JPEGImages/5.png"),
        "annotation files that no list names": ("Annotations/000004.xml",),
        "pictures that trainval.txt names, and train.txt and val.txt do not": ("ImageSets/Main/trainval.txt: 000004",),
    }


def test_without_lists_there_is_one_split(tmp_path: Path) -> None:
    files = {name: data for name, data in YEAR.items() if "ImageSets" not in name} | {"JPEGImages/bare.png": PHOTO}
    path = lay(tmp_path, files)
    assert dict(open_data(path).info.splits) == {"train": 4}
    assert keys(path, "train") == [f"JPEGImages/{name}.png" for name in ("000001", "000002", "000003", "bare")]
    bare = list(voc.read(Location(path), "train"))[3]
    assert bare.boxes is None  # nobody has looked
    assert faults(path) == {"pictures without an annotation file": ("JPEGImages/bare.png",)}


@pytest.mark.parametrize(
    ("pictures", "annotations"),
    [("{}/", "{}/"), ("{}/images/", "{}/annotations/"), ("{}/JPEGImages/", "{}/Annotations/")],
)
def test_split_folders_and_annotations_beside_pictures(tmp_path: Path, pictures: str, annotations: str) -> None:
    files: dict[str, bytes | str] = {}
    for split in ("train", "valid"):
        files |= {f"{pictures.format(split)}1.png": PHOTO, f"{annotations.format(split)}1.xml": FIRST}
    data = open_data(lay(tmp_path, files))
    assert (data.format, dict(data.info.splits), data.info.faults) == ("voc", {"train": 1, "val": 1}, ())
    assert [sample.key for sample in data.samples("val")] == [f"{pictures.format('valid')}1.png"]


def test_folders_within_and_other_capitals(tmp_path: Path) -> None:
    files = {"annotations/day/a.xml": FIRST, "JPEGImages/day/A.PNG": PHOTO, "JPEGImages/night/a.png": PHOTO}
    path = lay(tmp_path, files | {"ImageSets/Main/train.txt": "day/a.png\n"})
    assert keys(path, "train") == ["JPEGImages/day/A.PNG"]
    assert faults(path) == {"pictures that no annotation names": ("JPEGImages/night/a.png",)}


def test_a_name_with_blanks(tmp_path: Path) -> None:
    files = {"Annotations/my dog.xml": FIRST, "JPEGImages/my dog.png": PHOTO, "ImageSets/Main/test.txt": "my dog\n"}
    assert keys(lay(tmp_path, files), "test") == ["JPEGImages/my dog.png"]


def test_a_picture_in_two_splits_is_two_samples(tmp_path: Path) -> None:
    path = lay(tmp_path, YEAR | {"ImageSets/Main/test.txt": "000001\n"})
    assert keys(path, "test") == ["JPEGImages/000001.png#2"]


def test_sizes_that_are_not_said_are_read_from_the_pictures(tmp_path: Path) -> None:
    for number, size in enumerate([None, (0, 0), (8, "")]):
        text = xml(thing("dog", 1, 1, 30, 4), size=size)  # type: ignore[arg-type]
        path = lay(tmp_path / str(number), {"Annotations/a.xml": text, "JPEGImages/a.png": PHOTO})
        boxes = only(path).boxes
        assert boxes is not None and boxes.said is None
        np.testing.assert_array_equal(boxes.xyxy, [[1, 1, 8, 4]])


def test_every_kind_of_fault_is_named(tmp_path: Path) -> None:
    things = [
        thing("dog", 1, 1, 4, 4),
        thing("dog", 1, 1, 4, 4),
        thing("dog", 4, 4, 1, 1),
        thing("dog", 5, 1, 2, 4),
        thing("dog", 1, 1, 1, 4),
        thing("dog", 20, 1, 30, 4),
        thing("dog", 5, 1, 12, 4),
        thing("dog", "x", 1, 2, 4),
        thing("dog", "", 1, 2, 4),
        thing("dog", "nan", 1, 2, 4),
        thing(" ", 1, 1, 2, 4),
        "<object><name>dog</name></object>",
        "<object><bndbox/></object>",
        "<object><name>dog</name><bndbox><xmin>1</xmin></bndbox></object>",
    ]
    files = {"Annotations/a.xml": xml(*things), "JPEGImages/a.png": PHOTO, "Annotations/gone.xml": xml()}
    path = lay(tmp_path, files | {"ImageSets/Main/train.txt": "a\ngone\nlost\n"})
    where = f"{tmp_path}/Annotations/a.xml: "
    found = {what: [item.removeprefix(where) for item in items] for what, items in faults(path).items()}

    def objects(*numbers: int) -> list[str]:
        return [f"object {number} (JPEGImages/a.png)" for number in numbers]

    assert found == {
        "boxes without a label": objects(11, 13),
        "annotations without a box": objects(12),
        "pictures that are listed but not there": [
            f"{tmp_path}/ImageSets/Main/train.txt: JPEGImages/{name}.jpg" for name in ("gone", "lost")
        ],
        "pictures without an annotation file": ["JPEGImages/lost.jpg"],
        "boxes whose coordinates are no numbers": objects(8, 9, 10, 14),
        "boxes whose second corner lies before the first": objects(3, 4),
        "boxes that are there twice": objects(2, 3),
        "boxes without area": objects(5),
        "boxes wholly outside their picture": objects(6),
        "boxes that reach beyond their picture": objects(7),
    }
    first, gone, lost = voc.read(Location(path), "train")
    assert first.boxes is not None
    np.testing.assert_array_equal(first.boxes.xyxy, [[1, 1, 4, 4], [2, 1, 5, 4], [5, 1, 8, 4]])
    assert gone.boxes is not None and lost.boxes is None
    with pytest.raises(BadImage, match="not there"):
        gone.image.load()


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("listed", [True, False])
def test_other_xml_among_the_annotations(tmp_path: Path, there: bool, listed: bool) -> None:
    """The picture that it has the name of stays, as not annotated; one that nothing else speaks of does not."""
    files = {"Annotations/a.xml": FIRST, "Annotations/b.xml": "<project/>", "JPEGImages/a.png": PHOTO}
    files |= {"JPEGImages/b.png": PHOTO} if there else {}
    path = lay(tmp_path, files | ({"ImageSets/Main/train.txt": "a\nb\n"} if listed else {}))
    data = open_data(path)
    told = {fault.what: (fault.items, fault.total) for fault in data.info.faults}
    where = (f"{tmp_path}/Annotations/b.xml",)
    assert told.pop("files of something else among the annotations") == (where, 2)
    assert list(told) == (["pictures that are listed but not there"] if listed and not there else [])
    first, *others = data.samples("train")
    assert first.boxes is not None and [other.boxes for other in others] == [None] * (there or listed)
    assert dict(data.info.splits) == {"train": 1 + (there or listed)}


DOCTYPE = '<!DOCTYPE annotation [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DOCTYPE + FIRST.replace("dog", "&x;"), r"a\.xml has a DOCTYPE, which no annotation needs; refused"),
        (FIRST[:-30], r"a\.xml is no XML, or cut short"),
        ("", r"a\.xml is no XML, or cut short"),
        ("<project/>", "holds no annotation of Pascal VOC: an XML file for each picture, in Annotations"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = lay(tmp_path, {"Annotations/a.xml": text, "JPEGImages/a.png": PHOTO})
    with pytest.raises(InputError, match=message):
        open_data(path, format="voc")


def test_what_is_not_ours(tmp_path: Path) -> None:
    path = lay(tmp_path, {"annotations.xml": "<annotations><meta/></annotations>", "images/a.png": PHOTO})
    assert voc.sniff(Location(path)) is None
    assert voc.sniff(Location(path / "annotations.xml")) is None
    with pytest.raises(InputError, match="is no folder or zip; give that which holds Annotations and JPEGImages"):
        voc.info(Location(path / "annotations.xml"))
    imagenet = {"ILSVRC/Annotations/CLS-LOC/val/x.xml": FIRST, "ILSVRC/Data/CLS-LOC/val/n01440764/x.png": PHOTO}
    assert voc.sniff(Location(lay(tmp_path / "i", imagenet))) is None


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 3000), st.binary(max_size=4), st.integers(0, 6))
@example(0, b"", 0)
def test_damaged_bytes_are_read_or_refused(tmp_path: Path, place: int, new: bytes, gone: int) -> None:
    data = damaged(FIRST, place, new, gone)
    path = lay(tmp_path, {"Annotations/a.xml": data, "JPEGImages/a.png": PHOTO})
    assert read_or_refused(voc, Location(path)) or data != FIRST.encode()


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=30))
def test_lists_of_any_bytes_are_read(tmp_path: Path, data: bytes) -> None:
    path = lay(tmp_path, YEAR | {"ImageSets/Main/train.txt": data})
    info = voc.info(Location(path))
    assert len(list(voc.read(Location(path), "train"))) == info.splits.get("train", 0)


@pytest.mark.data
def test_bccd(shared: Path) -> None:
    data = open_data(shared / "data" / "bccd.zip")
    assert (data.format, data.info.labels, data.info.notes) == ("voc", ("Platelets", "RBC", "WBC"), ())
    assert dict(data.info.splits) == {"train": 205, "val": 87, "test": 72}
    (fault,) = data.info.faults
    assert (fault.what, len(fault.items), fault.total) == ("boxes without area", 2, 4888)
    boxes = {split: [sample.boxes for sample in data.samples(split)] for split in data.info.splits}
    assert {split: sum(len(own.labels) for own in some if own) for split, some in boxes.items()} == {
        "train": 2804,
        "val": 1137,
        "test": 945,
    }
    assert all(own is not None and own.said == (480, 640) for some in boxes.values() for own in some)
    first = data.samples("val")[0]
    assert first.key == "bccd/BCCD/JPEGImages/BloodImage_00000.jpg" and first.boxes is not None
    assert first.boxes.labels[:2] == ("WBC", "RBC")
    np.testing.assert_array_equal(first.boxes.xyxy[:2], [[260, 177, 491, 376], [78, 336, 184, 435]])
