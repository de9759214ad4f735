"""Models, weights and runs that are not what they should be: each is refused with one sentence."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from driving import QUICK, clearsight, process

from clearsight.core.errors import InputError

Damage = Callable[[Path], object]


def described(**changes: Any) -> Damage:
    """Change entries of model.json; a key such as task__labels goes one level down."""

    def damage(folder: Path) -> None:
        path = folder / "model.json"
        content = json.loads(path.read_text())
        for name, value in changes.items():
            outer, _, inner = name.rpartition("__")
            table = content[outer] if outer else content
            table[inner] = value
            if value is None:
                del table[inner]
        path.write_text(json.dumps(content))

    return damage


def flip_a_byte(folder: Path) -> None:
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)


def rewritten(data: bytes) -> Damage:
    """Other weights, with the hash that model.json should have for them."""

    def damage(folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(data)
        described(weights__sha256=hashlib.sha256(data).hexdigest())(folder)

    return damage


DAMAGES: dict[str, tuple[Damage, str]] = {
    "a flipped bit": (flip_a_byte, "its SHA-256 differs"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "is missing"),
    "no safetensors": (rewritten(b"garbage"), "is damaged"),
    "a pickle inside": (rewritten(pickle.dumps({"weight": [1, 2]})), "is damaged"),
    "cut JSON": (lambda folder: (folder / "model.json").write_text('{"format": 1,'), "is not JSON"),
    "binary JSON": (lambda folder: (folder / "model.json").write_bytes(b"\xff\xfe\x00"), "is not JSON"),
    "a JSON list": (lambda folder: (folder / "model.json").write_text("[1]"), "has no format number"),
    "no format": (described(format=None), "has no format number"),
    "a newer format": (described(format=99), "newer than the 1 known here"),
    "no task": (described(task=None), "lacks task"),
    "a task that is not an object": (described(task=7), "its task is no object"),
    "weights that are not an object": (described(weights="w"), "its weights is no object"),
    "no net's config": (described(net__config=None), "damaged"),
    "an unknown task": (described(task__name="divination"), "there is no task 'divination'"),
    "an unknown field": (described(task__colour="red"), "task field colour"),
    "a size that is no number": (described(task__size="large"), "task field size"),
    "an unknown net": (described(net__name="lenett"), "lenett"),
    "an unknown setting": (described(net__config={"depth": 3}), "model.json: the net lenet has no setting 'depth'"),
    "a label too many": (described(task__labels=["a", "b", "c", "d"]), "do not fit the net"),
    "another net": (described(net__name="feedforward"), "do not fit the net"),
    "no model.json": (lambda folder: (folder / "model.json").unlink(), "it has no model.json"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_model_folder(name: str, trained: Path, tmp_path: Path) -> None:
    damage, told = DAMAGES[name]
    shutil.copytree(trained / "model", tmp_path / "model")
    damage(tmp_path / "model")
    said = clearsight("predict", tmp_path / "model", trained)
    assert said.code == 2
    assert told in said.error


class Trap:
    """Unpickling this leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return (Path.touch, (self.trace,))


@pytest.mark.parametrize(
    "name", ["model.pt", "model.pth", "model.pkl", "model.ckpt", "model.bin", "model.pt2", "model"]
)
@pytest.mark.parametrize("verb", ["predict", "evaluate", "export", "report"])
def test_a_pickle_is_refused_unread(name: str, verb: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Trap(tmp_path / "trace")))
    said = clearsight(verb, tmp_path / name, *([tmp_path] if verb == "predict" else []))
    assert said.code == 2 and name in said.error
    assert not (tmp_path / "trace").exists()
    if verb != "report" and name != "model":
        assert "is a pickle, which can run code" in said.error


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x08\x08"])
def test_a_file_that_is_no_onnx(content: bytes, colours: Path, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    said = clearsight("predict", tmp_path / "model.onnx", colours)
    assert said.code == 2 and "model.onnx" in said.error


def test_models_that_are_not_there(trained: Path, colours: Path, tmp_path: Path) -> None:
    assert "is not there" in clearsight("predict", tmp_path / "none", colours).error
    assert "is not there" in clearsight("predict", tmp_path / "none.onnx", colours).error
    assert "is no model" in clearsight("predict", colours, colours).error
    shutil.copytree(trained, tmp_path / "run", ignore=shutil.ignore_patterns("model"))
    said = clearsight("predict", tmp_path / "run", colours)
    assert said.code == 2 and "has not finished" in said.error and "--resume" in said.error


def test_pictures_that_are_not_there(trained: Path, tmp_path: Path) -> None:
    for target in (tmp_path / "none.jpg", tmp_path, tmp_path / "*.jpg"):
        said = clearsight("predict", trained, target)
        assert said.code == 2 and str(target) in said.error


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--net", "lenett"], "there is no net 'lenett'"),
        (["--net", "resnet_18"], "did you mean resnet18"),
        (["--format", "fodler"], "there is no reader 'fodler'"),
        (["--format", "idx"], "colours"),
        (["--task", "divination"], "there is no task 'divination'"),
        (["--net", "lenet", "--weights", "none.safetensors"], "no pretrained weights"),
        (["--net", "test_resnet", "--weights", "none.safetensors"], "the file is not there"),
        (["--net", "test_resnet", "--weights", "weights.pth"], "only .safetensors files are read"),
        (["--weights", "some.safetensors"], "say with --net"),
        (["--net", "lenet", "--size", "5"], "too small"),
        (["--val", "nowhere/at/all"], "nowhere/at/all"),
    ],
)
def test_options_that_cannot_work(words: list[str], told: str, colours: Path, tmp_path: Path) -> None:
    said = clearsight("train", colours, "--runs", tmp_path / "runs", *words)
    assert said.code == 2 and told in said.error
    assert not (tmp_path / "runs").exists()


