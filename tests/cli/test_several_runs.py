"""`train --folds`, `--seeds` and `--weights` of a run, `learning-curve` and `reject`, from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from driving import QUICK, clearsight, noise, paint

from clearsight.core.files import read_json


def test_folds_judge_every_picture_once_and_go_on(colours: Path, tmp_path: Path) -> None:
    words = ("train", colours, "--runs", tmp_path, "--name", "cv", "--folds", 3, *QUICK)
    said = clearsight(*words, "--json")
    assert said.code == 0, said.err
    summary = json.loads(said.out)
    assert summary == read_json(tmp_path / "cv/summary.json")
    judged = [key for fold in (1, 2, 3) for key in read_json(tmp_path / f"cv/fold-{fold}/splits.json")["judge"]]
    assert len(judged) == len(set(judged)) == 60
    scores = [run["score"] for run in summary["runs"]]
    counts = [run["judged_on"] for run in summary["runs"]]
    assert summary["figures"]["accuracy"]["mean"] == pytest.approx(np.mean(scores))
    assert summary["figures"]["accuracy"]["deviation"] == pytest.approx(np.std(scores, ddof=1))
    (pooled,) = summary["pooled"]
    assert pooled["count"] == 60 and pooled["values"]["accuracy"] == pytest.approx(np.average(scores, weights=counts))

    kept = (tmp_path / "cv/fold-1/model/model.json").stat().st_mtime_ns
    shutil.rmtree(tmp_path / "cv/fold-2")
    again = clearsight(*words, "--resume")
    assert again.code == 0, again.err
    assert "fold-1 is finished" in again.err and f"training {tmp_path / 'cv/fold-2'}" in again.err
    assert (tmp_path / "cv/fold-1/model/model.json").stat().st_mtime_ns == kept
    assert [run["score"] for run in read_json(tmp_path / "cv/summary.json")["runs"]] == scores
    other = clearsight(*words, "--resume", "--lr", "0.1")
    assert other.code == 2 and "was trained otherwise: lr is 0.1 now" in other.error


def test_seeds_differ_in_their_draws_alone(colours: Path, tmp_path: Path) -> None:
    said = clearsight("train", colours, "--runs", tmp_path, "--name", "s", "--seeds", 2, "--train-share", 0.5, *QUICK)
    assert said.code == 0, said.err
    assert "mean ± standard deviation of 2 runs" in said.out
    splits = [read_json(tmp_path / f"s/seed-{seed}/splits.json") for seed in (0, 1)]
    assert splits[0]["judge"] == splits[1]["judge"]
    assert len(splits[0]["train"]) < 40
    refused = clearsight("train", colours, "--runs", tmp_path, "--seeds", 2, "--devices", 2)
    assert refused.code == 2 and "one by one on one device" in refused.error


def test_stopping_one_of_several_stops_all(colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clearsight.core.errors import Stopped
    from clearsight.verbs import train

    real, seen = train.run, []

    def stops(options: object) -> object:
        if getattr(options, "fold", None) is None:
            return real(options)
        seen.append(options)
        raise Stopped("stopped at step 1 of 2; the same command with --resume goes on")

    monkeypatch.setattr(train, "run", stops)
    said = clearsight("train", colours, "--runs", tmp_path, "--name", "cv", "--folds", 3, *QUICK)
    assert said.code == 130 and len(seen) == 1 and not (tmp_path / "cv/summary.json").exists()


def test_training_goes_on_from_a_run_with_other_classes(trained: Path, tmp_path: Path) -> None:
    more = paint(tmp_path / "more", 12, ("blue", "green", "yellow"))
    words = ("train", more, "--runs", tmp_path, "--weights", trained, "--epochs", 1, "--threads", 1, "--device", "cpu")
    said = clearsight(*words, "--name", "on")
    assert said.code == 0, said.err
    assert f"{trained}: head: 2 of 3 classes taken over, 1 new: yellow, 1 left out: red" in said.err.replace("\n", " ")
    model, parent = (read_json(folder / "model/model.json") for folder in (tmp_path / "on", trained))
    assert model["parent"]["sha256"] == parent["weights"]["sha256"]
    assert model["parent"]["fingerprint"] == parent["run"]["fingerprint"]
    assert model["net"] == parent["net"] and model["task"]["size"] == parent["task"]["size"]
    for extra, sentence in (
        (("--net", "twoconv"), "holds the net lenet, not twoconv: leave --net out"),
        (("--channels", 1), "channels"),
        (("--size", 40), "the weights are not for this net"),
    ):
        refused = clearsight(*words, "--name", "no", *extra)
        assert refused.code == 2 and sentence in refused.error
    missing = clearsight("train", more, "--runs", tmp_path, "--weights", tmp_path / "nothing")
    assert missing.code == 2 and "nothing is not there" in missing.error


def test_what_was_learnt_from_before_is_warned_of(trained: Path, colours: Path, tmp_path: Path) -> None:
    words = ("train", colours, "--runs", tmp_path, "--name", "cv", "--weights", trained, "--steps", 1, "--folds", 2)
    said = clearsight(*words, "--threads", 1, "--device", "cpu")
    assert said.code == 0, said.err
    assert "are called as pictures that" in said.err
    summary = read_json(tmp_path / "cv/summary.json")
    assert summary["seen_before"].keys() == {"fold-1", "fold-2"}
    assert all("has learnt from: where they are the same" in text for text in summary["seen_before"].values())
    out = " ".join(said.out.split())
    assert "each judged by the run that did not learn from it, though the model that it went on from may have" in out
    assert "fold-1: 2" in out


def test_a_learning_curve_is_of_the_same_steps_and_the_same_judging(colours: Path, tmp_path: Path) -> None:
    words = ("learning-curve", colours, "--runs", tmp_path, "--name", "c", "--shares", "0.2,0.5", "--repeats", 1)
    said = clearsight(*words, *QUICK, "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found == read_json(tmp_path / "c/learning_curve.json")
    assert found["shares"] == [0.2, 0.5, 1.0] and found["pictures"] == sorted(set(found["pictures"]))
    assert "would" in found["sentence"] and f"doubling the {found['pictures'][-1]}" in found["sentence"]
    low, high = found["doubled"]["interval"]
    assert low <= found["doubled"]["expected"] + 0.05 and high >= found["doubled"]["expected"] - 0.05
    places = [tmp_path / f"c/share-{share:g}-seed-0" for share in found["shares"]]
    assert len({read_json(place / "manifest.json")["training"]["steps"] for place in places}) == 1
    splits = [read_json(place / "splits.json") for place in places]
    assert all(split["judge"] == splits[0]["judge"] for split in splits)
    assert set(splits[0]["train"]) < set(splits[1]["train"]) < set(splits[2]["train"])
    assert (tmp_path / "c/learning_curve.png").read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "c/learning_curve.csv").read_text().splitlines()) == 4
    for extra, sentence in (
        (("--folds", 2), "--folds does not go with learning-curve: say --repeats"),
        (("--shares", "0.5"), "three different shares"),
        (("--shares", "0.5,2,1"), "more than 0 and at most 1"),
        (("--shares", "a,b"), "give numbers from 0 to 1"),
    ):
        refused = clearsight(*words, *extra)
        assert refused.code == 2 and sentence in refused.error


@pytest.fixture
def rejecting(trained: Path, colours: Path, tmp_path: Path) -> Path:
    """A copy of the run that rejects: its threshold set on all pictures, and tried on grey noise."""
    shutil.copytree(trained, tmp_path / "run")
    (tmp_path / "grey").mkdir()
    for number in range(12):
        noise(9000 + number, 0, strength=0).save(tmp_path / f"grey/{number}.png")
    words = ("reject", tmp_path / "run", "--data", colours, "--at", 0.9, "--unknown", tmp_path / "grey", "--json")
    said = clearsight(*words)
    assert said.code == 0, said.err
    (tmp_path / "said.json").write_text(said.out)
    return tmp_path


def test_a_threshold_is_found_written_and_applied(rejecting: Path, colours: Path) -> None:
    found = json.loads((rejecting / "said.json").read_text())["rejection"]
    model = read_json(rejecting / "run/model/model.json")
    assert model["rejection"] == found
    assert (model["task"]["reject_score"], model["task"]["reject_below"]) == ("energy", found["below"])
    assert found["tuned_on"] + found["known_rejected"]["count"] == 60
    assert found["unknown_accepted"]["count"] == 12 and found["unknown"] == "grey"
    assert (rejecting / "run/rejection.png").is_file() and (rejecting / "run/rejection.json").is_file()
    said = clearsight("predict", rejecting / "run", colours, rejecting / "grey", "--format", "jsonl")
    rows = [json.loads(line) for line in said.out.splitlines()]
    grey = [row["rejected"] for row in rows if "/grey/" in row["picture"]]
    assert np.mean(grey) == pytest.approx(1 - found["unknown_accepted"]["value"])
    known = [row["rejected"] for row in rows if "/grey/" not in row["picture"]]
    judged = json.loads(clearsight("evaluate", rejecting / "run", "--data", colours, "--json").out)
    assert judged["values"]["coverage"] == pytest.approx(1 - np.mean(known))
    assert 0 <= judged["values"]["selective_accuracy"] <= 1
    report = clearsight("report", rejecting / "run")
    assert report.code == 0 and "none of these" in (rejecting / "run/report.html").read_text()
    assert "It rejects a picture whose energy" in (rejecting / "run/model/README.md").read_text()

    back = clearsight("reject", rejecting / "run", "--score", "none")
    assert back.code == 0 and "answers every picture now" in back.out
    model = read_json(rejecting / "run/model/model.json")
    assert model["task"]["reject_below"] is None and "rejection" not in model


def test_an_exported_file_rejects_as_the_model_does(rejecting: Path) -> None:
    exported = clearsight("export", rejecting / "run")
    assert exported.code == 0, exported.err
    places = (rejecting / "run", rejecting / "run/model.onnx")
    one, other = (clearsight("predict", place, rejecting / "grey", "--format", "jsonl").out for place in places)
    rejected = [[json.loads(line)["rejected"] for line in text.splitlines()] for text in (one, other)]
    assert rejected[0] == rejected[1] and len(rejected[0]) == 12


def test_what_sets_no_threshold_is_refused(trained: Path, colours: Path) -> None:
    for extra, sentence in (
        (("--score", "entropy"), "--score entropy: classify has energy, probability, or say none"),
        (("--unknown", "nowhere"), "nowhere"),
        ((), "20 are needed"),  # the run held out 12
    ):
        data = ("--data", colours) if extra else ()
        refused = clearsight("reject", trained, *data, *extra)
        assert refused.code == 2 and sentence in refused.error
