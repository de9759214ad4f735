"""A full disk, no permission, Ctrl-C: one sentence, no half files, and --resume goes on."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import COLOURS, QUICK, Said, all_whole, clearsight, command, environment, paint, paint_zip, process

posix = pytest.mark.skipif(os.name != "posix", reason="mounts, users and signals as POSIX has them")


def remount(place: Path, size: str, *options: str) -> bool:
    """A file system of this size in memory at a place; False where the system does not let us."""
    if shutil.which("mount") is None:
        return False
    words = ["mount", "-t", "tmpfs", "-o", ",".join([f"size={size}", *options]), "tmpfs", str(place)]
    return subprocess.run(words, capture_output=True).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    if not remount(place, "256k"):
        pytest.skip("mounting a small disk needs more rights than this test has")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@posix
def test_a_disk_that_fills_up_and_is_made_larger(disk: Path, tmp_path: Path) -> None:
    words = ("train", paint_zip(tmp_path / "set.zip", 60), *QUICK)
    said = process(*words, "--runs", disk)
    assert said.code == 2
    assert "cannot be written (no space left on device): make room on the disk" in said.error
    assert all_whole(disk / "set") >= 3
    assert (disk / "set" / "plan.yaml").exists() and not (disk / "set" / "evaluation.json").exists()
    assert remount(disk, "64m", "remount")
    assert clearsight(*words, "--runs", disk, "--resume").code == 0
    assert clearsight(*words, "--runs", tmp_path / "runs").code == 0
    one, other = ((runs / "set" / "model" / "model.safetensors").read_bytes() for runs in (disk, tmp_path / "runs"))
    assert one == other
    assert not list((disk / "set").rglob(".*"))  # what was half done is cleared away


@pytest.mark.parametrize("writes", range(0, 9, 2))
def test_a_disk_that_is_full_at_any_moment(
    writes: int, colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, real = [writes], os.fsync

    def fsync(handle: int) -> None:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    said = clearsight("train", colours, "--runs", tmp_path, *QUICK)
    assert said.code == 2
    assert "make room on the disk" in said.error
    all_whole(tmp_path)
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.parametrize("option", ["output", "draw"])
def test_answers_that_find_no_room(option: str, trained: Path, colours: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / ("answers.csv" if option == "output" else "drawn")
    said = clearsight("predict", trained, colours, f"--{option}", place)
    assert said.code == 2
    assert "file" in said.error


def test_runs_that_are_a_file(colours: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    said = clearsight("train", colours, "--runs", tmp_path / "runs", *QUICK)
    assert said.code == 2 and str(tmp_path / "runs") in said.error


@pytest.mark.parametrize(("verb", "option"), [("evaluate", "output"), ("report", "output"), ("export", "output")])
def test_results_that_find_no_place(verb: str, option: str, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ending = {"evaluate": "json", "report": "html", "export": "onnx"}[verb]
    said = clearsight(verb, trained, f"--{option}", tmp_path / "file" / f"result.{ending}")
    assert said.code == 2 and "result" in said.error


AS_A_USER = """
import json, sys
from driving import QUICK, clearsight

for picture, runs in json.loads(sys.argv[1]):
    said = clearsight("train", picture, "--runs", runs, *QUICK)
    print(json.dumps([said.code, said.error]))