def test_weights_of_another_net_or_damaged(colours: Path, tmp_path: Path) -> None:
    import timm
    from safetensors.torch import save_file

    path = tmp_path / "weights.safetensors"
    save_file(timm.create_model("test_resnet", pretrained=False).state_dict(), path)
    words = ("train", colours, "--runs", tmp_path / "runs", "--epochs", "1", "--threads", "1", "--weights", path)
    said = clearsight(*words, "--net", "test_vit")
    assert said.code == 2 and "is not for this net" in said.error and "--net" in said.error
    path.write_bytes(path.read_bytes()[:1000])
    said = clearsight(*words, "--net", "test_resnet")
    assert said.code == 2 and "not a whole safetensors file" in said.error
    assert not (tmp_path / "runs").exists()


def test_a_name_that_is_taken(colours: Path, trained: Path) -> None:
    said = clearsight("train", colours, "--runs", trained.parent, "--name", "colours", *QUICK)
    assert said.code == 2
    assert "is there already" in said.error and "--name" in said.error and "--resume" in said.error


def test_resuming_otherwise_than_started(colours: Path, trained: Path) -> None:
    words = ("train", colours, "--runs", trained.parent, "--resume", "--net", "lenet")
    said = clearsight(*words, "--epochs", "3", "--lr", "0.5")
    assert said.code == 2
    assert "epochs is 3.0 now and was 2.0" in said.error and "lr is 0.5 now" in said.error


def test_resuming_a_finished_run_changes_nothing(colours: Path, tmp_path: Path) -> None:
    words = ("train", colours, "--runs", tmp_path, *QUICK)
    assert clearsight(*words).code == 0
    files = {name: (tmp_path / "colours" / name).read_bytes() for name in ("model/model.safetensors", "metrics.csv")}
    said = clearsight(*words, "--resume")
    assert said.code == 0 and "resuming" in said.err
    assert {name: (tmp_path / "colours" / name).read_bytes() for name in files} == files


@pytest.mark.parametrize("name", ["state.json", "tensors"])
def test_a_damaged_state_is_not_resumed_from(name: str, colours: Path, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "colours")
    last = tmp_path / "colours" / "last"
    path = last / name if name == "state.json" else next(last.glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:-20])
    said = clearsight("train", colours, "--runs", tmp_path, *QUICK, "--resume")
    assert said.code == 2
    assert path.name in said.error and "train anew without --resume" in said.error


@pytest.mark.parametrize("name", ["plan.yaml", "manifest.json", "splits.json"])
def test_a_damaged_run_folder_is_not_resumed(name: str, colours: Path, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "colours")
    path = tmp_path / "colours" / name
    path.write_text(path.read_text()[:200] + "\n}{")
    said = clearsight("train", colours, "--runs", tmp_path, *QUICK, "--resume")
    assert said.code == 2 and name in said.error


def test_a_run_without_an_evaluation_still_has_a_report(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "run", ignore=shutil.ignore_patterns("evaluation.json"))
    said = clearsight("report", tmp_path / "run")
    assert said.code == 0 and "evaluation.json is missing" in said.out


@pytest.mark.parametrize("name", ["evaluation.json", "manifest.json", "metrics.csv", "plan.yaml", "model/model.json"])
def test_a_report_of_damaged_files(name: str, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "run")
    (tmp_path / "run" / name).write_bytes(b'{"a": [1,\xff')
    said = clearsight("report", tmp_path / "run")
    assert "Traceback" not in said.err
    assert said.code == 2 and Path(name).name in said.error


def test_debug_shows_where(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        clearsight("report", tmp_path / "none", "--debug")
    said = process("report", tmp_path / "none", "--debug")
    assert said.code == 1 and "Traceback" in said.err and "InputError" in said.err


def test_a_mistake_of_ours_says_so(trained: Path, colours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError("seven by nought")

    monkeypatch.setattr("clearsight.core.artifact.load", broken)
    said = clearsight("predict", trained, colours)
    assert said.code == 70
    assert "a mistake of ours: ZeroDivisionError: seven by nought" in said.error and "--debug" in said.error
