"""No box is lost on its way through any two formats, whether its object has a mask, all have one, or others do; nor its area."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laying import lay, picture
from written_sets import Bytes, boxes, by_stem, encoded, held

from clearsight.core.registry import WRITERS, find
from clearsight.core.sample import Masks, Sample
from clearsight.data.open import Dataset, open_data
from clearsight.data.write import Written, write_data
from clearsight.ops.rle import box, from_mask

BOXED = [name for name in WRITERS if "boxes" in find("writers", name).HOLDS]
TIED = ["coco", "yolo"]
"""Formats in which an object has box and mask in one."""

Row = tuple[str, float, float, float, float]


def block(x1: int, y1: int, x2: int, y2: int) -> Any:
    mask = np.zeros((24, 32), bool)
    mask[y1:y2, x1:x2] = True
    mask[(y1 + y2) // 2, (x1 + x2) // 2] = (x2 - x1) * (y2 - y1) < 9  # a hole, where there is room
    return mask


def sample(key: str, rows: list[Row] | None, drawn: list[Row] | None, **marks: Any) -> Sample:
    """A picture with boxes, and masks that are whole rectangles but for a hole."""
    masks = None
    if drawn is not None:
        runs = tuple(from_mask(block(*map(int, row[1:]))) for row in drawn)
        masks = Masks("instances", lambda: runs, tuple(row[0] for row in drawn))
    image = Bytes(encoded("PNG", (32, 24), len(key)), key)
    return Sample(key, image, boxes=None if rows is None else boxes(*rows, **marks), masks=masks)


def mixed() -> list[tuple[str, Sample]]:
    """Pictures of rectangles alone, of polygons alone, of both; of the same objects and of others."""
    one: Row = ("cat", 1.5, 2, 9, 8)
    two: Row = ("dog", 10, 10, 20, 21.5)
    return [
        ("train", sample("rectangles", [one, two], [])),
        ("val", sample("more", [two, one, ("cat", 0, 0, 32, 24)], [])),
        ("train", sample("polygons", [], [("dog", 3, 3, 9, 9), ("cat", 8, 8, 30, 20)])),
        ("val", sample("both", [two, one], [("cat", 1, 2, 9, 8)])),  # the second is of the mask
        ("train", sample("others", [one, ("cat", 1, 10, 9, 20)], [("cat", 20, 2, 30, 9), ("cat", 22, 12, 28, 20)])),
        ("train", sample("nothing", [], [])),
    ]


BOXES, MASKS, UNBOXED = 9, 5, 4
"""How many there are in `mixed`, and how many masks are of objects without a box."""


def written(data: Dataset, name: str, folder: Path) -> tuple[Written, Dataset]:
    found = write_data(data, name, folder)
    assert found.comparison.differences == []
    return found, open_data(folder, format=name)


def rows_of(data: Dataset) -> dict[str, Counter[tuple[Any, ...]]]:
    """Class and corners, to a hundredth, of the boxes of each picture."""
    found = {}
    for stem, (_, one) in by_stem(data).items():
        own = one.boxes or boxes()
        found[stem] = Counter(
            (label, *np.round(row, 2).tolist()) for label, row in zip(own.labels, own.xyxy, strict=True)
        )
    return found


def total(data: Dataset, name: str) -> int:
    drawn = (getattr(one, name) for _, one in by_stem(data).values())
    return sum(len(found.labels) for found in drawn if found is not None)


def lost(found: Written) -> dict[str, int]:
    return {what: counts.total() for what, counts in found.lost.kinds.items()}


@pytest.mark.parametrize(("first", "second"), list(product(BOXED, BOXED)))
def test_no_box_is_lost_through_two_formats(tmp_path: Path, first: str, second: str) -> None:
    data = held(mixed(), ("cat", "dog"))
    _, one = written(data, first, tmp_path / "one")
    _, two = written(one, second, tmp_path / "two")
    before, middle, after = rows_of(data), rows_of(one), rows_of(two)
    for stem, rows in before.items():
        assert rows <= middle[stem] <= after[stem]
    # where an object has box and mask in one, masks get the boxes round them
    made = first in TIED or (second in TIED and first != "boxes")
    assert total(one, "boxes") == BOXES + UNBOXED * (first in TIED)
    assert total(two, "boxes") == BOXES + UNBOXED * made
    assert total(two, "masks") == MASKS * (not {"yolo", "boxes"} & {first, second})


def test_what_is_of_one_object_lies_in_one_annotation(tmp_path: Path) -> None:
    """Those with masks first, then those without, each in its order; of equal numbers too."""
    found, again = written(held(mixed(), ("cat", "dog")), "coco", tmp_path / "out")
    assert lost(found) == {}
    document = json.loads((tmp_path / "out/annotations/instances_val.json").read_text())
    entries = {entry["file_name"]: entry["id"] for entry in document["images"]}
    own = [entry for entry in document["annotations"] if entry["image_id"] == entries["both.png"]]
    assert [(entry["bbox"], "segmentation" in entry) for entry in own] == [
        ([1.5, 2, 7.5, 6], True),
        ([10, 10, 10, 11.5], False),
    ]
    read = by_stem(again)["others"][1]
    assert read.boxes is not None and read.masks is not None
    assert read.boxes.xyxy.tolist() == [[20, 2, 30, 9], [22, 12, 28, 20], [1.5, 2, 9, 8], [1, 10, 9, 20]]
    assert [box(runs).tolist() for runs in read.masks.runs()] == [[20, 2, 30, 9], [22, 12, 28, 20]]
    (fault,) = again.info.faults
    assert fault.what.startswith("objects without a mask") and len(fault.items) == 8


def test_yolo_keeps_all_boxes_or_all_masks(tmp_path: Path) -> None:
    found, again = written(held(mixed(), ("cat", "dog")), "yolo", tmp_path / "mixed")
    assert lost(found) == {"masks, as some boxes have none": 5}
    assert again.info.annotated == {"boxes"} and again.info.faults == ()
    data = held([pair for pair in mixed() if pair[1].key in ("polygons", "nothing")], ("cat", "dog"))
    found, again = written(data, "yolo", tmp_path / "polygons")
    assert lost(found) == {} and total(again, "boxes") == total(again, "masks") == 2


@pytest.mark.parametrize("name", BOXED)
def test_pictures_whose_masks_or_boxes_are_not_known(tmp_path: Path, name: str) -> None:
    one: Row = ("cat", 1.5, 2, 9, 8)
    pairs = [
        ("train", sample("a", [one], None)),
        ("train", sample("b", None, [("dog", 3, 3, 9, 9)])),
        ("train", sample("c", [one], [("cat", 1, 2, 9, 8)])),
        ("train", sample("d", None, None)),
    ]
    found, again = written(held(pairs, ("cat", "dog")), name, tmp_path / "out")
    there = rows_of(again)
    assert there["a"] == there["c"] == {one: 1}
    unsaid = {
        "the statements that a picture is not annotated with boxes": int(name not in ("voc", "boxes")),
        "the statements that a picture is not annotated with masks": int(name not in ("voc", "boxes", "yolo")),
    }
    assert {what: lost(found).get(what, 0) for what in unsaid} == unsaid


@pytest.mark.parametrize("name", BOXED)
def test_a_split_without_any_mask_or_any_box(tmp_path: Path, name: str) -> None:
    """Of a set in which other splits have some: formats know of both by what is there."""
    one: Row = ("cat", 1.5, 2, 9, 8)
    pairs = [
        ("train", sample("a", [one], [])),
        ("val", sample("b", [], [])),
        ("test", sample("c", [], [("cat", 1, 2, 9, 8)])),
    ]
    for split, _ in pairs:
        found = write_data(held(pairs, ("cat",)), name, tmp_path / split, splits=[split])
        assert found.comparison.differences == []
    assert open_data(tmp_path / "train").info.annotated == open_data(tmp_path / "val").info.annotated == {"boxes"}
    if name not in (*TIED, "boxes"):
        assert open_data(tmp_path / "test").info.annotated == {"masks"}


def test_boxes_and_masks_in_one_order_are_of_one_object_however_little_they_overlap(tmp_path: Path) -> None:
    """As in a file of COCO's, where a box is round a whole object and its mask what is seen of it."""
    rows: list[Row] = [("cat", 0, 0, 30, 20), ("cat", 5, 5, 9.5, 9), ("dog", 20, 0, 20, 5)]
    drawn: list[Row] = [("cat", 0, 0, 5, 5), ("cat", 5, 5, 9, 9), ("dog", 19, 0, 21, 5)]
    data = held([("train", sample("a", rows[:2], drawn[:2])), ("train", sample("b", rows, drawn))], ("cat", "dog"))
    found, again = written(data, "coco", tmp_path / "coco")
    assert total(again, "boxes") == total(again, "masks") == 5
    assert lost(found) == {"boxes that are there twice, or have no area within their picture": 1}
    data = held([("train", sample("a", rows[:2], drawn[:2]))], ("cat", "dog"))
    found, again = written(data, "yolo", tmp_path / "yolo")
    assert lost(found) == {"corners of boxes that are not those of their masks": 2}


