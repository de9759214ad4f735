"""Label columns with several labels, indicators, lists; columns of numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laying import lay

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo, Location
from clearsight.data.readers import table
from clearsight.data.readers.labels import decide

Labels = list[tuple[str, ...] | None]


def labels_of(tmp_path: Path, cells: list[str], label_column: str | None = None, name: str = "label") -> Labels:
    """The labels that a column of a CSV holds."""
    lines = [f"{n}.png,{json.dumps(cell) if ',' not in cell else cell}" for n, cell in enumerate(cells)]
    return read(lay(tmp_path, {"x.csv": f"image,{name}\n" + "\n".join(lines)}) / "x.csv", label_column)[0]


def read(path: Path, label_column: str | None = None) -> tuple[Labels, DataInfo]:
    location = Location(path, label_column=label_column)
    return [sample.labels for sample in table.read(location, "train")], table.info(location)


def test_a_column_is_parted_where_labels_clearly_combine(tmp_path: Path) -> None:
    assert labels_of(tmp_path, ["cat;dog", "cat", "dog ; bird;", "", ";"]) == [
        ("cat", "dog"),
        ("cat",),
        ("dog", "bird"),
        None,
        (),
    ]
    info = table.info(Location(tmp_path / "x.csv"))
    assert info.several and info.labels == ("bird", "cat", "dog")
    assert any("'label' holds several labels to a cell, parted at ';'" in note for note in info.notes)
    assert any("1 row without labels taken as not annotated; write ';'" in note for note in info.notes)
    assert labels_of(tmp_path, ["a|b", "b|a"]) == [("a", "b"), ("b", "a")]
    assert labels_of(tmp_path, ["a|b", "c"], name="Tags") == [("a", "b"), ("c",)]  # the name is a plural


@pytest.mark.parametrize(
    "cells",
    [
        ["coat; woollen", "coat", "shoe"],  # a name that holds the mark
        ["animal|cat", "animal|dog", "plant|rose", "plant|lily"],  # a tree of classes
        ["a;b", "c;d"],
    ],
)
def test_a_column_is_left_whole_where_it_is_not_clear(tmp_path: Path, cells: list[str]) -> None:
    assert labels_of(tmp_path, cells) == [(cell,) for cell in cells]
    info = table.info(Location(tmp_path / "x.csv"))
    mark = "|" if "|" in cells[0] else ";"
    assert not info.several
    assert f"kept whole; if it parts labels, say --label-column 'label{mark}'" in info.notes[0]
    parted = labels_of(tmp_path, cells, f"label{mark}")
    assert parted == [tuple(part.strip() for part in cell.split(mark)) for cell in cells]
    assert table.info(Location(tmp_path / "x.csv", label_column=f"label{mark}")).several


def test_one_rule_for_all_splits(tmp_path: Path) -> None:
    files = {"train.csv": "image,label\n1.png,a\n2.png,b\n", "val.csv": "image,label\n3.png,a;b\n"}
    info = table.info(Location(lay(tmp_path, files)))
    assert info.labels == ("a", "b")
    assert [s.labels for s in table.read(Location(tmp_path), "val")] == [("a", "b")]


def test_indicator_columns(tmp_path: Path) -> None:
    text = "image,dog,cat,bird,camera\n1.png,1,0,1.0,A\n2.png,false,TRUE,0,B\n3.png,0,0,0,A\n4.png,,,,A\n5.png,1,,0,A\n"
    path = lay(tmp_path, {"x.csv": text}) / "x.csv"
    labels, info = read(path, "dog,cat,bird")
    assert labels == [("dog", "bird"), ("cat",), (), None, ("dog",)]
    assert info.labels == ("dog", "cat", "bird") and info.several and info.columns == ("camera",)
    assert any("a picture's labels are the columns with 1" in note for note in info.notes)
    assert any("1 row with empty cells among dog, cat, bird, read as 0" in note for note in info.notes)
    _, unasked = read(path)
    assert any("say --label-column dog,cat,bird if these say what applies" in note for note in unasked.notes)


def test_one_hot_columns_are_one_label_each(tmp_path: Path) -> None:
    path = lay(tmp_path, {"x.csv": "image,MEL,NV\n1.png,1.0,0.0\n2.png,0.0,1.0\n"}) / "x.csv"
    labels, info = read(path, "MEL,NV")
    assert labels == [("MEL",), ("NV",)] and not info.several


def test_indicators_of_minus_one_are_refused(tmp_path: Path) -> None:
    path = lay(tmp_path, {"x.csv": "image,a,b\n1.png,1,-1\n2.png,-1,1\n"}) / "x.csv"
    with pytest.raises(InputError, match=r"x\.csv: 'b' holds -1; write 0 where it does not apply"):
        read(path, "a,b")


def test_json_lists(tmp_path: Path) -> None:
    rows = [{"labels": ["a", "b", "a"]}, {"labels": []}, {"labels": None}, {}, {"labels": ["c"]}]
    lines = "\n".join(json.dumps({"image": f"{n}.png", **row}) for n, row in enumerate(rows))
    labels, info = read(lay(tmp_path, {"x.jsonl": lines}) / "x.jsonl")
    assert labels == [("a", "b"), (), None, None, ("c",)] and info.several
    booleans = [{"image": "1.png", "a": True, "b": False}, {"image": "2.png", "a": False, "b": False}]
    labels, info = read(lay(tmp_path, {"y.jsonl": "\n".join(map(json.dumps, booleans))}) / "y.jsonl", "a,b")
    assert labels == [("a",), ()] and info.several


def test_lists_written_into_cells(tmp_path: Path) -> None:
    text = 'image,label\n1.png,"[\'a\', \'b\']"\n2.png,"[""a""]"\n3.png,[]\n4.png,\n'
    labels, info = read(lay(tmp_path, {"x.csv": text}) / "x.csv")
    assert labels == [("a", "b"), ("a",), (), None]
    assert any("1 row without labels taken as not annotated; write '[]'" in note for note in info.notes)
    assert labels_of(tmp_path, ["[a]", "[b]"]) == [("[a]",), ("[b]",)]


@given(st.lists(st.lists(st.text("ab ;|x", min_size=1, max_size=4), min_size=1, max_size=3), min_size=1, max_size=6))
def test_asking_parts_every_cell(cells: list[list[str]]) -> None:
    rows = [{"t": ";".join(parts)} for parts in cells]
    reading, _ = decide(["t"], rows, {"t": ";"}, (), "x.csv")
    for row in rows:
        wanted = tuple(dict.fromkeys(part.strip() for part in row["t"].split(";") if part.strip()))
        assert reading.labels(row, "x.csv:1") == (wanted if row["t"].strip() else None)


def test_columns_of_numbers(tmp_path: Path) -> None:
    text = "image,age,weight,camera\n1.png,3,1.5e1,A\n2.png,,-2,B\n3.png,,,A\n"
    path = lay(tmp_path, {"x.csv": text}) / "x.csv"
    location = Location(path, value_column="age, weight")
    samples = list(table.read(location, "train"))
    assert [sample.values for sample in samples] == [{"age": 3.0, "weight": 15.0}, {"weight": -2.0}, None]
    info = table.info(location)
    assert info.values == ("age", "weight") and info.annotated == {"values"} and info.columns == ("camera",)
    assert info.notes[:2] == (
        f"{path}: 2 rows without 'age', taken as not measured",
        f"{path}: 1 row without 'weight', taken as not measured",
    )
    assert all(sample.labels is None for sample in samples)


def test_numbers_beside_labels(tmp_path: Path) -> None:
    row = {"image": "1.png", "label": "a", "age": 4}
    path = lay(tmp_path, {"x.jsonl": json.dumps(row)}) / "x.jsonl"
    location = Location(path, value_column="age")
    (sample,) = table.read(location, "train")
    assert (sample.labels, sample.values) == (("a",), {"age": 4.0})
    assert table.info(location).annotated == {"labels", "values"}


@pytest.mark.parametrize("cell", ["old", "1.5.2", "1 000", "nan", "inf", '"1,5"'])
def test_a_cell_that_is_no_number(tmp_path: Path, cell: str) -> None:
    path = lay(tmp_path, {"x.csv": f"image,age,b\n1.png,3,0\n2.png,{cell},0\n"}) / "x.csv"
    with pytest.raises(InputError, match=r"x\.csv:3: 'age' holds .*, no number; write one, or leave the cell empty"):
        table.info(Location(path, value_column="age"))
    with pytest.raises(InputError, match="no column 'agee', it has image, age, b; did you mean 'age'"):
        table.info(Location(path, value_column="agee"))
