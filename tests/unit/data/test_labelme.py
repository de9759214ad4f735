"""Labelme's files, and the polygons that all annotation formats share."""

from __future__ import annotations

import base64
import json
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from laying import JSON, lay, pack, picture, read_or_refused, with_one_replaced

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Location
from clearsight.core.sample import Sample
from clearsight.data.checks import gather, run_checks
from clearsight.data.open import open_data
from clearsight.data.readers import labelme
from clearsight.data.readers.rings import fill
from clearsight.ops.rle import to_mask


def shape(label: str, points: list[list[float]], kind: str = "polygon", group: int | None = None) -> dict[str, Any]:
    common = {"group_id": group, "description": "", "flags": {}, "mask": None}
    return {"label": label, "points": points, "shape_type": kind, **common}


def file(image: str | None, shapes: list[dict[str, Any]], flags: dict[str, bool] | None = None, **more: Any) -> str:
    """What Labelme 5 writes, for a picture of 8 × 6 pixels."""
    head = {"version": "5.5.0", "flags": flags or {}, "shapes": shapes, "imagePath": image, "imageData": None}
    return json.dumps(head | {"imageHeight": 6, "imageWidth": 8} | more)


SQUARE = [[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0]]
PHOTO = picture(7, (8, 6))
FILES = {
    "train/1.png": PHOTO,
    "train/1.json": file(
        "1.png",
        [
            shape("cat", [[5, 4], [1, 2.5]], "rectangle"),
            shape("dog", SQUARE),
            shape("dog", [[4, 0], [6, 0], [6, 2], [4, 2]], group=1),
            shape("dog", [[0, 4], [2, 4], [2, 6], [0, 6]], group=1),
            shape("eye", [[2, 2]], "point"),
        ],
        {"blurred": True, "dark": False},
    ),
    "train/2.png": PHOTO,
    "train/2.json": file("..\\train\\2.png", [], {"blurred": False, "dark": False}),
    "val/3.json": file("3.png", [], {"dark": True}, imageData=base64.b64encode(PHOTO).decode()),
    "val/4.png": PHOTO,
}


def samples(path: Path, split: str = "train") -> list[Sample]:
    return list(labelme.read(Location(path), split))


@pytest.mark.parametrize("packed", [False, True])
def test_labelmes_files(tmp_path: Path, packed: bool) -> None:
    path = pack(tmp_path / "x.zip", FILES) if packed else lay(tmp_path / "x", FILES)
    data = open_data(path)
    assert (data.format, dict(data.info.splits)) == ("labelme", {"train": 2, "val": 2})
    assert data.info.annotated == {"labels", "boxes", "masks"} and data.info.labels == ("blurred", "dark")
    assert not data.info.several  # no picture has two; that one has none may be an oversight
    where = f"{path}/train/1.json"
    assert {fault.what: (fault.items, fault.total) for fault in data.info.faults} == {
        "shapes of the kind 'point'": ((f"{where}: shape 5 (train/1.png)",), 5),
        "pictures without an annotation file": (("val/4.png",), 4),
        "pictures with a box and no mask for 1 object": ((f"{where}: 1 of cat (train/1.png)",), 4),
    }
    notes = " / ".join(data.info.notes)
    assert "1 picture with boxes and polygons; no boxes are made of the polygons: train/1.png" in notes
    first, second = data.samples("train")
    assert (first.key, first.labels, second.labels) == ("train/1.png", ("blurred",), ())
    assert first.boxes is not None and first.boxes.labels == ("cat",)
    np.testing.assert_array_equal(first.boxes.xyxy, np.array([[1, 2.5, 5, 4]], np.float32))
    assert first.masks is not None and (first.masks.kind, first.masks.labels) == ("instances", ("dog", "dog"))
    masks = pickle.loads(pickle.dumps(first.masks)).load()
    wanted = np.zeros((2, 6, 8), bool)
    wanted[0, 1:3, 1:3] = wanted[1, 0:2, 4:6] = wanted[1, 4:6, 0:2] = True
    np.testing.assert_array_equal([to_mask(runs) for runs in masks], wanted)
    assert second.boxes is not None and second.boxes.xyxy.shape == (0, 4)  # annotated: there is nothing
    assert second.masks is not None and second.masks.load() == ()
    third, fourth = data.samples("val")
    assert third.labels == ("dark",) and third.key == "val/3.json"
    assert pickle.loads(pickle.dumps(third.image)).load().shape == (6, 8, 3)
    assert (fourth.key, fourth.labels, fourth.boxes, fourth.masks) == ("val/4.png", None, None, None)


