"""What readers take from what writers write beside boxes: marks in a table of boxes, splits in Label Studio's tasks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from laying import lay, picture

from clearsight.data.open import open_data

HEADER = "image,label,xmin,ymin,xmax,ymax"


@pytest.mark.parametrize(("column", "field"), [("crowd", "crowd"), ("Is_Crowd", "crowd"), ("difficult", "difficult")])
@pytest.mark.parametrize("words", [("1", "0"), ("true", "false"), ("1.0", "")])
def test_columns_of_0_and_1_mark_boxes(tmp_path: Path, column: str, field: str, words: tuple[str, str]) -> None:
    rows = [f"{HEADER},{column}", f"1.png,cat,0,0,4,3,{words[0]}", f"1.png,dog,1,1,3,3,{words[1]}", "2.png,,,,,,"]
    lay(tmp_path, {"boxes.csv": "\n".join(rows), "1.png": picture(), "2.png": picture()})
    data = open_data(tmp_path)
    first, second = data.samples("train")
    assert data.info.columns == ()
    assert first.boxes is not None
    assert getattr(first.boxes, field).tolist() == [True, False]
    other = "difficult" if field == "crowd" else "crowd"
    assert getattr(first.boxes, other) is None
    assert second.boxes is not None
    assert second.boxes.labels == ()


def test_a_column_of_that_name_that_holds_something_else_stays_a_column(tmp_path: Path) -> None:
    rows = [f"{HEADER},difficult", "1.png,cat,0,0,4,3,very", "1.png,dog,1,1,3,3,very"]
    lay(tmp_path, {"boxes.csv": "\n".join(rows), "1.png": picture()})
    (sample,) = open_data(tmp_path).samples("train")
    assert sample.boxes is not None
    assert sample.boxes.difficult is None
    assert sample.extra == {"difficult": "very"}


def test_a_task_of_label_studio_says_its_split(tmp_path: Path) -> None:
    tasks = [
        {"id": number, "annotations": [{"result": []}], "data": {"image": f"{number}.png", **data}}
        for number, data in enumerate([{"split": "Validation"}, {"split": "blue"}, {}, {"split": "test"}])
    ]
    lay(tmp_path, {"tasks.json": json.dumps(tasks), **{f"{number}.png": picture(number) for number in range(4)}})
    data = open_data(tmp_path)
    assert {split: [sample.key for sample in data.samples(split)] for split in data.info.splits} == {
        "train": ["1.png", "2.png"],
        "val": ["0.png"],
        "test": ["3.png"],
    }
    assert [sample.extra for sample in data.samples("train")] == [{"split": "blue"}, {}]
    assert data.samples("val")[0].extra == {}
