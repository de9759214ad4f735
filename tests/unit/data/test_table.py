"""Tables of every kind that name pictures, whole and broken."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laying import lay, pack, picture

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import Location
from clearsight.data.readers import table
from clearsight.data.readers.sheet import parse

PHOTOS = {f"img/{n}.png": picture(n) for n in range(1, 5)}


def read_table(path: Path, split: str = "train", **options: str) -> list[tuple[str, tuple[str, ...] | None]]:
    return [(sample.key, sample.labels) for sample in table.read(Location(path, **options), split)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", "Image Path,Species,camera\nimg/1.png,cat,A\nimg/2.png,dog,B\n"),
        ("labels.csv", '\ufeffimg;label;camera\r\n"img/1.png";"cat";A\r\n\r\nimg/2.png;dog;B\r\n'),
        ("labels.tsv", "camera\tfile_name\ttarget\nA\timg/1.png\tcat\nB\timg/2.png\tdog\n"),
        (
            "labels.jsonl",
            '{"image": "img/1.png", "label": "cat", "camera": "A"}\n\n'
            '{"label": "dog", "camera": "B", "image": "img/2.png"}',
        ),
    ],
)
def test_tables_of_every_kind(tmp_path: Path, name: str, text: str) -> None:
    lay(tmp_path, PHOTOS | {name: text})
    for path in (tmp_path / name, tmp_path):  # the table by its name, and the folder that it describes
        location = Location(path)
        info = table.info(location)
        assert dict(info.splits) == {"train": 2}
        assert info.labels == ("cat", "dog")
        assert info.columns == ("camera",)
        assert info.notes == ()
        samples = list(table.read(location, "train"))
        assert [(s.key, s.labels, s.extra) for s in samples] == [
            ("img/1.png", ("cat",), {"camera": "A"}),
            ("img/2.png", ("dog",), {"camera": "B"}),
        ]
        assert [int(s.image.load()[0, 0, 0]) for s in samples] == [1, 2]
        assert table.sniff(location) is not None


def test_a_table_in_a_zip(tmp_path: Path) -> None:
    text = "path,label\nimg/1.png,cat\n./img/../img/2.png,dog\nimg/9.png,cat\n/etc/x.png,dog\n"
    files = {f"set/{name}": data for name, data in (PHOTOS | {"data.csv": text}).items()}
    location = Location(pack(tmp_path / "x.zip", files))
    samples = list(table.read(location, "train"))
    assert [int(sample.image.load()[0, 0, 0]) for sample in samples[:2]] == [1, 2]
    for sample in samples[2:]:
        with pytest.raises(BadImage, match="is not in the zip"):
            sample.image.load()
    assert table.info(location).notes == ("2 of 4 rows name a picture that is not there: img/9.png, /etc/x.png",)


def test_a_column_of_splits(tmp_path: Path) -> None:
    text = "image,label,split\nimg/1.png,a,Train\nimg/2.png,b,valid\nimg/3.png,a,TEST\n"
    path = lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"
    assert dict(table.info(Location(path)).splits) == {"train": 1, "val": 1, "test": 1}
    assert read_table(path, "val") == [("img/2.png", ("b",))]
    path.write_text(text + "img/4.png,a,holdout\n")
    with pytest.raises(InputError, match=r"x\.csv:5: the split 'holdout' is not known"):
        table.info(Location(path))


def test_a_column_called_split_that_means_something_else(tmp_path: Path) -> None:
    text = "image,label,split\nimg/1.png,a,left\nimg/2.png,b,right\n"
    info = table.info(Location(lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"))
    assert dict(info.splits) == {"train": 2}
    assert info.columns == ("split",)
    assert "'split' names none of train, val, test" in info.notes[0]


def test_tables_named_after_splits(tmp_path: Path) -> None:
    files = {"train.csv": "image,label\nimg/1.png,a\nimg/2.png,b\n", "val.csv": "image,label\nimg/3.png,a\n"}
    lay(tmp_path, PHOTOS | files | {"prices.csv": "item,price\ntea,2\n"})
    assert dict(table.info(Location(tmp_path)).splits) == {"train": 2, "val": 1}
    assert read_table(tmp_path, "val") == [("img/3.png", ("a",))]


def test_several_tables_are_not_guessed_among(tmp_path: Path) -> None:
    lay(tmp_path, PHOTOS | {"a.csv": "image,label\nimg/1.png,a\n", "b.csv": "image,label\nimg/1.png,b\n"})
    with pytest.raises(InputError, match=r"several tables, a\.csv, b\.csv; name the one"):
        table.info(Location(tmp_path))


def test_several_label_columns_and_empty_cells(tmp_path: Path) -> None:
    text = "image,colour,kind\nimg/1.png,red,cat\nimg/2.png,,dog\nimg/3.png,,\n"
    path = lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"
    rows = read_table(path, label_column="colour, kind")
    assert [labels for _, labels in rows] == [("red", "cat"), ("dog",), None]


def test_json_lists_and_numbers_as_labels(tmp_path: Path) -> None:
    rows = [{"image": "1.png", "labels": ["a", "b"]}, {"image": "2.png", "labels": 3}, {"image": "3.png"}]
    path = lay(tmp_path, {"x.jsonl": "\n".join(map(json.dumps, rows))}) / "x.jsonl"
    assert [labels for _, labels in read_table(path)] == [("a", "b"), ("3",), None]


def test_columns_by_option_and_by_content(tmp_path: Path) -> None:
    text = "what,where,image\ncat,img/1.png,yes\ndog,img/2.png,no\n"
    path = lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"
    asked = {"image_column": "where", "label_column": "what"}
    assert read_table(path, **asked) == [("img/1.png", ("cat",)), ("img/2.png", ("dog",))]
    path.write_text("what,where\ncat,img/1.png\ndog,img/2.png\n")
    assert read_table(path) == [("img/1.png", ("cat",)), ("img/2.png", ("dog",))]
    with pytest.raises(InputError, match=r"no column 'wher', it has what, where; did you mean 'where'\?"):
        table.info(Location(path, image_column="wher"))


def test_a_table_without_labels_says_so(tmp_path: Path) -> None:
    path = lay(tmp_path, PHOTOS | {"x.csv": "image,width,height\nimg/1.png,4,3\n"}) / "x.csv"
    info = table.info(Location(path))
    assert info.annotated == frozenset() and info.labels == ()
    assert "say --label-column" in info.notes[0]
    assert read_table(path) == [("img/1.png", None)]


def test_missing_pictures_are_samples_that_fail_when_loaded(tmp_path: Path) -> None:
    text = "image,label\nimg/1.png,a\nimg/gone.png,b\nimg/lost.png,a\n"
    path = lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"
    info = table.info(Location(path))
    assert dict(info.splits) == {"train": 3}
    assert info.notes == ("2 of 3 rows name a picture that is not there: img/gone.png, img/lost.png",)
    with pytest.raises(BadImage, match=r"gone\.png: the file is not there"):
        list(table.read(Location(path), "train"))[1].image.load()


def test_a_picture_in_several_rows_keeps_them_apart(tmp_path: Path) -> None:
    text = "image,label\nimg/1.png,a\nimg/1.png,b\nimg/1.png,a\n"
    path = lay(tmp_path, PHOTOS | {"x.csv": text}) / "x.csv"
    assert [key for key, _ in read_table(path)] == ["img/1.png", "img/1.png#2", "img/1.png#3"]
    note = "1 picture named by several rows, told apart as #2, #3: img/1.png"
    assert table.info(Location(path)).notes == (note,)


def test_latin1_is_read_and_noted(tmp_path: Path) -> None:
    path = lay(tmp_path, {"x.csv": "image,label\n1.png,café\n".encode("latin-1")}) / "x.csv"
    assert read_table(path) == [("1.png", ("café",))]
    assert "is not UTF-8 and was read as Latin-1" in table.info(Location(path)).notes[0]
    path.write_bytes("image,label\n1.png,café\n".encode("utf-16"))
    assert read_table(path) == [("1.png", ("café",))]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.csv", "image,label\n1.png,a\n2.png,a,b\n", r"x\.csv:3: has 3 cells where the header has 2"),
        ("x.csv", 'image,label\n"two\nlines.png",a\n2.png\n', r"x\.csv:4: has 1 cells"),
        ("x.csv", "", r"x\.csv is empty"),
        ("x.csv", "image,label\n", r"x\.csv has no rows"),
        ("x.csv", "image,image,label\n1.png,2.png,a\n", r"x\.csv:1: the column 'image' is there twice"),
        ("x.csv", "1.png,a\n2.png,b\n", r"x\.csv:1: is a row, not a header"),
        ("x.csv", "image,label\n,a\n", r"x\.csv:2: names no picture"),
        ("x.csv", "size,price\n1,2\n", r"no column of pictures among size, price; say --image-column"),
        ("x.jsonl", '{"image": "1.png"}\n{"image": \n', r"x\.jsonl:2: is not JSON"),
        ("x.jsonl", '["1.png"]\n', r"x\.jsonl:1: must be a JSON object"),
        ("x.jsonl", '{"image": "a\\u0000.png"}', r"x\.jsonl:1: names no picture"),
        ("x.jsonl", '{"image": "1.png", "label": {"a": 1}}', r"x\.jsonl:1: 'label' must hold a label"),
        ("x.jsonl", "\n", r"x\.jsonl has no rows"),
    ],
)
def test_broken_tables_name_file_and_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        table.info(Location(lay(tmp_path, {name: text}) / name))


cells = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_any_cells_come_back(rows: list[tuple[str, str]]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("note", "label"), *rows])
    wanted = [(a.strip(), b.strip()) for a, b in rows if a.strip() or b.strip()]
    if not wanted:
        with pytest.raises(InputError):
            parse(buffer.getvalue().encode(), "x.csv")
        return
    sheet = parse(buffer.getvalue().encode(), "x.csv")
    assert [(row["note"], row["label"]) for _, row in sheet.rows] == wanted
