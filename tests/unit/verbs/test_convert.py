"""`convert`: by the command line and in Python, what it prints, its exit codes, and data as users have them."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

import clearsight
from clearsight import cli
from clearsight.core.errors import InputError
from clearsight.core.registry import WRITERS, find
from clearsight.data.open import open_data
from clearsight.verbs.convert import Options

SHAPES = "shapes:train=6,val=2,side=64x48"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def run(*words: str) -> tuple[int, str, str]:
    """`clearsight convert WORDS`: exit code, output, errors."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["clearsight", "convert", *words])
        with redirect_stdout(out), redirect_stderr(err):
            try:
                cli.main()
            except SystemExit as end:
                code = int(end.code or 0)
    return code, out.getvalue(), err.getvalue()


def test_what_it_prints() -> None:
    code, out, _ = run(SHAPES, "--to", "yolo", "--output", "boxes")
    assert code == 0
    data = open_data("boxes")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    for label in data.info.labels:
        counts = [
            str(sum(sample.boxes.labels.count(label) for sample in data.samples(split) if sample.boxes))
            for split in ("train", "val")
        ]
        assert rows.get(label, ["0", "0"]) == counts
    assert rows["pictures"] == ["6", "2"]
    total = sum(map(int, rows["in"][1:]))
    assert f"Read back, all is the same: 8 pictures, {total} boxes to the last digit, {total} masks" in out
    assert f"{total} masks to the last pixel" in out
    assert "not taken over" not in out
    assert out.rstrip().endswith("written boxes")


def test_json_for_machines() -> None:
    code, out, _ = run(SHAPES, "--to", "coco", "--output", "boxes", "--splits", "val", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["from"], found["to"], found["output"], found["differences"]) == ("shapes", "coco", "boxes", [])
    assert found["splits"].keys() == {"val"}
    assert found["read_back"]["boxes"] == sum(found["splits"]["val"]["boxes"].values()) > 0
    assert found["read_back"]["pictures"] == 2
    assert found["read_back"]["masks"] == found["read_back"]["boxes"]
    assert found["lost"] == {}


def test_what_was_lost_is_not_called_the_same() -> None:
    code, out, _ = run(SHAPES, "--to", "boxes", "--output", "boxes")
    assert code == 0
    assert "▲ not taken over: masks, " in out
    assert "Read back, all that was written is the same: 8 pictures, " in out


def test_json_names_all_that_is_wrong_with_the_data() -> None:
    clearsight.convert(SHAPES, to="coco", output=Path("one"))
    place = Path("one/annotations/instances_train.json")
    document = json.loads(place.read_text())
    for entry in document["annotations"][:5]:
        entry["bbox"][2] = 0
    place.write_text(json.dumps(document))
    found = json.loads(run("one", "--to", "voc", "--output", "two", "--json")[1])
    (fault,) = found["faults"]
    assert (fault["what"], fault["done"], found["notes"]) == ("boxes without area", "left out", [])
    assert [item.split(": ")[1].split()[:2] for item in fault["items"]] == [
        ["annotation", f"{id}"] for id in range(1, 6)
    ]
    _, out, _ = run("one", "--to", "voc", "--output", "three")
    assert "· note boxes without area were left out, 5 of " in out and " and 2 more" in out


def test_in_python() -> None:
    outcome = clearsight.convert(SHAPES, to="voc", output=Path("out"))
    assert outcome.exit_code == 0
    assert outcome.counts()["train"]["pictures"] == 6
    assert open_data("out").format == "voc"


def test_the_folder_is_called_after_the_data_and_the_format(tmp_path: Path) -> None:
    assert clearsight.convert(SHAPES, to="boxes").to_dict()["output"] == "shapes-train-6-val-2-side-64x48-boxes"
    assert [path.name for path in tmp_path.iterdir()] == ["shapes-train-6-val-2-side-64x48-boxes"]


def test_a_round_with_classes_renamed_and_columns_of_labels() -> None:
    clearsight.convert(SHAPES, to="coco", output=Path("one"))
    before = open_data("one")
    outcome = clearsight.convert("one", to="yolo", output=Path("two"), classes="ring=circle,-star")
    data = open_data("two")
    assert data.info.labels == ("circle", "square", "triangle", "cross")
    wanted = [label for sample in before.samples("train") if sample.boxes for label in sample.boxes.labels]
    renamed = ["circle" if label == "ring" else label for label in wanted if label != "star"]
    found = [label for sample in data.samples("train") if sample.boxes for label in sample.boxes.labels]
    assert sorted(found) == sorted(renamed)
    assert any(note.startswith("class star left out") for note in outcome.to_dict()["notes"])


