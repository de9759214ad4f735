"""Two processes: full-batch steps are those of one, gradual unfreezing and a found rate are the same on both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from driving import command, paint_zip
from safetensors.numpy import load_file
from test_ranks import PLAIN, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return paint_zip(tmp_path_factory.mktemp("sets") / "set.zip", 118, strength=20)


def weights(words: list[str], runs: Path) -> dict[str, np.ndarray]:
    said = run([*words, "--runs", str(runs)], runs)
    assert said.code == 0, said.err
    return load_file(runs / "set" / "model" / "model.safetensors")


def largest(one: dict[str, np.ndarray], two: dict[str, np.ndarray]) -> float:
    return max(float(np.abs(one[name] - two[name]).max()) for name in one)


def test_gd_on_two_ranks_is_gd_on_one(pictures: Path, tmp_path: Path) -> None:
    """The set divides neither by the batch nor by two."""
    words = [*command("train", pictures, "--net", "lenet", *PLAIN), "--optimiser", "gd", "--batch-size", "9"]
    one, two = (weights([*words, "--devices", n], tmp_path / n) for n in ("1", "2"))
    assert largest(one, two) < 1e-5


def test_blocks_thaw_and_a_rate_is_found_on_two_ranks(pictures: Path, tmp_path: Path) -> None:
    some = ("--net", "test_resnet", "--weights", "none", "--size", "32", "--batch-size", "8", "--steps", "12")
    words = command("train", pictures, *some, "--device", "cpu", "--threads", "1", "--cache", "disk")
    more = ["--find-lr", "--freeze", "0.2", "--unfreeze", "0.2", "--layer-decay", "0.8", "--progressive", "0.5"]
    weights([*words, *more, "--devices", "2"], tmp_path)
    plan = yaml.safe_load((tmp_path / "set" / "plan.yaml").read_text())
    assert plan["settings"]["lr"]["why"].startswith("range test")
    assert plan["facts"]["unfreeze_steps"] >= 1 and (tmp_path / "set" / "lr_finder.png").is_file()
