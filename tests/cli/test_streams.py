"""Tar shards through the ordinary commands: trained on as a stream, resumed to the bit, judged, predicted, cached."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from driving import COLOURS, clearsight, noise
from resume_proof import digests

STREAM = ("--net", "lenet", "--steps", "14", "--batch-size", "16", "--lr", "0.003", "--threads", "1", "--device", "cpu")
STREAM += (
    "--workers",
    "0",
    "--mixup",
    "0.2",
    "--flip",
    "0.5",
    "--ema",
    "0.9",
    "--warmup",
    "0.1",
    "--eval-every",
    "0.5",
)


def pack(path: Path, numbers: range, *, broken: tuple[int, ...] = ()) -> None:
    """A shard of noise in three colours, the label in a `.cls`, half the number in a `.json`."""
    with tarfile.open(path, "w") as archive:
        for number in numbers:
            buffer = io.BytesIO()
            noise(number, number % 3).save(buffer, "PNG")
            data = b"no picture" if number in broken else buffer.getvalue()
            files = {"png": data, "cls": str(number % 3).encode(), "json": b'{"day": %d}' % (number // 2)}
            for ending, content in files.items():
                member = tarfile.TarInfo(f"{number:05}.{ending}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shards to learn from, with one broken picture, and one to judge on."""
    folder = tmp_path_factory.mktemp("sets") / "shards"
    folder.mkdir()
    (folder / "classes.txt").write_text("\n".join(COLOURS))
    for number in range(3):
        pack(folder / f"train-{number:03}.tar", range(40 * number, 40 * number + 40), broken=(7,))
    pack(folder / "val-000.tar", range(1000, 1030))
    return folder


@pytest.fixture(scope="session")
def streamed(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on them."""
    runs = tmp_path_factory.mktemp("streamed")
    said = clearsight("train", shards, "--runs", runs, "--name", "set", *STREAM)
    assert said.code == 0, said.err
    assert "the training pictures are a stream of 3 parts, 120 pictures" in said.err
    return runs / "set"


def plan_of(run: Path) -> dict[str, Any]:
    return yaml.safe_load((run / "plan.yaml").read_text())  # type: ignore[no-any-return]


def test_a_stream_is_trained_on_judged_and_reported(streamed: Path) -> None:
    plan = plan_of(streamed)
    assert plan["facts"]["counts"] == {"train": 120, "choose": 0, "judge": 30}
    assert plan["facts"]["steps_per_epoch"] == 120 / 16 and plan["facts"]["total_steps"] == 14
    assert plan["settings"]["cache"]["value"] == "stream"
    assert json.loads((streamed / "splits.json").read_text())["train"] == []
    manifest = json.loads((streamed / "manifest.json").read_text())
    (bad,) = manifest["bad_pictures"]
    assert bad["name"].endswith("train-000.tar/00007.png") and manifest["data"]["labels"]["red"] == {"judge": 10}
    assert (streamed / "report.html").is_file()


def test_evaluate_and_predict_read_shards(streamed: Path, shards: Path, tmp_path: Path) -> None:
    held = clearsight("evaluate", streamed, "--json")
    named = clearsight("evaluate", streamed, "--data", shards / "val-{000..000}.tar", "--json")
    assert held.code == named.code == 0, held.err + named.err
    ours, theirs = json.loads(held.out), json.loads(named.out)
    assert ours["count"] == theirs["count"] == 30 and ours["values"] == theirs["values"]
    noise(5000, 2).save(tmp_path / "red.png")
    assert clearsight("predict", streamed, tmp_path / "red.png").code == 0
    assert "120 pictures" in clearsight("inspect", shards / "train-{000..002}.tar").out


@pytest.mark.parametrize("saves", [1, 3])
def test_a_stream_resumes_to_the_bit(
    saves: int, streamed: Path, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clearsight.engine import checkpoint

    kept = checkpoint.save_training
    left = [saves]

    def save(*args: Any) -> None:
        kept(*args)
        left[0] -= 1
        if not left[0]:
            raise RuntimeError("killed")

    words = ("train", shards, "--runs", tmp_path, "--name", "set")
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_training", save)
        assert "killed" in clearsight(*words, *STREAM).error
    said = clearsight(*words, "--resume")  # what was said before need not be said again
    assert said.code == 0, said.err
    assert digests(tmp_path)[:2] == digests(streamed.parent)[:2]  # weights and looks; others may judge it anew


def test_shards_that_changed_are_not_resumed(shards: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for path in shards.iterdir():
        (data / path.name).write_bytes(path.read_bytes())
    words = ("train", data, "--runs", tmp_path, "--name", "set", *STREAM)
    assert clearsight(*words).code == 0
    pack(data / "train-002.tar", range(80, 130))
    assert "has changed since" in clearsight(*words, "--resume").error


def test_without_splits_pictures_are_held_out_by_hash(shards: Path, tmp_path: Path) -> None:
    pattern = shards / "train-{000..002}.tar"
    words = ("train", pattern, "--runs", tmp_path, *STREAM, "--keep", "best", "--group", "day", "--epochs", "1")
    words = tuple(word for word in words if word not in ("--steps", "14"))
    said = clearsight(*words, "--name", "held")
    assert said.code == 0, said.err
    listed = json.loads((tmp_path / "held" / "splits.json").read_text())
    days = {role: {int(key[-9:-4]) // 2 for key in keys} for role, keys in listed.items()}
    assert days["judge"] and days["choose"] and not days["judge"] & days["choose"]
    counts = plan_of(tmp_path / "held")["facts"]["counts"]
    assert counts["train"] == 120 - len(listed["judge"]) - len(listed["choose"])
    assert "held out by a hash of their day" in said.err


def test_shards_that_are_cached_are_a_set_like_any_other(shards: Path, tmp_path: Path) -> None:
    words = ("train", shards, "--runs", tmp_path, *STREAM, "--cache", "memory", "--sampling", "balanced")
    said = clearsight(*words, "--name", "kept")
    assert said.code == 0, said.err
    assert len(json.loads((tmp_path / "kept" / "splits.json").read_text())["train"]) == 119  # one is broken


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--sampling", "balanced"), "--sampling balanced: for a stream this needs them listed, which --cache memory"),
        (("--optimiser", "gd"), "--optimiser gd takes all pictures at once: for a stream"),
        (("--folds", "3", "--fold", "1"), "--folds: dividing the pictures of a stream into folds needs them listed"),
        (("--group", "site"), "no such column"),
    ],
)
def test_what_a_stream_cannot_do_is_one_sentence(
    more: tuple[str, ...], sentence: str, shards: Path, tmp_path: Path
) -> None:
    assert sentence in clearsight("train", shards, "--runs", tmp_path, *STREAM, *more).error


def test_a_shard_cut_short_is_one_sentence(shards: Path, tmp_path: Path) -> None:
    data = (shards / "train-000.tar").read_bytes()
    (tmp_path / "train-000.tar").write_bytes(data[:20_000])
    said = clearsight("train", tmp_path, "--runs", tmp_path / "runs", *STREAM)
    assert "train-000.tar is cut short" in said.error and said.code == 2
