"""Masks written in every format that holds them are read to the pixel; what is lost is named."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from masking import PIXELS
from pycocotools import mask as reference
from pycocotools.coco import COCO
from written_sets import Bytes, Held, by_stem, encoded, held

from clearsight.core.errors import InputError
from clearsight.core.registry import WRITERS, find
from clearsight.core.sample import VOID, Boxes, Masks, Sample
from clearsight.data.open import Dataset, open_data
from clearsight.data.readers.cityscapes import IDS
from clearsight.data.write import Written, write_data
from clearsight.data.writers.yolo import outline_of
from clearsight.ops import rle
from clearsight.ops.rle import Runs, from_mask, to_mask

MASKED = [name for name in WRITERS if "masks" in find("writers", name).HOLDS]
BOXED = [name for name in MASKED if "boxes" in find("writers", name).HOLDS]
FREE = [name for name in WRITERS if "semantic" in find("writers", name).HOLDS and name != "cityscapes"]
"""Formats that hold the class of each pixel, whatever the classes are called."""

RINGED = np.zeros((12, 16), bool)
RINGED[1:9, 2:12] = True
RINGED[3:5, 4:7] = RINGED[6:8, 8:10] = False  # two holes
RINGED[10:, 0] = RINGED[10, 1] = True  # another part
SMALL = np.zeros((12, 16), bool)
SMALL[4:7, 5:9] = True  # over a hole, and over the mask
CORNERS = np.zeros((12, 16), bool)
CORNERS[0, 13] = CORNERS[1, 14] = True  # two pixels that touch in a corner


def loading(*masks: Any) -> Any:
    runs = tuple(from_mask(mask) for mask in masks)
    return lambda: runs


def sample(key: str, masks: Masks | None, boxes: Boxes | None = None) -> Sample:
    return Sample(key, Bytes(encoded("PNG", (16, 12), len(key))), boxes=boxes, masks=masks)


def objects() -> list[tuple[str, Sample]]:
    """Holes, parts, overlaps, one picture on which nothing is."""
    first = Masks("instances", loading(RINGED, SMALL, CORNERS), ("cat", "dog", "cat"))
    second = Masks("instances", loading(np.ones((12, 16), bool)), ("dog",))
    return [
        ("train", sample("a.png", first)),
        ("val", sample("b.png", second)),
        ("train", sample("empty.png", Masks("instances", loading(), ()))),
    ]


def written(data: Dataset, name: str, folder: Path) -> tuple[Written, Dataset]:
    found = write_data(data, name, folder)
    assert found.comparison.differences == []
    again = open_data(folder)
    assert (again.format, again.info.faults) == (name, ())
    return found, again


def lost(found: Written) -> dict[str, int]:
    return {what: counts.total() for what, counts in found.lost.kinds.items()}


def runs_of(data: Dataset, stem: str) -> tuple[tuple[str, ...], tuple[Runs, ...]]:
    masks = by_stem(data)[stem][1].masks
    assert masks is not None
    return masks.labels, masks.runs()


@pytest.mark.parametrize(("first", "second"), list(product(MASKED, MASKED)))
def test_objects_through_two_formats(tmp_path: Path, first: str, second: str) -> None:
    _, one = written(held(objects(), ("cat", "dog")), first, tmp_path / "one")
    found, two = written(one, second, tmp_path / "two")
    assert found.comparison.masks == 4
    hidden = "voc" in (first, second)
    labels, runs = runs_of(two, "a")
    assert labels == ("cat", "dog", "cat")
    wanted = (RINGED & ~SMALL if hidden else RINGED, SMALL, CORNERS)
    for mask, own in zip(wanted, runs, strict=True):
        np.testing.assert_array_equal(to_mask(own), mask)
    assert by_stem(two)["b"][0] == "val" and runs_of(two, "empty") == ((), ())


@pytest.mark.parametrize("name", MASKED)
def test_what_a_format_does_not_keep_of_objects_is_named(tmp_path: Path, name: str) -> None:
    nothing = np.zeros((12, 16), bool)
    masks = Masks(
        "instances",
        loading(RINGED, SMALL, nothing),
        ("cat", "dog", "dog"),
        np.array([False, True, False]),
        lambda: from_mask(CORNERS),
    )
    found, again = written(held([("train", sample("a", masks))], ("cat", "dog")), name, tmp_path / "out")
    assert runs_of(again, "a")[0] == ("cat", "dog")
    holds = find("writers", name).HOLDS
    wanted = {
        "masks without a pixel": 1,
        "parts of masks that others hide": int("overlap" not in holds),
        "marks that a mask is a crowd": int("crowd" not in holds),
        "pixels where no mask is judged": int("ignored" not in holds),
    }
    assert lost(found) == {what: number for what, number in wanted.items() if number}
    read = by_stem(again)["a"][1].masks
    assert read is not None
    assert (read.crowd is not None and read.crowd.tolist()) == ("crowd" in holds and [False, True])
    if "ignored" in holds:
        assert read.ignored is not None
        np.testing.assert_array_equal(to_mask(read.ignored()), CORNERS)


def own_boxes() -> Boxes:
    return Boxes(np.array([[1.5, 0, 12, 12], [5, 4, 9, 7]], np.float32), ("cat", "dog"), area=np.array([50.0, 12.0]))


@pytest.mark.parametrize("name", BOXED)
def test_boxes_and_masks_of_one_object(tmp_path: Path, name: str) -> None:
    masks = Masks("instances", loading(RINGED, SMALL), ("cat", "dog"))
    found, again = written(held([("train", sample("a", masks, own_boxes()))], ("cat", "dog")), name, tmp_path / "out")
    boxes = by_stem(again)["a"][1].boxes
    assert boxes is not None and boxes.labels == ("cat", "dog")
    rounded = {"yolo": [0, 1, 12, 12]}.get(name, [1.5, 0, 12, 12])
    np.testing.assert_allclose(boxes.xyxy, [rounded, [5, 4, 9, 7]], atol=1e-5)
    assert lost(found).get("corners of boxes that are not those of their masks", 0) == int(name == "yolo")


def test_boxes_of_other_objects_than_the_masks(tmp_path: Path) -> None:
    masks = Masks("instances", loading(SMALL), ("dog",))
    data = held([("train", sample("a", masks, own_boxes())), ("train", sample("b", None, own_boxes()))], ("cat", "dog"))
    found, again = write_data(data, "coco", tmp_path / "coco"), open_data(tmp_path / "coco")
    assert lost(found) == {"the statements that a picture is not annotated with masks": 1}
    boxes = by_stem(again)["a"][1].boxes
    assert boxes is not None and boxes.xyxy.tolist() == [[5, 4, 9, 7], [1.5, 0, 12, 12]]  # that of the mask first
    assert boxes.area is not None and boxes.area.tolist() == [12, 50]
    found, again = written(data, "voc", tmp_path / "voc")
    assert lost(found) == {
        "classes that nothing bears": 1,  # of the masks: the boxes bear both
        "areas of objects that are not those of their boxes": 2,
    }
    there = by_stem(again)
    assert there["b"][1].masks is None and there["b"][1].boxes is not None and there["a"][1].boxes is not None
    assert there["a"][1].boxes.labels == ("cat", "dog")


def classes(void: bool = True) -> list[tuple[str, Sample]]:
    pixels = np.zeros((12, 16), np.uint8)
    pixels[2:5, 3:7] = PIXELS
    if not void:
        pixels[pixels == VOID] = 3
    labels = ("sky", "road", "car", "tree")
    return [
        ("train", sample("a.png", Masks("semantic", lambda: pixels, labels))),
        ("val", sample("b.png", Masks("semantic", lambda: pixels[::-1].copy(), labels))),
    ]


@pytest.mark.parametrize("void", [False, True])
@pytest.mark.parametrize(("first", "second"), list(product(FREE, FREE)))
def test_classes_through_two_formats(tmp_path: Path, first: str, second: str, void: bool) -> None:
    data = held(classes(void), ("sky", "road", "car", "tree"))
    _, one = written(data, first, tmp_path / "one")
    found, two = written(one, second, tmp_path / "two")
    assert (lost(found), found.comparison.masks, two.info.labels) == ({}, 2, ("sky", "road", "car", "tree"))
    for _, wanted in classes(void):
        masks = by_stem(two)[wanted.key[0]][1].masks
        assert masks is not None and wanted.masks is not None
        np.testing.assert_array_equal(masks.indices(), wanted.masks.indices())


def pictures_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def road(*labels: str) -> Held:
    """Two pictures of four classes, one called as Cityscapes calls them."""
    named = [
        Sample(key, one.image, masks=replace(one.masks, labels=labels))
        for key, (_, one) in zip(("aachen/aachen_01_leftImg8bit.png", "b.png"), classes(), strict=True)
        if one.masks is not None
    ]
    return held(zip(("train", "test"), named, strict=True), labels)


def test_cityscapes_through_masks_and_back(tmp_path: Path) -> None:
    found, one = written(road("sky", "road", "car", "train"), "cityscapes", tmp_path / "one")
    assert (lost(found), one.info.labels) == ({}, tuple(IDS))
    names = pictures_in(tmp_path / "one")
    assert names == [
        "gtFine/test/b/b_gtFine_labelIds.png",
        "gtFine/train/aachen/aachen_01_gtFine_labelIds.png",
        "leftImg8bit/test/b/b_leftImg8bit.png",
        "leftImg8bit/train/aachen/aachen_01_leftImg8bit.png",
    ]
    pixels = np.asarray(PIL.Image.open(tmp_path / "one" / names[1]))[2:5, 3:7]
    wanted = np.array([23, 7, 26, 31] + [0] * 252)  # cityscapesScripts' labels.py: sky, road, car, train, unlabelled
    np.testing.assert_array_equal(pixels, wanted[PIXELS])
    _, two = written(one, "masks", tmp_path / "two")
    _, three = written(two, "cityscapes", tmp_path / "three")
    for stem, first in by_stem(one).items():
        masks, last = first[1].masks, by_stem(three)[stem][1].masks
        assert masks is not None and last is not None
        np.testing.assert_array_equal(last.indices(), masks.indices())


def test_a_city_that_a_name_begins_with_is_read_again(tmp_path: Path) -> None:
    """Whatever is put before the name to make it unique; another one is named."""
    cities = {"a/aachen_01.png": "aachen", "b/aachen_01.png": "aachen", "bonn_leftImg8bit.png": "bonn", "c.png": "köln"}
    labels = ("sky", "road", "car", "train")
    _, one = road(*labels).held[0]
    pairs = [("train", replace(one, key=key, extra={"city": city})) for key, city in cities.items()]
    found, first = written(held(pairs, labels), "cityscapes", tmp_path / "one")
    assert found.lost.kinds == {"values of the further column 'city'": {"c.png": 1}}
    names = ["aachen_01", "aachen_b_aachen_01", "bonn", "c"]
    read = {stem.removesuffix("_leftImg8bit"): sample.extra["city"] for stem, (_, sample) in by_stem(first).items()}
    assert read == dict(zip(names, ["aachen", "aachen", "bonn", "c"], strict=True))
    found, _ = written(first, "cityscapes", tmp_path / "two")
    assert lost(found) == {}


def test_cityscapes_has_no_other_classes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Cityscapes has no class 'tree': rename it with --classes"):
        write_data(road("sky", "road", "car", "tree"), "cityscapes", tmp_path / "out")


def test_a_file_for_each_object(tmp_path: Path) -> None:
    """Classes have folders but for "object", and a picture whose name means something else gets another."""
    first = Masks("instances", loading(RINGED, SMALL), ("object", "cat"))
    pairs = [("train", sample("masks.png", first)), ("val", sample("bare.png", None))]
    found = write_data(held(pairs, ("cat", "object")), "object-masks", tmp_path / "out")
    again = open_data(tmp_path / "out")
    names = pictures_in(tmp_path / "out")
    assert names == [
        "train/picture-masks/images/masks.png",
        "train/picture-masks/masks/0001.png",
        "train/picture-masks/masks/cat/0002.png",
        "val/bare/images/bare.png",
    ]
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(tmp_path / "out" / names[1])), RINGED * np.uint8(255))
    assert by_stem(again)["bare"][1].masks is None and lost(found) == {}


def test_a_class_that_no_folder_can_be_called(tmp_path: Path) -> None:
    masks = Masks("instances", loading(RINGED, SMALL), ("cat/dog", "cat"))
    with pytest.raises(InputError, match="no folder can be called 'cat/dog'"):
        write_data(held([("train", sample("a", masks))], ("cat/dog", "cat")), "object-masks", tmp_path / "out")


def test_objects_painted_as_classes(tmp_path: Path) -> None:
    found, again = written(held(objects(), ("cat", "dog")), "masks", tmp_path / "out")
    assert lost(found) == {"which object each pixel is of": 4}
    assert again.info.labels == ("background", "cat", "dog") and not again.info.instances
    masks = by_stem(again)["a"][1].masks
    assert masks is not None
    wanted = np.select([SMALL, CORNERS | RINGED], [2, 1], 0)
    np.testing.assert_array_equal(masks.indices(), wanted)


def test_many_objects_are_too_many_for_voc(tmp_path: Path) -> None:
    pixels = np.arange(12 * 16).reshape(12, 16)
    many = Masks("instances", loading(*(pixels == n % 192 for n in range(255))), ("cat",) * 255)
    data = held([("train", sample("a", many)), ("train", objects()[1][1])], ("cat", "dog"))
    found, again = write_data(data, "voc", tmp_path / "out"), open_data(tmp_path / "out")
    assert lost(found)["masks of pictures with more than 254 objects"] == 255
    assert by_stem(again)["a"][1].masks is None


def test_voc_reads_a_split_without_masks_again(tmp_path: Path) -> None:
    """Where there are no boxes its lists are those of masks."""
    data = held([*objects(), ("test", sample("bare.png", None))], ("cat", "dog"))
    assert write_data(data, "voc", tmp_path / "out").comparison.differences == []
    assert by_stem(open_data(tmp_path / "out"))["bare"][0] == "test"


@pytest.mark.parametrize(("name", "label"), [("masks", "void"), ("voc", "Ignore"), ("voc", "a:1,2,3")])
def test_names_that_mask_files_cannot_have(tmp_path: Path, name: str, label: str) -> None:
    masks = Masks("semantic", lambda: np.zeros((12, 16), np.uint8), (label, "road"))
    with pytest.raises(InputError, match="cannot have a class called"):
        write_data(held([("train", sample("a", masks))], (label, "road")), name, tmp_path / "out")


@pytest.mark.parametrize("names", [("1", "2"), ("1 2 3 x", "4 5 6 y"), ("a, b", "c"), ("猫", "a b")])
def test_odd_names_survive_or_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    masks = Masks("semantic", lambda: np.ones((12, 16), np.uint8), names)
    try:
        _, again = written(held([("train", sample("a", masks))], names), "masks", tmp_path / "out")
    except InputError as error:
        assert "classes.txt cannot hold" in str(error)
    else:
        assert again.info.labels == names


def test_formats_that_hold_no_such_masks_say_so(tmp_path: Path) -> None:
    data = held(classes(), ("sky", "road", "car", "tree"))
    with pytest.raises(
        InputError, match="--to coco holds boxes and masks of objects, and made has masks of classes; say"
    ):
        write_data(data, "coco", tmp_path / "out")
    boxed = [(split, Sample(s.key, s.image, boxes=own_boxes(), masks=s.masks)) for split, s in classes()]
    found, _ = written(held(boxed, ("cat", "dog")), "boxes", tmp_path / "boxes")
    assert lost(found)["masks"] == 2


def test_coco_as_its_own_tools_read_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(held(objects(), ("cat", "dog")), "coco", tmp_path / "out")
    coco = COCO(tmp_path / "out/annotations/instances_train.json")
    found = coco.loadAnns(coco.getAnnIds())
    assert [entry["area"] for entry in found] == [mask.sum() for mask in (RINGED, SMALL, CORNERS)]
    assert [entry["bbox"] for entry in found] == [[0, 1, 12, 11], [5, 4, 4, 3], [13, 0, 2, 2]]
    assert [reference.area(entry["segmentation"]) for entry in found] == [entry["area"] for entry in found]
    capsys.readouterr()


@given(npst.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))).filter(lambda mask: mask.any()))
@settings(deadline=None)
def test_one_path_bounds_any_mask(mask: Any) -> None:
    from clearsight.data.readers.rings import draw

    runs = from_mask(mask)
    path = outline_of(runs)
    np.testing.assert_array_equal(to_mask(draw([path], *mask.shape)), mask)
    assert rle.box(runs).tolist() == [*path.min(0), *path.max(0)]


@pytest.mark.parametrize("name", ["coco", "yolo"])
def test_a_mask_that_is_read_otherwise_is_a_difference(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = find("writers", name)
    right = writer.write

    def wrong(folder: Path, pictures: Any, classes: Any) -> None:
        right(folder, pictures, classes)
        place = {"coco": "annotations/instances_val.json", "yolo": "labels/val/b.txt"}[name]
        old = {"coco": '"counts": "0P6"', "yolo": " 1 1"}[name]
        text = (folder / place).read_text()
        assert old in text
        (folder / place).write_text(text.replace(old, {"coco": '"counts": "1o5"', "yolo": " 0.5 1"}[name], 1))

    monkeypatch.setattr(writer, "write", wrong)
    found = write_data(held(objects(), ("cat", "dog")), name, tmp_path / "out")
    assert any("mask 1 (dog) is read with other pixels" in text for text in found.comparison.differences)
    assert not (tmp_path / "out").exists()