def test_classes_are_those_of_shapes_where_no_flag_is_set(tmp_path: Path) -> None:
    info = labelme.info(Location(lay(tmp_path, {"1.png": PHOTO, "1.json": file("1.png", [shape("b", SQUARE)])})))
    assert (info.labels, info.annotated, info.several) == (("b",), {"masks"}, False)


def test_odd_shapes_are_counted(tmp_path: Path) -> None:
    shapes = [
        shape("a", [[1, 1], [1, 5]], "rectangle"),
        shape("", SQUARE),
        shape("a", SQUARE[:2]),
        shape("a", SQUARE[:3], "rectangle"),
        shape("a", [[2, 1], [3, 2], [2, 3], [1, 2]], "rectangle"),
        shape("a", [[4, 3], [4, 1]], "circle"),
    ]
    lay(tmp_path, {"1.png": PHOTO, "1.json": file("1.png", shapes), "other.json": "{}", "list.json": "[1]"})
    info = labelme.info(Location(tmp_path))
    where = f"{tmp_path}/1.json: shape"
    assert {fault.what: (fault.total, fault.items) for fault in info.faults} == {
        "masks without a label": (3, (f"{where} 2 (1.png)",)),
        "polygons of fewer than 3 points": (3, (f"{where} 3 (1.png)",)),
        "rectangles whose points are not two or four corners of an upright one": (
            3,
            (f"{where} 4 (1.png)", f"{where} 5 (1.png)"),
        ),
        "boxes without area": (3, (f"{where} 1 (1.png)",)),
        "files of something else among the annotations": (3, (f"{tmp_path}/list.json", f"{tmp_path}/other.json")),
    }
    (sample,) = samples(tmp_path)
    assert sample.masks is not None
    (circle,) = sample.masks.load()
    rows, columns = np.mgrid[:6, :8] + 0.5
    np.testing.assert_array_equal(to_mask(circle), np.hypot(rows - 3, columns - 4) < 2)


@pytest.mark.parametrize("turned", [0, 1, 2, 3])
def test_a_rectangle_by_its_four_corners(tmp_path: Path, turned: int) -> None:
    corners = [[1.5, 1.0], [5.25, 1.0], [5.25, 4.0], [1.5, 4.0]]
    shapes = [shape("a", [*corners[turned:], *corners[:turned]], "rectangle")]
    lay(tmp_path, {"1.png": PHOTO, "1.json": file("1.png", shapes)})
    assert labelme.info(Location(tmp_path)).faults == ()
    (sample,) = samples(tmp_path)
    assert sample.boxes is not None and sample.boxes.xyxy.tolist() == [[1.5, 1, 5.25, 4]]


def test_one_polygon_among_rectangles_is_told_of(tmp_path: Path) -> None:
    """A net that learns masks would be told that nothing is on the pictures with rectangles alone."""
    boxes = [shape("cat", [[1, 1], [3, 3]], "rectangle"), shape("dog", [[2, 2], [5, 5]], "rectangle")]
    files: dict[str, bytes | str] = {f"{n}.png": picture(n, (8, 6)) for n in range(3)}
    files |= {"0.json": file("0.png", boxes), "1.json": file("1.png", [*boxes, shape("dog", SQUARE)])}
    path = lay(tmp_path, files | {"2.json": file("2.png", [shape("cat", SQUARE)])})
    (finding,) = [found for found in run_checks(gather(open_data(path))) if "--task detect" in found.message]
    assert finding.message == (
        "pictures with a box and no mask for 3 objects were taken to show only what has a mask, 2 of 3: "
        "draw these masks too, or learn boxes alone with --task detect"
    )
    places = (f"{path}/0.json: 1 of cat, 1 of dog (0.png)", f"{path}/1.json: 1 of cat (1.png)")
    assert (finding.level, finding.items) == ("warning", places)