"""


@posix
def test_no_permission(tmp_path: Path) -> None:
    """Root may open everything, so that where the tests run as root the command runs without that right."""
    sets = [paint(tmp_path / name, 10, COLOURS[:2]) for name in ("open", "closed", "partly")]
    (tmp_path / "runs").mkdir()
    closed = [tmp_path / "runs", tmp_path / "closed" / "green", tmp_path / "partly" / "blue" / "3.png"]
    targets = json.dumps([[str(sets[i]), str(tmp_path / ("runs" if i == 0 else "others"))] for i in range(3)])
    words = [sys.executable, "-c", AS_A_USER, targets]
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("without setpriv root cannot give up the right to open everything")
        words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *words]
    for path in closed:
        path.chmod(0o555 if path.name == "runs" else 0)
    try:
        here = environment()
        here["PYTHONPATH"] += os.pathsep + str(Path(__file__).parent)
        done = subprocess.run(words, env=here, capture_output=True, text=True, timeout=240)
    finally:
        for path in closed:
            path.chmod(0o755)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [code for code, _ in answers] == [2, 2, 1], done.stderr  # one picture is left out, and is beyond --max-bad
    for path, (_, error) in zip(closed, answers, strict=True):
        assert str(path) in error and "permission" in error


def wait_for(path: Path, process: subprocess.Popen[str], seconds: float = 120) -> None:
    """Until a file is there."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.02)


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_ctrl_c_stops_and_resume_goes_on(number: int, tmp_path: Path) -> None:
    words = ["train", paint_zip(tmp_path / "set.zip", 60), *QUICK, "--epochs", "600", "--eval-every", "30"]
    started = subprocess.Popen(
        command(*words, "--runs", tmp_path / "runs"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    run = tmp_path / "runs" / "set"
    wait_for(run / "metrics.csv", started)
    started.send_signal(number)
    _, err = started.communicate(timeout=60)
    stopped = Said(started.returncode, "", err)
    assert stopped.code == 130
    assert stopped.error.startswith("stopped at step") and "--resume goes on" in stopped.error
    step = json.loads((run / "last" / "state.json").read_text())["state"]["step"]
    assert f"stopped at step {step} of" in stopped.error
    assert all_whole(run) >= 7
    assert not (run / "evaluation.json").exists()
    assert clearsight(*words, "--runs", tmp_path / "runs", "--resume").code == 0
    assert clearsight(*words, "--runs", tmp_path / "whole").code == 0
    one, other = ((tmp_path / runs / "set" / "model" / "model.safetensors").read_bytes() for runs in ("runs", "whole"))
    assert one == other


def interrupted(delay: float, *words: object) -> Said:
    """A command of which the terminal's whole group gets Ctrl-C after so many seconds."""
    started = subprocess.Popen(
        command(*words),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(delay)
    os.killpg(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=60)
    # Python ends by the signal itself where that came within an exec() of text; to a shell both are 130
    return Said(130 if started.returncode == -signal.SIGINT else started.returncode, out, err)


@posix
@pytest.mark.parametrize("delay", [0.6, 1.5])
def test_ctrl_c_before_training(delay: float, tmp_path: Path) -> None:
    """While torch is imported and the pictures are read: nothing to save, and still no traceback."""
    said = interrupted(delay, "train", paint_zip(tmp_path / "set.zip", 30), "--runs", tmp_path / "runs", *QUICK)
    assert said.code == 130 and "stopped" in said.error


@posix
@pytest.mark.slow
@pytest.mark.parametrize("delay", [3.0, 4.0, 5.0, 8.0])
def test_ctrl_c_with_workers(delay: float, tmp_path: Path) -> None:
    """A terminal sends it to the workers too, which may still be importing torch."""
    more = ("--epochs", "5000", "--cache", "stream", "--workers", "2")
    said = interrupted(delay, "train", paint_zip(tmp_path / "set.zip", 60), "--runs", tmp_path, *QUICK, *more)
    assert said.code == 130 and "stopped" in said.error


def test_a_reader_that_has_enough(trained: Path, colours: Path) -> None:
    """`clearsight predict … | head -1`."""
    started = subprocess.Popen(
        command("predict", trained, colours, "--format", "jsonl", "--batch-size", "1"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None and started.stderr is not None
    assert "picture" in json.loads(started.stdout.readline())
    started.stdout.close()
    err = started.stderr.read()
    started.stderr.close()
    assert started.wait(60) == 0
    assert "Traceback" not in err