def test_small_objects_are_found_by_their_corners(tmp_path: Path) -> None:
    one, drawn = ("cat", 5.9, 5.9, 7.1, 7.1), ("cat", 6, 6, 7, 7)
    data = held([("train", sample("a", [("cat", 20, 20, 23, 23), one], [drawn]))], ("cat",))
    _, again = written(data, "coco", tmp_path / "out")
    read = by_stem(again)["a"][1].boxes
    assert read is not None
    np.testing.assert_allclose(read.xyxy, [one[1:], [20, 20, 23, 23]])


def test_crowds_are_of_crowds(tmp_path: Path) -> None:
    made = sample("a", [("cat", 0, 0, 9, 9)], [("cat", 0, 0, 9, 9)], crowd=[True])
    found, again = written(held([("train", made)], ("cat",)), "coco", tmp_path / "out")
    read = by_stem(again)["a"][1]
    assert lost(found) == {} and read.boxes is not None and read.masks is not None
    assert read.boxes.crowd is not None and read.boxes.crowd.tolist() == [False, True] and read.masks.crowd is None


def coco(*annotations: dict[str, Any]) -> dict[str, bytes | str]:
    document = {
        "images": [{"id": 1, "file_name": "1.png", "width": 32, "height": 24}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"id": id, "image_id": 1, "category_id": 1, **entry} for id, entry in enumerate(annotations, 1)
        ],
    }
    return {"train/1.png": picture(9, (32, 24)), "annotations/instances_train.json": json.dumps(document)}