def test_a_set_with_nothing_on_it_is_nothing_to_learn(tmp_path: Path) -> None:
    path = lay(tmp_path, {"1.png": PHOTO, "1.json": file("1.png", [])})
    found = run_checks(gather(open_data(path)))
    assert [(f.level, f.message) for f in found if f.check == "balance"] == [
        ("error", "no picture that can be read has a box: there is nothing to learn")
    ]


def test_pictures_that_are_not_there_or_not_of_the_size(tmp_path: Path) -> None:
    lay(tmp_path, {"1.json": file("1.png", [shape("a", SQUARE)]), "2.json": file("1.png", [])})
    (fault,) = labelme.info(Location(tmp_path)).faults
    where = (f"{tmp_path}/1.json: 1.png", f"{tmp_path}/2.json: 1.png")
    assert (fault.what, fault.items, fault.total) == ("pictures that are listed but not there", where, 2)
    first, second = samples(tmp_path)
    assert (first.key, second.key) == ("1.png", "1.png#2")
    with pytest.raises(BadImage, match="not there"):
        first.image.load()
    lay(tmp_path, {"1.png": picture(0, (16, 12))})
    first, _ = samples(tmp_path)
    assert first.masks is not None
    with pytest.raises(BadImage, match="is of 16 x 12 pixels, its annotation says 8 x 6; was it resized"):
        first.masks.load()
    lay(tmp_path / "bad", {"1.json": file("1.png", [], imageData="&&&")})
    with pytest.raises(BadImage, match=r"1\.json: holds no picture in imageData"):
        samples(tmp_path / "bad")[0].image.load()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (file("1.png", [])[:-9], r"2\.json is not JSON, or cut short"),
        ("[" * 100_000, r"2\.json is not JSON"),
        (file("1.png", ["a"]), r"2\.json: shape 1 is not as Labelme writes it"),  # type: ignore[list-item]
        (file("1.png", [], flags=["a"]), r"2\.json: 'flags' must be names"),  # type: ignore[arg-type]
    ],
)
def test_broken_files(tmp_path: Path, text: str, message: str) -> None:
    lay(tmp_path, {"1.png": PHOTO, "1.json": file("1.png", []), "2.json": text})
    with pytest.raises(InputError, match=message):
        open_data(tmp_path)


NO_OUTLINE = "polygons whose coordinates are no numbers of pixels, or no pairs"
NO_BOX = "boxes whose coordinates are no numbers"


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"label": "a"}, NO_OUTLINE),
        (shape("a", [[1, 2], [3]]), NO_OUTLINE),
        (shape("a", [["x", 2]]), NO_OUTLINE),  # type: ignore[list-item]
        (shape("a", [[math.inf, 2]]), NO_OUTLINE),
        (shape("a", [[1e300, 2]]), NO_OUTLINE),
        (shape("a", [[math.nan, 2], [3, 4]], "circle"), NO_OUTLINE),
        (shape("a", [[math.nan, 2], [3, 4]], "rectangle"), NO_BOX),
        (shape("a", [[1, 2], ["x", 4]], "rectangle"), NO_BOX),  # type: ignore[list-item]
        (shape("", [[1, 2], [3, 4]], "rectangle"), "boxes without a label"),
    ],
)
def test_a_shape_that_cannot_be_used_ends_no_reading(tmp_path: Path, wrong: dict[str, Any], what: str) -> None:
    good = [shape("dog", SQUARE), shape("cat", [[1, 1], [3, 3]], "rectangle")]
    lay(tmp_path, {"1.png": PHOTO, "1.json": file("1.png", [*good, wrong])})
    (fault,) = [found for found in labelme.info(Location(tmp_path)).faults if found.done == "left out"]
    assert (fault.what, fault.items, fault.total) == (what, (f"{tmp_path}/1.json: shape 3 (1.png)",), 2)
    (sample,) = samples(tmp_path)
    assert sample.boxes is not None and sample.boxes.labels == ("cat",)
    assert sample.masks is not None and sample.masks.labels == ("dog",)


