from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearsight.core.errors import InputError
from clearsight.core.options import parse
from clearsight.verbs.predict import SUMMARY, Options, places, run


def ask(model: Path, *targets: Path, **options: Any) -> Any:
    return run(parse(Options, {"model": str(model), "pictures": [str(t) for t in targets], **options}))


def shown(outcome: Any, width: int = 100) -> str:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=width)
    outcome.show(console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def bad(pictures: Path) -> Path:
    path = pictures / "bad.jpg"
    path.write_bytes((pictures / "a.jpg").read_bytes()[:-100])
    return path


def test_a_folder_and_a_file_of_the_model_answer_alike(small_run: Path, photo_file: Path, pictures: Path) -> None:
    one, other = ask(small_run, pictures).to_dict(), ask(photo_file, pictures, threads=1).to_dict()
    assert [row["picture"] for row in one["predictions"]] == [
        str(pictures / name) for name in ("a.jpg", "b.png", "deep/a.png")
    ]
    for first, second in zip(one["predictions"], other["predictions"], strict=True):
        assert first["label"] == second["label"]
        assert first["score"] == pytest.approx(second["score"], abs=1e-5)
    assert (one["count"], one["unreadable"]) == (3, 0)


def test_the_answer_is_that_of_the_engine(small_run: Path, small_artifact: Any, pictures: Path) -> None:
    from clearsight.core.sample import FileImage
    from clearsight.engine.predictor import Predictor

    predictor = Predictor(small_artifact.task, small_artifact.net)
    (wanted,) = predictor([FileImage(pictures / "b.png").load()])
    (found,) = ask(small_run / "model", pictures / "b.png", top=2).to_dict()["predictions"]
    assert found["label"] == wanted.to_dict()["label"]
    assert found["score"] == pytest.approx(wanted.to_dict()["score"], abs=1e-6)
    assert [entry["label"] for entry in found["top"]] == [entry["label"] for entry in wanted.to_dict()["top"][:2]]


@pytest.mark.parametrize("batch_size", [1, 2, 8])
def test_a_bad_picture_is_reported_and_the_others_go_on(
    small_run: Path, pictures: Path, bad: Path, batch_size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = ask(small_run, pictures, batch_size=batch_size, format="jsonl")
    rows = [json.loads(line) for line in shown(outcome).splitlines()]
    assert [Path(row["picture"]).name for row in rows] == ["a.jpg", "b.png", "bad.jpg", "a.png"]
    assert rows[2] == {"picture": str(bad), "error": "the file is cut short (truncated)"}
    assert all("error" not in row and row["label"] for row in rows if row is not rows[2])
    assert outcome.exit_code == 1
    assert "warning: 1 of 4 pictures could not be read" in capsys.readouterr().err


def test_exit_codes(photo_file: Path, pictures: Path, bad: Path) -> None:
    assert ask(photo_file, pictures / "b.png").exit_code == 0
    assert ask(photo_file, pictures / "b.png", bad).exit_code == 1
    assert ask(photo_file, bad).exit_code == 2


def test_csv_has_a_column_for_everything(photo_file: Path, pictures: Path, bad: Path) -> None:
    text = shown(ask(photo_file, bad, pictures / "b.png", pictures / "a.jpg", format="csv", top=2))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["picture", "error", "label", "score", "label_2", "score_2"]
    assert [row["picture"] for row in rows] == [str(bad), str(pictures / "b.png"), str(pictures / "a.jpg")]
    assert rows[0]["error"] == "the file is cut short (truncated)"
    assert rows[0]["label"] == ""
    assert float(rows[1]["score"]) >= float(rows[1]["score_2"]) > 0
    assert rows[1]["error"] == ""


def test_csv_of_bad_pictures_alone(photo_file: Path, bad: Path) -> None:
    text = shown(ask(photo_file, bad, format="csv"))
    assert text == f"picture,error\n{bad},the file is cut short (truncated)\n"


@pytest.mark.parametrize("width", [40, 120])
def test_the_table_has_one_line_for_each_picture(photo_file: Path, pictures: Path, bad: Path, width: int) -> None:
    lines = shown(ask(photo_file, pictures), width).splitlines()
    assert len(lines) == 4
    assert all(len(line) <= width for line in lines)
    labels = [row["label"] for row in ask(photo_file, pictures).to_dict()["predictions"] if "label" in row]
    assert [label in line for label, line in zip(labels, [lines[0], lines[1], lines[3]], strict=True)] == [True] * 3
    assert "b.png" in lines[1]
    assert "the file is" in lines[2]


def test_labels_and_names_are_no_markup(photo_file: Path, pictures: Path) -> None:
    odd = pictures / "[bold]x[red].png"
    odd.write_bytes((pictures / "b.png").read_bytes())
    assert "[bold]x[red].png" in shown(ask(photo_file, odd), 200)


def test_answers_to_a_file(photo_file: Path, pictures: Path, bad: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "answers.jsonl"
    outcome = ask(photo_file, pictures, output=path)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 4
    assert rows == ask(photo_file, pictures).to_dict()["predictions"]
    assert [item.name for item in path.parent.iterdir()] == ["answers.jsonl"]
    assert outcome.to_dict()["failed"] == [rows[2]]
    assert "predictions" not in outcome.to_dict()
    assert outcome.exit_code == 1
    ask(photo_file, pictures, output=tmp_path / "answers.csv")
    assert (tmp_path / "answers.csv").read_text(encoding="utf-8").startswith("picture,error,label,score")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"output": "answers.txt"}, r"--output answers\.txt: a file holds jsonl or csv"),
        ({"output": "answers.csv", "format": "table"}, "a file holds jsonl or csv"),
        ({"format": "xml"}, "--format 'xml'"),
        ({"top": 0}, "--top 0"),
        ({"device": "cuda"}, "--device cuda: an .onnx file runs on the cpu"),
        ({"tiles": "many"}, "--tiles 'many': say auto, off, or how many tiles lie along a photograph, up to 64"),
        ({"tiles": "auto"}, "--tiles auto: classify answers for a photograph as a whole; leave it out"),
    ],
)
def test_options_that_cannot_be_are_refused(
    photo_file: Path, pictures: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        ask(photo_file, pictures, **options)


def test_a_task_without_the_verb_is_refused(
    small_run: Path, small_artifact: Any, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(small_artifact.task), "verbs", frozenset({"train"}))
    with pytest.raises(InputError, match="predict does not work for classify"):
        ask(small_run, pictures)


def test_a_model_without_tiles_refuses_them(small_run: Path, pictures: Path, tmp_path: Path) -> None:
    from clearsight.verbs import evaluate

    with pytest.raises(InputError, match="--tiles 3: classify answers for a photograph as a whole"):
        ask(small_run, pictures, tiles=3)
    assert ask(small_run, pictures / "b.png", tiles="off").exit_code == 0
    given = {"model": str(small_run), "data": str(pictures), "format": "folder", "tiles": "auto"}
    (pictures / "ants").mkdir()
    (pictures / "ants" / "1.png").write_bytes((pictures / "b.png").read_bytes())
    with pytest.raises(InputError, match="--tiles auto: classify answers for a photograph as a whole"):
        evaluate.run(parse(evaluate.Options, given))


def test_annotated_pictures_keep_the_folders_of_the_originals(
    photo_file: Path, pictures: Path, bad: Path, tmp_path: Path
) -> None:
    import PIL.Image

    outcome = ask(photo_file, pictures, draw=tmp_path / "drawn")
    assert outcome.exit_code == 1  # the bad one
    found = sorted(p.relative_to(tmp_path / "drawn").as_posix() for p in (tmp_path / "drawn").rglob("*.png"))
    assert found == ["a.png", "b.png", "deep/a.png"]
    with PIL.Image.open(tmp_path / "drawn" / "b.png") as drawing:
        assert drawing.width >= 30 and drawing.height > 40


def test_answers_own_files_are_written_beside_each_other(
    photo_file: Path, pictures: Path, bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they are: here the label as text."""
    from clearsight.core.registry import find

    kind = find("predictions", "classify")
    monkeypatch.setattr(kind, "saved", (".txt", ".note"))
    monkeypatch.setattr(kind, "files", lambda self: {".txt": self.label.encode(), ".note": b"noted"})
    outcome = ask(photo_file, pictures, save=tmp_path / "own", draw=tmp_path / "drawn")
    rows = outcome.to_dict()["predictions"]
    names = ("a", "b", "deep/a")
    assert sorted(p.relative_to(tmp_path / "own").as_posix() for p in (tmp_path / "own").rglob("*.*")) == sorted(
        f"{name}{ending}" for name in names for ending in (".txt", ".note")
    )
    labels = [row["label"] for row in rows if "label" in row]
    assert [(tmp_path / "own" / f"{name}.txt").read_text() for name in names] == labels
    assert outcome.exit_code == 1 and (tmp_path / "drawn" / "deep" / "a.png").is_file()


def test_no_file_takes_the_place_of_a_picture_or_of_another(
    photo_file: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clearsight.core.registry import find

    before = (pictures / "b.png").read_bytes()
    with pytest.raises(InputError, match=r"--draw .*pictures: .*b\.png is a picture; name another folder"):
        ask(photo_file, pictures / "b.png", draw=pictures)
    with pytest.raises(
        InputError, match="--save x: answers of classify have no files of their own; write them with --output"
    ):
        ask(photo_file, pictures, save="x")
    monkeypatch.setattr(find("predictions", "classify"), "saved", (".png",))
    with pytest.raises(InputError, match=r"--save .*: .*a\.png is what --draw writes already; name another folder"):
        ask(photo_file, pictures, save=tmp_path / "x", draw=tmp_path / "deep" / ".." / "x")
    assert (pictures / "b.png").read_bytes() == before and not (tmp_path / "x").exists()


def test_places_are_unique_and_mirror_the_folders() -> None:
    root = Path("/pictures").resolve()
    names = ["x/a.jpg", "x/a.png", "x/A.PNG", "x/a.jpg", "y/a.jpg", "y/../z/b.tif", "w.zip/c/d.jpg"]
    found = [place.as_posix() for place in places([f"{root}/{name}" for name in names])]
    clashing = ["x/a.png", "x/a.png.png", "x/A.PNG-2.png", "x/a.jpg.png"]  # where case alone tells them apart too
    assert found == [*clashing, "y/a.png", "z/b.png", "w.zip/c/d.png"]
    assert [place.as_posix() for place in places(["only.jpg"])] == ["only.png"]


def test_an_exported_model_answers_without_torch(photo_file: Path, pictures: Path, tmp_path: Path) -> None:
    program = (
        "import sys, clearsight.cli\n"
        "try:\n    clearsight.cli.main()\n"
        "finally:\n"
        "    heavy = {'torch', 'torchvision', 'timm', 'lightning_fabric', 'sklearn', 'scipy', 'matplotlib'}\n"
        "    print(sorted(heavy & sys.modules.keys()), file=sys.stderr)\n"
    )
    command = ["predict", str(photo_file), str(pictures), "--format", "jsonl", "--draw", str(tmp_path / "drawn")]
    done = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    assert all(json.loads(line)["label"] for line in done.stdout.splitlines())
    assert done.stderr.splitlines()[-1] == "[]"


def test_drawings_are_of_the_right_picture(photo_file: Path, pictures: Path, tmp_path: Path) -> None:
    import PIL.Image

    from clearsight.core.sample import FileImage

    ask(photo_file, pictures, draw=tmp_path / "drawn").to_dict()
    photo = FileImage(pictures / "b.png").load()
    drawing = np.asarray(PIL.Image.open(tmp_path / "drawn" / "b.png"))
    times = 256 // 40 + 1
    left = (drawing.shape[1] - 30 * times) // 2
    np.testing.assert_array_equal(drawing[: 40 * times : times, left : left + 30 * times : times], photo)


def test_the_summary_is_one_line() -> None:
    assert SUMMARY.endswith(".") and "\n" not in SUMMARY