def areas(data: Dataset) -> list[float]:
    (found,) = (one.boxes for _, one in by_stem(data).values())
    assert found is not None and found.area is not None
    return list(found.area.tolist())


def test_areas_are_kept_where_the_format_has_them(tmp_path: Path) -> None:
    entries = [{"bbox": [1, 1, 10, 10], "area": 50.123456}, {"bbox": [2, 2, 5, 5], "area": 25}]
    source = open_data(lay(tmp_path / "source", coco(*entries)))
    found, again = written(source, "coco", tmp_path / "coco")
    assert (lost(found), areas(again)) == ({}, [50.123456, 25])
    found, _ = written(source, "voc", tmp_path / "voc")
    assert lost(found) == {"areas of objects that are not those of their boxes": 1}


def test_areas_of_objects_of_which_some_have_a_mask(tmp_path: Path) -> None:
    """Nothing of COCO's is lost in COCO, but that boxes without a mask come last."""
    triangle = {"segmentation": [[5, 5, 15, 5, 5, 15]]}
    entries = [{"bbox": [1, 1, 10, 10], "area": 50}, {"bbox": [5, 5, 10, 10], "area": 48.5, **triangle}]
    source = open_data(lay(tmp_path / "source", coco(*entries)))
    found, again = written(source, "coco", tmp_path / "coco")
    assert (lost(found), areas(again)) == ({}, [48.5, 50])
    assert total(again, "boxes") == 2 and total(again, "masks") == 1


def test_an_area_that_is_read_otherwise_is_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = find("writers", "coco")
    right = writer.write

    def wrong(folder: Path, pictures: Any, classes: Any) -> None:
        right(folder, pictures, classes)
        place = folder / "annotations/instances_train.json"
        place.write_text(place.read_text().replace('"area": 50', '"area": 51'))

    monkeypatch.setattr(writer, "write", wrong)
    source = open_data(lay(tmp_path / "source", coco({"bbox": [1, 1, 10, 10], "area": 50})))
    found = write_data(source, "coco", tmp_path / "out")
    assert found.comparison.differences == ["train/1.png: the areas of its objects are others than were written"]


def whole(length: int) -> st.SearchStrategy[tuple[int, int]]:
    ends = st.tuples(st.integers(0, length - 1), st.integers(1, length))
    return ends.map(lambda pair: (pair[0], min(pair[0] + pair[1], length)))


ROWS = st.lists(st.tuples(st.sampled_from(["cat", "dog"]), whole(32), whole(24)), max_size=4, unique=True).map(
    lambda found: [(label, x[0], y[0], x[1], y[1]) for label, x, y in found]
)


@pytest.mark.parametrize("name", BOXED)
@given(pictures=st.lists(st.tuples(ROWS, ROWS), min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_any_boxes_beside_any_masks(name: str, pictures: list[tuple[list[Row], list[Row]]]) -> None:
    pairs = [("train", sample(f"{row}", *own)) for row, own in enumerate(pictures)]
    pairs.append(("train", sample("one", [("dog", 1, 1, 9, 9)], [("dog", 1, 1, 9, 9)])))
    with tempfile.TemporaryDirectory() as folder:
        data = held(pairs, ("cat", "dog"))
        found, again = written(data, name, Path(folder) / "out")
        before, after = rows_of(data), rows_of(again)
    moved = lost(found).get("corners of boxes that are not those of their masks", 0)
    assert sum((rows - after[stem]).total() for stem, rows in before.items()) == moved
    assert all(rows.total() <= after[stem].total() for stem, rows in before.items())
    assert name == "yolo" or not moved
