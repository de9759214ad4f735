"""Masks as Labelme, CVAT, Label Studio and YOLO have them, other than by polygons, and damaged ones."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from laying import lay, picture
from masking import indexed

from clearsight.core.sample import Masks
from clearsight.data.brush import read_brush, write_brush
from clearsight.data.open import Dataset, open_data
from clearsight.ops.rle import to_mask

PHOTO = picture(5, (8, 6))
WINDOW = np.array([[1, 0, 1], [0, 1, 1]], np.uint8)
WHOLE = np.zeros((6, 8), bool)
WHOLE[2:4, 3:6] = WINDOW


def masks_in(data: Dataset) -> Masks:
    found = data.samples("train")[0].masks
    assert found is not None
    return found


def labelme(folder: Path, *shapes: dict[str, Any]) -> Dataset:
    document = {"imagePath": "1.png", "imageHeight": 6, "imageWidth": 8, "flags": {}, "shapes": list(shapes)}
    return open_data(lay(folder, {"1.png": PHOTO, "1.json": json.dumps(document)}))


def masked(corners: list[list[float]], data: Any, group: int | None = None) -> dict[str, Any]:
    text = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    return {"label": "a", "points": corners, "shape_type": "mask", "mask": text, "group_id": group}


def test_labelmes_masks(tmp_path: Path) -> None:
    corners = [[3.0, 2.0], [5.0, 3.0]]
    data = labelme(tmp_path, masked(corners, indexed(WINDOW)), masked(corners, indexed(WINDOW[::-1] * 255)))
    assert data.info.instances and data.info.faults == ()
    first, second = map(to_mask, masks_in(data).runs())
    np.testing.assert_array_equal(first, WHOLE)
    np.testing.assert_array_equal(second[2:4, 3:6], WINDOW[::-1])
    square = {"label": "a", "points": [[0, 0], [2, 0], [2, 1], [0, 1]], "shape_type": "polygon", "group_id": 1}
    joined = labelme(tmp_path / "joined", masked(corners, indexed(WINDOW), group=1), square)
    (one,) = masks_in(joined).runs()
    WHOLE_AND = WHOLE.copy()
    WHOLE_AND[0, :2] = True
    np.testing.assert_array_equal(to_mask(one), WHOLE_AND)


@pytest.mark.parametrize("data", [None, "&&", b"nothing", indexed(WINDOW[:1])])
def test_damaged_masks_of_labelme_are_named(tmp_path: Path, data: Any) -> None:
    corners = [[3.0, 2.0], [5.0, 3.0]]
    found = labelme(tmp_path, masked(corners, data), masked(corners, indexed(WINDOW)))
    (fault,) = found.info.faults
    assert fault.what == "masks whose run lengths are damaged, or not those of their size"
    assert (fault.items, fault.total) == ((f"{tmp_path}/1.json: shape 1 (1.png)",), 2)
    assert len(masks_in(found).runs()) == 1


def cvat(folder: Path, *masks: str) -> Dataset:
    inside = "".join(f'<mask label="a" source="manual" {mask} z_order="0"/>' for mask in masks)
    image = f'<image id="0" name="1.png" width="8" height="6">{inside}</image>'
    return open_data(
        lay(
            folder,
            {"annotations.xml": f"<annotations><version>1.1</version>{image}</annotations>", "images/1.png": PHOTO},
        )
    )


def test_cvats_masks(tmp_path: Path) -> None:
    data = cvat(tmp_path, 'rle="0, 1, 1, 1, 1, 2" left="3" top="2" width="3" height="2"')
    np.testing.assert_array_equal(to_mask(masks_in(data).runs()[0]), WHOLE)
    good = 'rle="0, 1" left="0" top="0" width="1" height="1"'
    wrong = [
        'rle="0, 1, 1" left="3" top="2" width="3" height="2"',
        'left="3"',
        'rle="0,x" left="0" top="0" width="1" height="1"',
    ]
    data = cvat(tmp_path / "wrong", good, *wrong, 'rle="9" left="0" top="0" width="1e5" height="1e5"')
    (fault,) = data.info.faults
    assert (len(fault.items), fault.total, fault.items[0][-20:]) == (4, 5, "<mask> 2 (images/1.png)"[-20:])


@pytest.mark.parametrize("format", ["labelme", "cvat", "labelstudio"])
def test_masks_that_reach_beyond_their_picture_are_named(tmp_path: Path, format: str) -> None:
    """As boxes are; less than half a pixel is rounding."""
    inside, beyond = [[0, 0], [8.4, 0], [8.4, 6.4], [0, 6.4]], [[0, 0], [8.6, 0], [4, 5]]
    if format == "labelme":
        polygons = [{"label": "a", "points": ring, "shape_type": "polygon"} for ring in (inside, beyond)]
        corners = [[6.0, 2.0], [8.0, 3.0]]
        data = labelme(tmp_path, *polygons, masked(corners, indexed(WINDOW)))
        places = [f"1.json: shape {number} (1.png)" for number in (2, 3)]
    elif format == "cvat":
        good, wrong = (f'rle="0, 2" left="{left}" top="5" width="2" height="1"' for left in (6, 7))
        data = cvat(tmp_path, good, wrong)
        places = ["annotations.xml: <mask> 2 (images/1.png)"]
    else:
        results = [
            {
                "id": f"r{row}",
                "type": "polygonlabels",
                "from_name": "p",
                "to_name": "image",
                "original_width": 8,
                "original_height": 6,
                "image_rotation": 0,
                "value": {"points": [[x / 8 * 100, y / 6 * 100] for x, y in ring], "polygonlabels": ["a"]},
            }
            for row, ring in enumerate((inside, beyond))
        ]
        task = {"id": 7, "data": {"image": "1.png"}, "annotations": [{"id": 1, "result": results}]}
        data = open_data(lay(tmp_path, {"1.png": PHOTO, "x.json": json.dumps([task])}))
        places = ["x.json: task 7: region r1 (1.png)"]
    (fault,) = data.info.faults
    assert (fault.what, fault.done) == ("masks that reach beyond their picture", "cut off at its edge")
    assert fault.items == tuple(f"{tmp_path}/{place}" for place in places)
    assert len(masks_in(data).runs()) == fault.total


@given(npst.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
@settings(deadline=None)
def test_brush_strokes_survive(mask: Any) -> None:
    np.testing.assert_array_equal(read_brush(write_brush(mask), *mask.shape), mask)


def test_a_brush_stroke_by_hand() -> None:
    """Two pixels: the first clear, by four values one after another, the second white, by one repeated."""
    bits = f"{8:032b}{7:05b}" + "".join(f"{width - 1:04b}" for width in (3, 4, 8, 16))
    bits += "0" + "00" + "011" + f"{0:08b}" * 4 + "1" + "00" + "011" + f"{255:08b}"
    bits += "0" * (-len(bits) % 8)
    packed = [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]
    assert read_brush(packed, 1, 2).tolist() == [[False, True]]
    for wrong in (packed[:-2], packed[:3], [*packed[:3], 9, *packed[4:]], [300], ["x"]):
        with pytest.raises(ValueError, match="has a brush stroke"):
            read_brush(wrong, 1, 2)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 255), max_size=30))
def test_any_bytes_are_a_brush_stroke_or_refused(packed: list[int]) -> None:
    head = [0, 0, 0, 8]
    try:
        assert read_brush([*head, *packed], 1, 2).shape == (1, 2)
    except ValueError as error:
        assert "brush stroke" in str(error)


def test_label_studios_brush(tmp_path: Path) -> None:
    def task(rle: Any) -> str:
        value = {"format": "rle", "rle": rle, "brushlabels": ["tail"]}
        size = {"original_width": 8, "original_height": 6, "image_rotation": 0}
        result = {"id": "a", "type": "brushlabels", "from_name": "b", "to_name": "image", "value": value} | size
        return json.dumps(
            [{"id": 7, "data": {"image": "1.png"}, "annotations": [{"id": 1, "result": [result, result]}]}]
        )

    data = open_data(lay(tmp_path / "a", {"1.png": PHOTO, "x.json": task(write_brush(WHOLE))}))
    assert (data.format, data.info.labels, data.info.instances) == ("labelstudio", ("tail",), True)
    np.testing.assert_array_equal(to_mask(masks_in(data).runs()[1]), WHOLE)
    data = open_data(lay(tmp_path / "b", {"1.png": PHOTO, "x.json": task(write_brush(WHOLE[:3]))}))
    (fault,) = data.info.faults
    assert fault.items[0] == f"{tmp_path}/b/x.json: task 7: region a (1.png)" and data.info.annotated == {"boxes"}


def yolo(folder: Path, lines: str, other: str = "") -> Dataset:
    files = {"data.yaml": "train: images/train\nval: images/val\nnames: [cat, dog]\n", "images/train/1.png": PHOTO}
    return open_data(
        lay(folder, files | {"labels/train/1.txt": lines, "images/val/2.png": PHOTO, "labels/val/2.txt": other})
    )


def test_yolos_polygons_throughout_are_masks(tmp_path: Path) -> None:
    polygon = "1 0.25 0.5 0.75 0.5 0.75 1 0.25 1\n"
    data = yolo(tmp_path / "a", polygon, polygon)
    assert data.info.annotated == {"boxes", "masks"} and data.info.instances
    assert data.info.notes == ("boxes are those around the polygons",)
    masks, boxes = masks_in(data), data.samples("train")[0].boxes
    assert masks.labels == ("dog",) and boxes is not None
    np.testing.assert_array_equal(boxes.xyxy, [[2, 3, 6, 6]])
    wanted = np.zeros((6, 8), bool)
    wanted[3:6, 2:6] = True
    np.testing.assert_array_equal(to_mask(masks.runs()[0]), wanted)
    mixed = yolo(tmp_path / "b", polygon, "0 0.5 0.5 0.5 0.5\n")  # a box in another split
    assert mixed.info.annotated == {"boxes"} and mixed.samples("train")[0].masks is None
    far = yolo(tmp_path / "c", polygon + "0 0.25 0.5 9e9 0.5 0.75 1\n")
    assert "polygons whose coordinates are no numbers of pixels, or no pairs" in [f.what for f in far.info.faults]