def test_a_zip_of_class_folders_to_a_table() -> None:
    clearsight.convert("digits", to="folder", output=Path("digits-folder"))
    with zipfile.ZipFile("digits.zip", "w") as archive:
        for path in sorted(Path("digits-folder/train").rglob("*.png"))[::40]:
            archive.write(path)
    outcome = clearsight.convert("digits.zip", to="table", output=Path("table"))
    assert outcome.exit_code == 0
    rows = list(csv.DictReader(Path("table/labels.csv").read_text().splitlines()))
    assert {row["label"] for row in rows} == set("0123456789")
    assert outcome.to_dict()["lost"] == {}


def test_a_picture_that_cannot_be_read_is_named_and_the_exit_code_is_1() -> None:
    clearsight.convert(SHAPES, to="yolo", output=Path("one"))
    Path("one/images/train/train-00003.png").write_bytes(b"")
    code, out, _ = run("one", "--to", "voc", "--output", "two")
    assert code == 1
    assert "✖ not written: one/images/train/train-00003.png: the file is empty" in out
    assert dict(open_data("two").info.splits) == {"train": 5, "val": 2}
    assert json.loads(run("one", "--to", "voc", "--output", "three", "--json")[1])["bad_pictures"] == [
        {"name": "one/images/train/train-00003.png", "reason": "the file is empty"}
    ]


def test_differences_are_shown_and_the_exit_code_is_1(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = find("writers", "boxes")
    right = writer.write

    def wrong(folder: Path, pictures: object, classes: object) -> None:
        right(folder, pictures, classes)
        table = folder / "boxes.csv"
        lines = table.read_text().splitlines(keepends=True)
        table.write_text("".join([lines[0], *(line for line in lines[1:] if "train-00000" not in line)]))

    monkeypatch.setattr(writer, "write", wrong)
    code, out, _ = run(SHAPES, "--to", "boxes", "--output", "out")
    assert code == 1
    assert "✖ 1 picture written into train and not read there: images/train/train-00000.png" in out
    assert out.rstrip().endswith("Read back, it differs: nothing was written.")
    assert not Path("out").exists()
    assert run(SHAPES, "--to", "boxes", "--output", "out", "--json")[0] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([SHAPES], "--to says the format to write; it is one of coco, voc, yolo"),
        ([SHAPES, "--to", "tfrecord"], "--to tfrecord: there is no such format; it is one of coco"),
        ([SHAPES, "--to", "folder"], "--to folder holds labels of whole pictures"),
        ([SHAPES, "--to", "coco", "--splits", "dev"], "--splits dev: shapes:train=6"),
        (["nowhere", "--to", "coco"], "nowhere is no file or folder"),
    ],
)
def test_wrong_use_is_one_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    code, _, err = run(*words)
    assert code == 2
    assert err.startswith(f"error: {said}")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_full_folder_is_replaced_only_where_that_is_said() -> None:
    clearsight.convert(SHAPES, to="coco", output=Path("out"))
    with pytest.raises(InputError, match="--output out is not empty"):
        clearsight.convert(SHAPES, to="voc", output=Path("out"))
    assert open_data("out").format == "coco"
    clearsight.convert(SHAPES, to="voc", output=Path("out"), overwrite=True)
    assert open_data("out").format == "voc"


def test_the_help_names_every_format() -> None:
    about = Options.model_fields["to"].description or ""
    assert all(name in about for name in WRITERS)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "count", "formats"),
    [("bccd.zip", 4886, ["coco", "yolo", "boxes", "voc"]), ("nuclei.zip", 18150, ["labelme", "cvat", "labelstudio"])],
)
def test_real_sets_through_every_format(shared: Path, name: str, count: int, formats: list[str]) -> None:
    source: Path = shared / "data" / name
    for format in formats:
        outcome = clearsight.convert(str(source), to=format, output=Path(format))
        assert outcome.exit_code == 0
        assert outcome.to_dict()["read_back"]["boxes"] == count
        source = Path(format)
