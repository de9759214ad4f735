"""Masks of objects in files: Pascal VOC's, Cityscapes', and one file for each object."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from laying import lay, pack, picture
from masking import coloured, indexed, saved, wide

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Location
from clearsight.core.sample import VOID, Masks
from clearsight.data.open import Dataset, open_data
from clearsight.data.readers import cityscapes, cityscapes_objects, object_masks, voc
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


@pytest.mark.parametrize("boxed", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_voc_with_objects(tmp_path: Path, packed: bool, boxed: bool) -> None:
    more = {"Annotations/1.xml": XML, "Annotations/2.xml": XML} if boxed else {}
    files = {f"VOCdevkit/VOC2012/{name}": data for name, data in (VOC | more).items()}
    data = open_data(pack(tmp_path / "x.zip", files) if packed else lay(tmp_path / "x", files))
    assert data.format == "voc" and data.info.instances
    assert data.info.annotated == ({"boxes", "masks"} if boxed else {"masks"})
    assert data.info.notes == ("1 picture without masks, taken as not annotated with masks",)
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


CITY = {
    "leftImg8bit/{}/aachen/aachen_000000_{:06}_leftImg8bit.png": PHOTO,
    "gtFine/{}/aachen/aachen_000000_{:06}_gtFine_labelIds.png": indexed(
        [[7, 7, 26, 26], [0, 24, 26, 33], [9, 8, 255, 11]]
    ),
    "gtFine/{}/aachen/aachen_000000_{:06}_gtFine_instanceIds.png": wide(
        [[7, 7, 26, 26001], [0, 24000, 26001, 33000], [9, 8, 10, 11]]
    ),
    "gtFine/{}/aachen/aachen_000000_{:06}_gtFine_color.png": PHOTO,
}


def city(*places: tuple[str, int], without: str = "none") -> dict[str, bytes | str]:
    return {name.format(*place): data for name, data in CITY.items() for place in places if without not in name}


def test_cityscapes(tmp_path: Path) -> None:
    bare = {"leftImg8bit/test/bonn/bonn_000000_000001_leftImg8bit.png": PHOTO}
    lost = {"leftImg8bit/val/bonn/bonn_000000_000002_leftImg8bit.png": PHOTO}
    data = open_data(pack(tmp_path / "x.zip", city(("train", 1), ("val", 3)) | bare | lost))
    assert (data.format, dict(data.info.splits)) == ("cityscapes", {"train": 1, "val": 2, "test": 1})
    assert len(data.info.labels) == 19 and data.info.labels[:3] == ("road", "sidewalk", "building")
    assert data.info.notes == ("1 picture of test without masks, as Cityscapes keeps them: not annotated",)
    assert [fault.what for fault in data.info.faults] == ["pictures without a mask"]
    wanted = [[0, 0, 13, 13], [VOID, 11, 13, 18], [VOID, 1, VOID, 2]]
    np.testing.assert_array_equal(masks_in(data).indices(), wanted)
    assert data.samples("train")[0].extra == {"city": "aachen"}
    assert masks_in(data).judged()[1] == {}


def test_cityscapes_saved_in_three_channels(tmp_path: Path) -> None:
    ids = np.array([[7, 7, 26, 26], [0, 24, 26, 33], [9, 8, 255, 11]], np.uint8)
    files = city(("train", 1), without="instanceIds")
    labels = next(name for name in files if "labelIds" in name)
    data = open_data(lay(tmp_path, files | {labels: saved(PIL.Image.fromarray(ids).convert("RGB"))}))
    np.testing.assert_array_equal(masks_in(data).indices(), [[0, 0, 13, 13], [VOID, 11, 13, 18], [VOID, 1, VOID, 2]])


def test_cityscapes_by_objects(tmp_path: Path) -> None:
    lay(tmp_path / "a", city(("train", 1)))
    data = open_data(tmp_path / "a", format="cityscapes-objects")
    assert data.info.instances and len(data.info.labels) == 8
    masks = masks_in(data)
    assert masks.labels == ("car", "person", "car", "bicycle") and masks.crowd is not None
    assert masks.crowd.tolist() == [True, False, False, False]
    np.testing.assert_array_equal(to_mask(masks.runs()[2]), [[0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]])
    assert masks.ignored is not None  # void: unlabelled, parking and guard rail; a wall or a car is not
    np.testing.assert_array_equal(to_mask(masks.ignored()), [[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 1, 0]])
    caravans = {
        name: wide([[7, 29000, 29, 26001], [1, 30, 30001, 7], [7] * 4])
        for name in city(("train", 1))
        if "instance" in name
    }
    ignored = masks_in(
        open_data(lay(tmp_path / "d", city(("train", 1)) | caravans), format="cityscapes-objects")
    ).ignored  # type: ignore[arg-type]
    assert ignored is not None
    np.testing.assert_array_equal(to_mask(ignored()), [[0, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]])
    alone = open_data(lay(tmp_path / "b", city(("train", 1), without="labelIds")))
    assert alone.format == "cityscapes-objects" and alone.info.columns == ("city",)
    with pytest.raises(InputError, match="unpack gtFine beside leftImg8bit"):
        cityscapes_objects.info(Location(lay(tmp_path / "c", {"x.png": PHOTO})))
    with pytest.raises(InputError, match="unpack leftImg8bit and gtFine side by side"):
        cityscapes.info(Location(tmp_path / "c"))


def nuclei(name: str, *masks: object, folder: str = "stage1_train") -> dict[str, bytes | str]:
    files: dict[str, bytes | str] = {f"{folder}/{name}/images/{name}.png": PHOTO}
    return files | {f"{folder}/{name}/masks/{place}.png": indexed(mask) for place, mask in enumerate(masks)}


FIRST, SECOND = (np.where(number == OBJECTS, 255, 0) for number in (1, 2))


def test_a_file_for_each_object(tmp_path: Path) -> None:
    files = nuclei("a1", FIRST, SECOND) | nuclei("b2", SECOND) | nuclei("c3", folder="stage1_test")
    data = open_data(pack(tmp_path / "x.zip", files))
    assert (data.format, dict(data.info.splits)) == ("object-masks", {"train": 2, "test": 1})
    assert (data.info.labels, data.info.annotated, data.info.instances) == (("object",), {"masks"}, True)
    masks = masks_in(data)
    assert masks.labels == ("object", "object")
    for runs, wanted in zip(masks.runs(), (FIRST, SECOND), strict=True):
        np.testing.assert_array_equal(to_mask(runs), wanted > 0)
    assert data.samples("test")[0].masks is None
    (fault,) = data.info.faults
    assert (fault.what, fault.items) == ("pictures without a mask", ("stage1_test/c3/images/c3.png",))


def test_objects_of_classes_empty_ones_and_other_sizes(tmp_path: Path) -> None:
    files = nuclei("a", FIRST, SECOND) | nuclei("b", np.zeros((3, 4)), np.zeros((5, 5)))
    files |= {"stage1_train/c/masks/cell/1.png": indexed(FIRST), "stage1_train/d/masks/1.png": indexed(FIRST)}
    files |= {
        "stage1_train/c/images/c.png": PHOTO,
        "stage1_train/c/masks/debris/1.png": coloured(SECOND // 255, [(0,) * 3, (1, 2, 3)]),
    }
    data = open_data(lay(tmp_path, files))
    assert data.info.labels == ("cell", "debris", "object")
    assert data.info.notes == ("1 folder without a picture, left out: stage1_train/d",)
    with pytest.raises(BadImage, match=r"its mask .*1\.png is of 5 x 5 pixels, the picture of 4 x 3"):
        masks_in(data, 1).load()
    both = masks_in(data, 2)
    assert both.labels == ("cell", "debris")
    np.testing.assert_array_equal(to_mask(both.runs()[1]), SECOND > 0)
    jpegs = {name.replace("masks/0.png", "masks/0.jpg"): b"no mask" for name in files if "masks/" in name}
    unread = lay(tmp_path / "unread", {name: data for name, data in files.items() if "/images/" in name} | jpegs)
    assert open_data(unread).format == "object-masks"  # not pictures of the classes "images" and "masks"
    pairs = lay(
        tmp_path / "pairs", {f"images/{n}.png": PHOTO for n in "ab"} | {f"masks/{n}.png": indexed(FIRST) for n in "ab"}
    )
    assert open_data(pairs).format == "masks"  # a mask for each picture
    with pytest.raises(InputError, match="holds no folders with a picture in images"):
        object_masks.info(Location(lay(tmp_path / "none", {"a.png": PHOTO})))