def test_one_bad_part_of_an_object_leaves_the_others(tmp_path: Path) -> None:
    parts = [shape("dog", SQUARE, group=1), shape("dog", SQUARE[:2], group=1)]
    lay(tmp_path, {"1.png": PHOTO, "1.json": file("1.png", [*parts, shape("dog", [["x", 1]], group=1)])})  # type: ignore[list-item]
    assert {fault.what: fault.total for fault in labelme.info(Location(tmp_path)).faults} == {
        "polygons of fewer than 3 points": 1,
        NO_OUTLINE: 1,
    }
    (sample,) = samples(tmp_path)
    assert sample.masks is not None and len(sample.masks.load()) == 1


def test_a_size_that_is_none_is_read_from_the_picture(tmp_path: Path) -> None:
    wide = [shape("a", [[6, 1], [20, 3]], "rectangle")]
    lay(tmp_path, {"1.png": PHOTO, "1.json": file("1.png", wide, imageHeight=-3)})
    assert [(fault.what, fault.items) for fault in labelme.info(Location(tmp_path)).faults] == [
        ("sizes of pictures that are no numbers of pixels", (f"{tmp_path}/1.json: size: 8 x -3 (1.png)",)),
        ("boxes that reach beyond their picture", (f"{tmp_path}/1.json: shape 1 (1.png)",)),
    ]
    (sample,) = samples(tmp_path)
    assert sample.boxes is not None and sample.boxes.said is None
    np.testing.assert_array_equal(sample.boxes.xyxy, [[6, 1, 8, 3]])


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1000), JSON)
@example(0, "5.5.0")  # as it was
def test_a_file_with_any_value_replaced_is_read_or_refused(tmp_path: Path, number: int, value: Any) -> None:
    whole = str(FILES["train/1.json"])
    text = json.dumps(with_one_replaced(json.loads(whole), number, value))
    lay(tmp_path, {"1.png": PHOTO, "1.json": text, "2.json": file("2.png", [])})
    assert read_or_refused(labelme, Location(tmp_path)) or text != whole


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(-5, 25), st.floats(-5, 25)), min_size=3, max_size=7))
def test_fill_takes_the_pixels_whose_centre_lies_inside(ring: list[tuple[float, float]]) -> None:
    mask = np.zeros((20, 16), bool)
    fill(mask, tuple(ring))
    rows, columns = np.mgrid[:20, :16] + 0.5
    inside, doubtful = np.zeros((2, 20, 16), bool)
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):  # a ray to the left crosses edges
        straddles = (rows > min(y0, y1)) & (rows <= max(y0, y1))
        crossing = x0 + (rows - y0) * ((x1 - x0) / (y1 - y0) if y0 != y1 else 0)
        inside ^= straddles & (crossing < columns)
        doubtful |= (straddles & (np.abs(columns - crossing) < 1e-6)) | (np.abs(rows - y0) < 1e-6)
    np.testing.assert_array_equal(mask & ~doubtful, inside & ~doubtful)


def test_fill_agrees_with_matplotlib() -> None:
    from matplotlib.path import Path as Outline

    ring = [(3.2, 4.1), (40.7, 9.3), (33.3, 50.2), (20.4, 22.7), (8.6, 44.4), (30.2, 12.9)]  # crosses itself
    mask = np.zeros((60, 50), bool)
    fill(mask, tuple(ring))
    rows, columns = np.mgrid[:60, :50] + 0.5
    wanted = Outline(ring).contains_points(np.stack([columns.ravel(), rows.ravel()], 1)).reshape(60, 50)
    np.testing.assert_array_equal(mask, wanted)
