"""Tables of boxes: columns of every usual name, several rows a picture, and rows that are no boxes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from laying import lay, pack, picture, read_or_refused

from clearsight.core.errors import InputError
from clearsight.core.reader import Location
from clearsight.core.sample import Sample
from clearsight.data.checks import gather, run_checks
from clearsight.data.open import open_data
from clearsight.data.readers import box_table, table
from clearsight.data.readers.box_columns import box_columns

PHOTO = picture(5, (80, 60))
PHOTOS = {f"img/{number}.png": PHOTO for number in range(1, 5)}
ROWS = """image,class,xmin,ymin,xmax,ymax,camera,score
img/1.png,cat,1,2,30.5,40,A,0.5
img/2.png,dog,5,6,7,8,B,0.5
img/1.png,dog,10,10,20,20,A,0.25
img/3.png,,,,,,B,
"""


def samples(path: Path, split: str = "train", **options: str) -> list[Sample]:
    return list(box_table.read(Location(path, **options), split))


def faults(path: Path) -> dict[str, list[str]]:
    start = f"{path}: "
    return {f.what: [i.removeprefix(start) for i in f.items] for f in box_table.info(Location(path)).faults}


@pytest.mark.parametrize("form", ["file", "folder", "zip"])
def test_a_row_for_each_box(tmp_path: Path, form: str) -> None:
    files = PHOTOS | {"boxes.csv": ROWS}
    path = pack(tmp_path / "x.zip", files) if form == "zip" else lay(tmp_path / "x", files)
    data = open_data(path / "boxes.csv" if form == "file" else path)
    assert (data.format, dict(data.info.splits), data.info.labels) == ("boxes", {"train": 3}, ("cat", "dog"))
    assert (data.info.annotated, data.info.columns) == ({"boxes"}, ("camera",))
    assert data.info.notes == ("columns that differ between the boxes of a picture are not kept: score",)
    assert [(fault.what, fault.items) for fault in data.info.faults] == [
        ("pictures that no annotation names", ("img/4.png",))
    ]
    first, second, third = data.samples("train")
    assert [s.key for s in (first, second, third)] == ["img/1.png", "img/2.png", "img/3.png"]
    assert [dict(s.extra) for s in (first, second, third)] == [{"camera": "A"}, {"camera": "B"}, {"camera": "B"}]
    assert first.boxes is not None and second.boxes is not None and third.boxes is not None
    assert first.boxes.labels == ("cat", "dog")
    np.testing.assert_array_equal(first.boxes.xyxy, np.array([[1, 2, 30.5, 40], [10, 10, 20, 20]], np.float32))
    assert second.boxes.labels == ("dog",)
    assert third.boxes.xyxy.shape == (0, 4)  # a row without a box: there is nothing
    assert first.labels is None and first.boxes.said is None


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ("xmin,ymin,xmax,ymax", "10,20,40,50"),
        ("XMin,XMax,YMin,YMax", "10,40,20,50"),
        ("x_min,y_min,x_max,y_max", "10,20,40,50"),
        ("x1,y1,x2,y2", "10,20,40,50"),
        ("x0,y0,x1,y1", "10,20,40,50"),
        ("left,top,right,bottom", "10,20,40,50"),
        ("x,y,w,h", "10,20,30,30"),
        ("x,y,width,height", "10,20,30,30"),
        ("bbox_x,bbox_y,bbox_width,bbox_height,width,height", "10,20,30,30,80,60"),
        ("xmin,ymin,xmax,ymax,width,height", "10,20,40,50,80,60"),
        ("width,height,xmin,ymin,xmax,ymax", "80,60,10,20,40,50"),
        ("x_center,y_center,width,height", "25,35,30,30"),
        ("cx,cy,w,h", "25,35,30,30"),
        ("y,x,h,w", "20,10,30,30"),
    ],
)
def test_names_of_columns(tmp_path: Path, columns: str, cells: str) -> None:
    path = lay(tmp_path, PHOTOS | {"b.csv": f"filename,{columns},label\nimg/1.png,{cells},cat\n"}) / "b.csv"
    data = open_data(path)
    assert data.format == "boxes" and data.info.columns == ()
    (sample,) = data.samples("train")
    assert sample.boxes is not None
    np.testing.assert_array_equal(sample.boxes.xyxy, [[10, 20, 40, 50]])
    assert sample.boxes.said == ((60, 80) if columns.count(",") > 3 else None)


@pytest.mark.parametrize("columns", ["x,y", "xmin,ymin,xmax", "width,height", "image,label", "x,y,z,t", ""])
def test_other_columns_are_no_boxes(columns: str) -> None:
    assert box_columns(tuple(columns.split(","))) is None


@pytest.mark.parametrize(
    ("header", "option"),
    [("what,name", None), ("extra,object_name", None), ("a,species", None), ("a,what", "what"), ("what", None)],
)
def test_the_column_of_labels(tmp_path: Path, header: str, option: str | None) -> None:
    cells = ",".join(["1"] * header.count(",") + ["cat"])
    text = f"image,x1,y1,x2,y2,{header}\nimg/1.png,1,1,5,5,{cells}\n"
    path = lay(tmp_path, PHOTOS | {"b.csv": text}) / "b.csv"
    assert open_data(path, label_column=option).info.labels == ("cat",)


def test_json_lines_and_numbers_as_labels(tmp_path: Path) -> None:
    rows = [
        {"image": "img/1.png", "category": 3.0, "x": 1, "y": 2, "w": 3, "h": 4},
        {"image": "img/1.png", "category": 11, "x": "1", "y": 2, "w": 3, "h": 5},
        {"image": "img/2.png", "x": None},
    ]
    path = lay(tmp_path, PHOTOS | {"b.jsonl": "\n".join(map(json.dumps, rows))}) / "b.jsonl"
    data = open_data(path)
    assert (data.format, data.info.labels) == ("boxes", ("3", "11"))
    first, second = data.samples("train")
    assert first.boxes is not None and second.boxes is not None
    np.testing.assert_array_equal(first.boxes.xyxy, [[1, 2, 4, 6], [1, 2, 4, 7]])
    assert second.boxes.labels == ()


@pytest.mark.parametrize("form", ["column", "files"])
def test_splits(tmp_path: Path, form: str) -> None:
    head, row = "image,label,x1,y1,x2,y2", "img/{}.png,a,1,1,5,5"
    if form == "column":
        pairs = ((1, "train"), (2, "valid"), (1, "test"))
        files = {"b.csv": f"{head},split\n" + "".join(f"{row.format(n)},{split}\n" for n, split in pairs)}
    else:
        files = {f"{name}.csv": f"{head}\n{row.format(n)}\n" for name, n in (("train", 1), ("val", 2), ("test", 1))}
    data = open_data(lay(tmp_path, PHOTOS | files))
    assert (data.format, dict(data.info.splits)) == ("boxes", {"train": 1, "val": 1, "test": 1})
    assert [data.samples(split)[0].key for split in ("train", "val", "test")] == [
        "img/1.png",
        "img/2.png",
        "img/1.png#2",
    ]


def test_marks_of_boxes(tmp_path: Path) -> None:
    head, rows = "image,label,x1,y1,x2,y2,iscrowd,difficult", "img/1.png,a,1,1,5,5,1,0\nimg/1.png,a,2,1,5,5,0,1\n"
    path = lay(tmp_path, PHOTOS | {"b.csv": f"{head}\n{rows}img/2.png,a,1,1,5,5,0,\n"}) / "b.csv"
    first, second = (sample.boxes for sample in samples(path))
    assert first is not None and second is not None and box_table.info(Location(path)).columns == ()
    assert first.crowd is not None and first.difficult is not None
    assert (first.crowd.tolist(), first.difficult.tolist()) == ([True, False], [False, True])
    assert (second.crowd, second.difficult) == (None, None)


def test_shares_of_the_sides(tmp_path: Path) -> None:
    text = "image,label,xmin,ymin,xmax,ymax\nimg/1.png,a,0.25,0.5,0.5,1.0\nimg/2.png,a,0,0,1,1\n"
    path = lay(tmp_path, PHOTOS | {"b.csv": text}) / "b.csv"
    info = box_table.info(Location(path))
    assert info.notes == ("no coordinate is larger than 1.5: read as shares of the pictures' width and height",)
    first, second = (sample.boxes for sample in samples(path))
    assert first is not None and second is not None
    np.testing.assert_array_equal(first.xyxy, [[20, 30, 40, 60]])
    np.testing.assert_array_equal(second.xyxy, [[0, 0, 80, 60]])


OUTSIDE = "boxes wholly outside their picture"
BEYOND = "boxes that reach beyond their picture"
NO_NUMBERS = "boxes whose coordinates are no numbers"


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ("0.25,0.5,1.6,1.0", BEYOND),
        ("0.25,0.5,640,1.0", BEYOND),
        ("320,240,640,480", OUTSIDE),
        ("0.25,0.5,inf,1.0", NO_NUMBERS),
        ("0.25,0.5,-inf,1.0", NO_NUMBERS),
        ("0.25,0.5,1e12,1.0", NO_NUMBERS),
    ],
)
@pytest.mark.parametrize("good", [1, 30])
def test_one_wrong_value_makes_no_pixels_of_shares(tmp_path: Path, good: int, bad: str, what: str) -> None:
    rows = [f"img/1.png,a,0.25,0.5,0.5,{0.75 + number / 200}" for number in range(good)]
    text = "\n".join(["image,label,xmin,ymin,xmax,ymax", *rows, f"img/1.png,a,{bad}"])
    path = lay(tmp_path, {"img/1.png": PHOTO, "b.csv": text}) / "b.csv"
    assert faults(path) == {what: [f"line {good + 2} (img/1.png)"]}
    (note,) = box_table.info(Location(path)).notes
    assert note.endswith("larger than 1.5: read as shares of the pictures' width and height")
    (sample,) = samples(path)
    assert sample.boxes is not None
    np.testing.assert_array_equal(sample.boxes.xyxy[0], [20, 30, 40, 45])


def test_a_box_in_shares_among_pixels_is_named(tmp_path: Path) -> None:
    rows = ["img/1.png,a,10,20,30,40", "img/1.png,a,12,20,30,40", "img/1.png,a,0.25,0.5,0.5,1.0"]
    path = lay(tmp_path, {"img/1.png": PHOTO, "b.csv": "\n".join(["image,label,x1,y1,x2,y2", *rows])}) / "b.csv"
    what = "boxes within the first 1.5 pixels, as if in shares of the picture's sides, among boxes in pixels"
    assert faults(path) == {what: ["line 4 (img/1.png)"]}
    (sample,) = samples(path)
    assert sample.boxes is not None and len(sample.boxes.labels) == 3


def test_positions_in_pixels_and_sizes_in_shares_are_an_error(tmp_path: Path) -> None:
    rows = [f"img/1.png,a,{10 + number},20,0.25,0.5" for number in range(3)] + ["img/1.png,a,10,20,30,40"]
    path = lay(tmp_path, {"img/1.png": PHOTO, "b.csv": "\n".join(["image,label,x,y,w,h", *rows])}) / "b.csv"
    (finding,) = [found for found in run_checks(gather(open_data(path))) if found.check == "annotations"]
    assert finding.message == (
        "boxes less than 1.5 pixels wide and high, as most of the set are, were kept, 3 of 4: "
        "write position and size in one unit, pixels or shares of the picture's sides"
    )
    assert (finding.level, finding.items) == ("error", tuple(f"{path}: line {n} (img/1.png)" for n in (2, 3, 4)))


def test_every_kind_of_fault_is_named(tmp_path: Path) -> None:
    rows = [
        "img/1.png,a,1,1,5,5",
        "img/1.png,a,1,1,5,5",
        "img/1.png,,1,1,5,5",
        "img/1.png,a,9,9,5,5",
        "img/1.png,a,9,9,9,12",
        "img/1.png,a,90,9,99,12",
        "img/1.png,a,70,9,99,12",
        "img/1.png,a,7,,9,12",
        "img/1.png,a,7,x,9,12",
        "img/1.png,a,7,inf,9,12",
        "img/gone.png,a,7,8,9,12",
    ]
    path = lay(tmp_path, PHOTOS | {"b.csv": "image,label,x1,y1,x2,y2\n" + "\n".join(rows)}) / "b.csv"
    found = faults(path)
    assert found.pop("pictures that are listed but not there") == [f"{path}:12: img/gone.png"]
    assert found.pop("pictures that no annotation names") == ["img/2.png", "img/3.png", "img/4.png"]

    def lines(*numbers: int) -> list[str]:
        return [f"line {number} (img/1.png)" for number in numbers]

    assert found == {
        "boxes without a label": lines(4),
        "boxes whose coordinates are no numbers": lines(9, 10, 11),
        "boxes whose second corner lies before the first": lines(5),
        "boxes that are there twice": lines(3),
        "boxes without area": lines(6),
        "boxes wholly outside their picture": lines(7),
        "boxes that reach beyond their picture": lines(8),
    }
    first, gone = (sample.boxes for sample in samples(path))
    assert first is not None and gone is not None
    np.testing.assert_array_equal(first.xyxy, [[1, 1, 5, 5], [5, 5, 9, 9], [70, 9, 80, 12]])
    np.testing.assert_array_equal(gone.xyxy, [[7, 8, 9, 12]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,label\nimg/1.png,a\n", r"has no columns of boxes among image, label; call them xmin, ymin, xmax, ymax"),
        ("image,a,b,x1,y1,x2,y2\nimg/1.png,1,2,1,1,2,2\n", r"no column of labels that .*; say --label-column"),
        ("image,label,x1,y1,x2,y2\n,a,1,1,2,2\n", r"b\.csv:2: names no picture"),
        ("image,label,x1,y1,x2,y2\nimg/1.png,a,1,1\n", r"b\.csv:2: has 4 cells where the header has 6"),
        ("image,label,x1,y1,x2,y2,split\na.png,a,1,1,2,2,train\na.png,a,1,1,2,2,xx\n", r"b\.csv:3: the split 'xx'"),
        ("", r"b\.csv is empty"),
    ],
)
def test_tables_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = lay(tmp_path, PHOTOS | {"b.csv": text}) / "b.csv"
    with pytest.raises(InputError, match=message):
        open_data(path, format="boxes")
    with pytest.raises(InputError, match="must have one column of labels; say --label-column"):
        box_table.info(Location(lay(tmp_path, {"c.csv": ROWS}) / "c.csv", label_column="class,camera"))


def test_table_still_reads_such_a_file_where_it_is_asked_to(tmp_path: Path) -> None:
    path = lay(tmp_path, PHOTOS | {"boxes.csv": ROWS}) / "boxes.csv"
    assert open_data(path, format="table").info.annotated == {"labels"}
    assert open_data(path, value_column="score").info.values == ("score",)  # numbers are what table knows
    plain = lay(tmp_path / "p", PHOTOS | {"x.csv": "image,label,width,height\nimg/1.png,a,8,6\n"})
    assert open_data(plain).format == "table" and table.info(Location(plain)).labels == ("a",)


CELLS = st.sampled_from(["1", "5", "80", "-3", "x", "", "nan", "inf", "1e400", "img/1.png", "a", '"', "\x00", "0.5"])


GOOD = [["img/1.png", "a", "1", "5", "80", "0.5"], ["img/1.png", "a", "nan", "-3", "1e400", "x"]]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, min_size=6, max_size=6), min_size=1, max_size=4) | st.binary(max_size=20))
@example(GOOD)
def test_cells_of_any_kind_are_read_or_refused(tmp_path: Path, rows: list[list[str]] | bytes) -> None:
    tail = rows if isinstance(rows, bytes) else "\n".join(",".join(row) for row in rows).encode()
    path = lay(tmp_path, PHOTOS | {"b.csv": b"image,label,x1,y1,x2,y2\n" + tail}) / "b.csv"
    assert read_or_refused(box_table, Location(path)) or rows != GOOD
