"""Two processes take the same steps as one with twice the batch."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from driving import Said, command, environment, paint_zip
from safetensors.numpy import load_file

PLAIN = (
    *("--device", "cpu", "--threads", "1", "--steps", "20", "--optimiser", "sgd", "--lr", "0.05", "--keep", "last"),
    *("--schedule", "constant", "--warmup", "0", "--label-smoothing", "0", "--weight-decay", "0.01", "--cache", "disk"),
    *("--flip", "0", "--crop", "1", "--shift", "0", "--rotate", "0", "--colour", "0", "--erase", "0"),
    *("--mixup", "0", "--cutmix", "0", "--ema", "0", "--eval-every", "1"),
)
"""Nothing drawn at random for a rank, and no batch norm: the mean gradient over ranks is that of the whole batch."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def torchrun(words: list[str]) -> list[str]:
    """The command under torchrun, two processes."""
    python, dash_m, module, *rest = words
    launcher = "torch.distributed.run"
    return [python, dash_m, launcher, "--nnodes", "1", "--nproc-per-node", "2", "--standalone", dash_m, module, *rest]


def run(words: list[str], home: Path) -> Said:
    done = subprocess.run(words, env=environment(HOME=str(home)), capture_output=True, text=True, timeout=300)
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return paint_zip(tmp_path_factory.mktemp("sets") / "set.zip", 120, strength=20)


@pytest.fixture(scope="module", params=["lenet", "feedforward"])
def alone(request: pytest.FixtureRequest, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A net, and the run of one process with a batch of 16."""
    runs = tmp_path_factory.mktemp("alone")
    said = run(command("train", pictures, "--runs", runs, "--net", request.param, *PLAIN, "--batch-size", 16), runs)
    assert said.code == 0, said.err
    return request.param, runs / "set"


@pytest.mark.parametrize("launcher", ["devices", "torchrun"])
def test_two_ranks_reach_the_weights_of_one(
    launcher: str, alone: tuple[str, Path], pictures: Path, tmp_path: Path
) -> None:
    net, whole = alone
    words = command("train", pictures, "--runs", tmp_path, "--net", net, *PLAIN, "--batch-size", 8)
    words = torchrun(words) if launcher == "torchrun" else [*words, "--devices", "2"]
    said = run(words, tmp_path)
    assert said.code == 0, said.err
    assert said.out.count("trained in") == 1  # one rank speaks for all
    one, two = (load_file(folder / "model" / "model.safetensors") for folder in (whole, tmp_path / "set"))
    assert one.keys() == two.keys()
    difference = max(float(np.abs(one[name] - two[name]).max()) for name in one)
    print(f"{net:11} {launcher:8} largest difference {difference:.1e}")
    assert difference < 1e-5
    start = _untrained(net, one)
    assert max(float(np.abs(one[name] - start[name]).max()) for name in one) > 1e-3  # they did move


def _untrained(net: str, like: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights before the first step: drawn from the seed, 0."""
    import torch

    from clearsight.core.registry import find

    task = find("tasks", "classify")(labels=("blue", "green", "red"), size=16)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = find("nets", f"classify.{net}").build(task, {}).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == {n: v.shape for n, v in like.items()}
    return {name: value.numpy() for name, value in state.items()}


@pytest.mark.parametrize("launcher", ["devices", "torchrun"])
def test_an_error_of_one_rank_is_one_sentence(launcher: str, tmp_path: Path) -> None:
    words = command("train", tmp_path / "none", "--runs", tmp_path / "runs", *PLAIN)
    said = run(torchrun(words) if launcher == "torchrun" else [*words, "--devices", "2"], tmp_path)
    assert said.code != 0
    assert f"error: {tmp_path / 'none'} is not there" in said.err
    if launcher == "devices":
        assert said.code == 2
        assert said.err.count("error:") == 1 and "Traceback" not in said.err


def test_a_finished_run_of_two_ranks_resumes_on_the_same_number(pictures: Path, tmp_path: Path) -> None:
    words = command("train", pictures, "--runs", tmp_path, "--net", "lenet", *PLAIN, "--batch-size", 8)
    assert run([*words, "--devices", "2"], tmp_path).code == 0
    said = run([*words, "--devices", "2", "--resume"], tmp_path)
    assert said.code == 0, said.err
    said = run([*words, "--devices", "1", "--resume"], tmp_path)
    assert said.code == 2 and "devices is 1 now and was 2" in said.error
