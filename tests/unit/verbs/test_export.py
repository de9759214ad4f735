from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from clearsight.core.errors import InputError
from clearsight.core.options import parse
from clearsight.deploy import onnx as deploy_onnx
from clearsight.engine.plan import Plan
from clearsight.verbs import export
from clearsight.verbs.export import Options, run


@pytest.fixture
def ready(photo_onnx: bytes, raw_onnx: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The graphs as exported once for all tests: tracing again would take seconds."""
    monkeypatch.setattr(deploy_onnx, "export", lambda _, raw=False: raw_onnx if raw else photo_onnx)


@pytest.fixture
def own_run(small_run: Path, tmp_path: Path) -> Path:
    shutil.copytree(small_run, tmp_path / "runs" / "small")
    return tmp_path / "runs" / "small"


def go(model: Path, **options: Any) -> Any:
    return run(parse(Options, {"model": str(model), **options}))


def shown(outcome: Any) -> str:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=110)
    outcome.show(console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def spoil(content: bytes) -> bytes:
    """The graph with every weight of its last layer too large."""
    import onnx
    from onnx import numpy_helper

    proto = onnx.load_from_string(content)
    (weight,) = (item for item in proto.graph.initializer if list(item.dims) == [3, 84])
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * 1.5, weight.name))
    changed: bytes = proto.SerializeToString()
    return changed


def test_the_whole_way_from_run_to_answer(own_run: Path, pictures: Path) -> None:
    from clearsight.verbs import predict

    outcome = go(own_run)
    path = own_run / "model.onnx"
    told = outcome.to_dict()
    assert outcome.exit_code == 0
    assert told["file"] == str(path)
    assert told["bytes"] == path.stat().st_size
    assert told["agrees"] is True
    assert told["difference"] <= 1e-4
    assert len(told["rows"]) == 8
    assert all(row["same_answer"] for row in told["rows"])
    json.dumps(told, allow_nan=False)
    assert f"Written: {path} (" in shown(outcome)
    asked = predict.Options(model=str(path), pictures=[str(pictures)])
    assert predict.run(asked).exit_code == 0


@pytest.mark.usefixtures("ready")
def test_the_raw_graph_lies_beside_the_other(own_run: Path) -> None:
    outcome = go(own_run / "model", raw=True)
    assert outcome.to_dict()["file"] == str(own_run / "model.raw.onnx")
    assert outcome.to_dict()["kind"] == "raw"
    assert [row["name"] for row in outcome.to_dict()["rows"]][-1] == "batch of 8"
    assert sorted(item.name for item in own_run.iterdir()) == ["model", "model.raw.onnx"]


@pytest.mark.parametrize("raw", [False, True])
def test_a_graph_that_answers_otherwise_is_not_written(
    own_run: Path, photo_onnx: bytes, raw_onnx: bytes, raw: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = spoil(raw_onnx if raw else photo_onnx)
    monkeypatch.setattr(deploy_onnx, "export", lambda *_: wrong)
    outcome = go(own_run, raw=raw)
    assert outcome.exit_code == 1
    assert outcome.to_dict()["file"] is None
    assert outcome.to_dict()["agrees"] is False
    assert outcome.to_dict()["difference"] > 1e-4
    assert [item.name for item in own_run.iterdir()] == ["model"]
    assert "nothing was written" in shown(outcome)
    assert go(own_run, raw=raw, tolerance=1.0).exit_code == 0  # the same graph, when so much is allowed


@pytest.mark.usefixtures("ready")
def test_the_output_is_where_one_says(own_run: Path, tmp_path: Path) -> None:
    go(own_run, output=tmp_path / "new" / "ants.onnx")
    assert (tmp_path / "new" / "ants.onnx").is_file()
    with pytest.raises(InputError, match=r"--output .*ants\.bin: the file's name must end with \.onnx"):
        go(own_run, output=tmp_path / "ants.bin")


@pytest.mark.usefixtures("ready")
def test_photographs_of_ones_own(own_run: Path, pictures: Path) -> None:
    (pictures / "a.jpg").write_bytes(b"bad")
    outcome = go(own_run, photos=str(pictures))
    assert outcome.to_dict()["photographs"] == str(pictures)
    assert outcome.to_dict()["rows"][0]["cases"] == 2  # those that can be read
    (pictures / "b.png").write_bytes(b"bad")
    with pytest.raises(InputError, match="none of the pictures can be read"):
        go(own_run, photos=str(pictures / "b.png"))


@pytest.mark.usefixtures("ready")
def test_photographs_that_the_run_held_out(own_run: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import PIL.Image

    data = pictures.parent / "data"
    for label, colour in (("ants", 10), ("bees", 200)):
        (data / label).mkdir(parents=True)
        for number in range(6):
            PIL.Image.new("RGB", (40 + number, 50), (colour, number, 0)).save(data / label / f"{number}.png")
    nothing = ("val", "format", "data_root", "image_column", "label_column")
    Plan({"data": str(data), **dict.fromkeys(nothing)}, {}, {}).save(own_run / "plan.yaml")
    assert "scikit-learn" in go(own_run).to_dict()["photographs"]  # no splits.json yet

    (own_run / "splits.json").write_text(json.dumps({"judge": ["ants/1.png", "bees/5.png"]}))
    outcome = go(own_run)
    assert outcome.to_dict()["photographs"] == "pictures that the run held out"
    assert outcome.to_dict()["rows"][0]["cases"] == 2

    data.rename(pictures.parent / "moved")
    assert "scikit-learn" in go(own_run).to_dict()["photographs"]


def test_pictures_are_taken_from_all_over_the_list(make_picture: Any) -> None:
    from clearsight.core.sample import ArrayImage

    sources = [ArrayImage(make_picture(2, 2 + number), str(number)) for number in range(20)]
    assert [photo.shape[1] - 2 for photo in export._readable(sources)] == [0, 5, 10, 15]
    sources[5] = ArrayImage(make_picture(2, 2).astype(float), "bad")
    assert [photo.shape[1] - 2 for photo in export._readable(sources)] == [0, 10, 15, 1]
    assert export._readable([]) == []


def test_what_cannot_be_exported_is_refused(
    own_run: Path, small_artifact: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="is not there"):
        go(tmp_path / "none")
    (tmp_path / "model.pt").write_bytes(b"")
    with pytest.raises(InputError, match="is a pickle"):
        go(tmp_path / "model.pt")
    monkeypatch.setattr(type(small_artifact.task), "verbs", frozenset({"train"}))
    with pytest.raises(InputError, match="export does not work for classify"):
        go(own_run)
