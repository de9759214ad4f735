"""Masks of objects in files: Cityscapes', and one file for each object."""

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
from clearsight.data.checks import gather, run_checks
from clearsight.data.open import Dataset, open_data
from clearsight.data.readers import cityscapes, cityscapes_objects, object_masks
from clearsight.ops.rle import to_mask

PHOTO = picture(5)  # 4 x 3 pixels
OBJECTS = np.array([[0, 1, 1, 2], [0, 255, 1, 2], [0, 0, 3, 3]], np.uint8)


def masks_in(data: Dataset, place: int = 0, split: str = "train") -> Masks:
    found = data.samples(split)[place].masks
    assert found is not None
    return pickle.loads(pickle.dumps(found))


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
    assert data.info.faults == ()  # caravans and what nobody labelled are labels too
    alone = open_data(lay(tmp_path / "b", city(("train", 1), without="labelIds")))
    assert alone.format == "cityscapes-objects" and alone.info.columns == ("city",)
    with pytest.raises(InputError, match="unpack gtFine beside leftImg8bit"):
        cityscapes_objects.info(Location(lay(tmp_path / "c", {"x.png": PHOTO})))
    with pytest.raises(InputError, match="unpack leftImg8bit and gtFine side by side"):
        cityscapes.info(Location(tmp_path / "c"))


def test_values_that_no_label_of_cityscapes_has_are_named(tmp_path: Path) -> None:
    files = city(("train", 1), ("val", 3), without="labelIds")
    wrong = next(name for name in files if "val" in name and "instanceIds" in name)
    path = lay(tmp_path, files | {wrong: wide([[7, 34, 26001, 26001], [255, 60001, 33999, 34000], [7] * 4])})
    data = open_data(path)
    (fault,) = data.info.faults
    assert fault.what == "mask files with values that are of no class and no other label"
    assert (fault.items, fault.total, fault.level) == ((f"{wrong}: 34, 34000, 60001",), 2, "many")
    masks = masks_in(data, split="val")
    assert masks.labels == ("car", "bicycle") and masks.ignored is not None
    np.testing.assert_array_equal(to_mask(masks.ignored()), [[0, 1, 0, 0], [1, 1, 0, 1], [0] * 4])


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
    assert data.info.notes == ()
    assert {fault.what: fault.items for fault in data.info.faults} == {
        "folders of masks without a picture": ("stage1_train/d",)
    }
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


def test_an_empty_file_of_an_object_is_named_by_the_file(tmp_path: Path) -> None:
    data = open_data(lay(tmp_path, nuclei("a", FIRST, np.zeros((3, 4))) | nuclei("b", SECOND)))
    (finding,) = [found for found in run_checks(gather(data, full=True)) if found.check == "masks"]
    assert finding.message == "1 of 3 instances has no pixel: draw them anew or remove them"
    assert finding.items == (f"{tmp_path}/stage1_train/a/masks/1.png (a/images/a.png)",)


def test_what_does_not_fit_a_folder_for_each_picture_is_named_whole(tmp_path: Path) -> None:
    files = nuclei("a", FIRST, SECOND)
    for name in "bcdef":
        files |= nuclei(name, FIRST) | {f"stage1_train/{name}/images/{name}2.png": PHOTO}
        files |= nuclei(f"{name}{name}", FIRST) | {f"stage1_train/{name}x/masks/1.png": indexed(FIRST)}
    files |= nuclei("npy") | {"stage1_train/npy/masks/1.npy": b"an array"}
    files |= nuclei("mixed", FIRST) | {"stage1_train/mixed/masks/notes.txt": "hidden"}
    data = open_data(lay(tmp_path, files))
    (tmp_path / "stage1_train/none/masks").mkdir(parents=True)
    lay(tmp_path, {"stage1_train/none/images/none.png": PHOTO})
    data = open_data(tmp_path)
    assert data.info.notes == ()
    assert {fault.what: (fault.items, fault.total) for fault in data.info.faults} == {
        "folders with several pictures": (tuple(f"stage1_train/{name}" for name in "bcdef"), 19),
        "folders of masks without a picture": (tuple(f"stage1_train/{name}x" for name in "bcdef"), 19),
        "files among the masks that are no pictures": (
            ("stage1_train/mixed/masks/notes.txt", "stage1_train/npy/masks/1.npy"),
            20,
        ),
        "pictures without a mask": (("stage1_train/npy/images/npy.png",), 14),
    }
    by_key = {sample.key.rpartition("/")[2]: sample.masks for sample in data.samples("train")}
    assert by_key["npy.png"] is None  # not that nothing is there
    none, mixed = by_key["none.png"], by_key["mixed.png"]
    assert none is not None and none.runs() == () and mixed is not None and len(mixed.runs()) == 1
