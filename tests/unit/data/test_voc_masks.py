"""Pascal VOC's masks: of objects and of classes, by the lists of boxes or their own, and what is wrong with them."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from laying import lay, pack, picture
from masking import indexed

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Fault, Location
from clearsight.core.sample import VOID, Masks
from clearsight.data.checks import gather, run_checks
from clearsight.data.open import Dataset, open_data
from clearsight.data.readers import voc, voc_segmentation
from clearsight.ops.rle import to_mask

PHOTO = picture(5)  # 4 x 3 pixels
CLASSES = np.array([[0, 12, 12, 15], [0, 255, 12, 15], [0, 0, 12, 12]], np.uint8)  # 12 dog, 15 person
OBJECTS = np.array([[0, 1, 1, 2], [0, 255, 1, 2], [0, 0, 3, 3]], np.uint8)
XML = "<annotation><size><width>4</width><height>3</height></size><object><name>dog</name><bndbox><xmin>1</xmin>"
XML += "<ymin>0</ymin><xmax>3</xmax><ymax>2</ymax></bndbox></object></annotation>"
VOC: dict[str, bytes | str] = {
    "JPEGImages/1.png": PHOTO,
    "JPEGImages/2.png": PHOTO,
    "SegmentationClass/1.png": indexed(CLASSES, [1, 2, 3] * 256),
    "SegmentationObject/1.png": indexed(OBJECTS, [1, 2, 3] * 256),
}


def masks_in(data: Dataset, place: int = 0, split: str = "train") -> Masks:
    found = data.samples(split)[place].masks
    assert found is not None
    return pickle.loads(pickle.dumps(found))


def told(data: Dataset) -> dict[str, Fault]:
    return {fault.what: fault for fault in data.info.faults}


@pytest.mark.parametrize("boxed", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_voc_with_objects(tmp_path: Path, packed: bool, boxed: bool) -> None:
    more = {"Annotations/1.xml": XML, "Annotations/2.xml": XML} if boxed else {}
    files = {f"VOCdevkit/VOC2012/{name}": data for name, data in (VOC | more).items()}
    data = open_data(pack(tmp_path / "x.zip", files) if packed else lay(tmp_path / "x", files))
    assert data.format == "voc" and data.info.instances
    assert data.info.annotated == ({"boxes", "masks"} if boxed else {"masks"})
    bare = "VOCdevkit/VOC2012/JPEGImages/2.png"
    if boxed:  # where there are boxes, it may well be that a picture has no masks
        assert data.info.notes == (f"1 picture without masks, taken as not annotated with masks: {bare}",)
        assert data.info.faults == ()
    else:
        assert data.info.notes == () and told(data)["pictures without a mask"].items == (bare,)
    masks = masks_in(data)
    assert masks.labels == ("dog", "person", "dog") and set(masks.labels) < set(data.info.labels)
    for number, runs in enumerate(masks.runs(), 1):
        np.testing.assert_array_equal(to_mask(runs), number == OBJECTS)
    assert masks.ignored is not None
    np.testing.assert_array_equal(to_mask(masks.ignored()), OBJECTS == VOID)
    second = data.samples("train")[1]
    assert second.masks is None and (second.boxes is not None) == boxed


def test_voc_with_classes_alone(tmp_path: Path) -> None:
    files = {name: data for name, data in VOC.items() if "Object" not in name}
    lists = {"ImageSets/Segmentation/val.txt": "1\n"}
    data = open_data(lay(tmp_path / "a", files | lists))
    assert dict(data.info.splits) == {"val": 1} and not data.info.instances
    assert data.info.labels[0] == "background" and len(data.info.labels) == 21 and data.info.annotated == {"masks"}
    np.testing.assert_array_equal(masks_in(data, split="val").indices(), CLASSES)
    table = {"labelmap.txt": "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:10,20,30::\n"}
    palette = [0, 0, 0, *([224, 224, 192] * 254), 10, 20, 30]
    cats = indexed(np.where(CLASSES == 12, 255, CLASSES > 0), palette)
    data = open_data(lay(tmp_path / "b", files | table | {"SegmentationClass/1.png": cats}))
    assert data.info.labels == ("background", "cat")
    np.testing.assert_array_equal(masks_in(data).indices(), np.select([CLASSES == 0, CLASSES == 12], [0, 1], VOID))


def test_what_is_wrong_with_vocs_masks_is_named(tmp_path: Path) -> None:
    objects = np.where(CLASSES == 0, 4, OBJECTS)  # an object without a class
    more = {"SegmentationObject/1.png": indexed(objects), "SegmentationClass/2.png": indexed(CLASSES)}
    path = lay(tmp_path, VOC | more | {"SegmentationObject/2.png": b"nothing"})
    (fault,) = voc.info(Location(path)).faults
    assert (fault.what, fault.total) == ("masks without a label", 4)
    assert fault.items[0].endswith("object 4 in SegmentationObject/1.png (JPEGImages/1.png)")
    first, second = (masks_in(open_data(path), place) for place in (0, 1))
    assert first.labels == ("dog", "person", "dog")
    with pytest.raises(BadImage, match="is a text file"):
        second.load()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"SegmentationClass/1.png": indexed(CLASSES)[:45]}, r"SegmentationClass/1\.png: "),
        (
            {"SegmentationClass/1.png": indexed(CLASSES[:2])},
            r"SegmentationObject/1\.png: is not of the size of .*Class/1",
        ),
        ({"SegmentationObject/1.png": indexed(OBJECTS)[:45]}, r"SegmentationObject/1\.png: "),
    ],
)
@pytest.mark.parametrize("table", [False, True])
def test_damaged_masks_do_not_say_that_nothing_is_there(
    tmp_path: Path, table: bool, wrong: dict[str, bytes | str], reason: str
) -> None:
    more: dict[str, bytes | str] = {name.replace("1.png", "2.png"): data for name, data in VOC.items()}
    if table:
        more["labelmap.txt"] = "background:0,0,0::\ndog:4,5,6::\n"
    data = open_data(lay(tmp_path, VOC | more | wrong))
    with pytest.raises(BadImage, match=reason):
        masks_in(data).load()
    assert [source.name for source in masks_in(data).files()] == [
        f"{tmp_path}/Segmentation{kind}/1.png" for kind in ("Object", "Class")
    ]
    findings = {found.message: found.items for found in run_checks(gather(data, full=True))}
    (items,) = [items for message, items in findings.items() if "masks of 1 of 2 pictures cannot be used" in message]
    assert len(items) == 1
    nothing = [own for message, own in findings.items() if "background, if that is meant" in message]
    assert not any("JPEGImages/1.png" in own for own in nothing)


OFFICIAL: dict[str, bytes | str] = {
    **{f"JPEGImages/{name}.png": PHOTO for name in "12345"},
    **{f"Annotations/{name}.xml": XML for name in "123"},
    **{f"SegmentationClass/{name}.png": indexed(CLASSES) for name in "124"},
    **{f"SegmentationObject/{name}.png": indexed(OBJECTS) for name in "124"},
    "ImageSets/Main/train.txt": "1\n2\n",
    "ImageSets/Main/val.txt": "3\n",
    "ImageSets/Segmentation/train.txt": "4\n1\n",
    "ImageSets/Segmentation/val.txt": "2\n",
    "ImageSets/Segmentation/trainval.txt": "1\n2\n4\n",
}
"""Pictures 1 and 2 with boxes and masks, of which 2 is of another split in each, 3 with boxes alone, 4 with masks alone."""


def test_the_official_split_of_masks(tmp_path: Path) -> None:
    """VOC 2012 has lists of both kinds, and a third of its masks belongs to pictures that those of boxes do not name."""
    lay(tmp_path, OFFICIAL)
    boxes, masks = open_data(tmp_path), open_data(tmp_path, format="voc-masks")
    assert boxes.format == "voc" and dict(boxes.info.splits) == {"train": 2, "val": 1}
    assert "splits are those of the boxes' lists; --format voc-masks reads ImageSets/Segmentation" in boxes.info.notes
    assert {what: fault.items for what, fault in told(boxes).items()} == {
        "pictures that no annotation names": ("JPEGImages/5.png",),
        "masks whose pictures are in none of the lists that are read": ("SegmentationClass/4.png",),
    }
    assert (masks.info.annotated, masks.info.instances, masks.info.notes) == ({"masks"}, True, ())
    keys = {split: [sample.key for sample in masks.samples(split)] for split in masks.info.splits}
    assert keys == {"train": ["JPEGImages/4.png", "JPEGImages/1.png"], "val": ["JPEGImages/2.png"]}
    assert masks_in(masks).labels == ("dog", "person", "dog")
    alone = {name: data for name, data in OFFICIAL.items() if "Annotations" not in name}
    assert dict(open_data(lay(tmp_path / "alone", alone)).info.splits) == {
        "train": 2,
        "val": 1,
    }  # no boxes: masks' lists
    assert open_data(tmp_path / "alone").samples("val")[0].key == "JPEGImages/2.png"


def test_classes_alone_beside_boxes_are_read_by_their_own_format(tmp_path: Path) -> None:
    data = open_data(
        lay(tmp_path, {name: data for name, data in OFFICIAL.items() if "Object" not in name}), format="voc-masks"
    )
    assert not data.info.instances and data.info.labels[:2] == ("background", "aeroplane")
    np.testing.assert_array_equal(masks_in(data, split="val").indices(), CLASSES)
    with pytest.raises(InputError, match="holds no annotation of Pascal VOC"):
        voc_segmentation.info(Location(lay(tmp_path / "none", {"Annotations/1.xml": XML, "JPEGImages/1.png": PHOTO})))
    assert voc_segmentation.sniff(Location(tmp_path / "none")) is None


@pytest.mark.parametrize("format", ["voc", "voc-masks"])
def test_masks_that_lists_miss_or_that_miss_a_list_are_named(tmp_path: Path, format: str) -> None:
    gone = {name: data for name, data in OFFICIAL.items() if not name.startswith("Segmentation") or "2.png" not in name}
    more = {"SegmentationObject/5.png": indexed(OBJECTS), "SegmentationClass/my own.png": indexed(CLASSES)}
    data = open_data(lay(tmp_path, gone | more), format=format)
    faults = told(data)
    assert faults["pictures without a mask"].items == ("JPEGImages/2.png",)
    strays = ["SegmentationClass/4.png"] * (format == "voc") + [
        "SegmentationObject/5.png",
        "SegmentationClass/my own.png",
    ]
    unlisted = faults["masks whose pictures are in none of the lists that are read"]
    assert (unlisted.items, unlisted.total) == (tuple(strays), 4)
    named = [note for note in data.info.notes if "without masks, taken as not annotated" in note]
    assert named == ["1 picture without masks, taken as not annotated with masks: JPEGImages/3.png"] * (format == "voc")
