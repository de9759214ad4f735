"""Kill a training at random moments, go on with --resume, and compare with one that was left alone.

    python tests/cli/resume_proof.py --kills 12
    python tests/cli/resume_proof.py --kills 8 --cache stream --workers 2

prints a table of the kills. `test_resume.py` asserts what it shows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from driving import all_whole, command, environment, paint_zip

RECIPE = (
    *("--net", "twoconv", "--device", "cpu", "--threads", "1", "--batch-size", "8", "--epochs", "100", "--lr", "1e-3"),
    *("--schedule", "cosine", "--warmup", "0.1", "--ema", "0.98", "--mixup", "0.4", "--flip", "0.5", "--clip", "1"),
    *("--patience", "30"),
)
"""Everything that has a state: EMA, MixUp, a schedule with warm-up, AdamW, early stopping on held-out pictures."""

AFTER = 4.0
"""Seconds of training within which a kill may fall."""


@dataclass(frozen=True)
class Kill:
    """One SIGKILL."""

    run: int  # of the runs that were killed
    seconds: float  # after its process was started
    before: int | None  # the step on disk when the process was started; None where nothing was there
    after: int | None  # and when it was killed
    finished: bool  # the last step was done: what was left is judging and writing
    files: int  # with their final names, all whole

    @property
    def during(self) -> str:
        """What it was doing."""
        if self.before != self.after:
            return "training"
        return "judging" if self.finished else "start-up"

    def __str__(self) -> str:
        steps = " → ".join("none" if step is None else str(step) for step in (self.before, self.after))
        return f"run {self.run}   {self.seconds:6.2f} s   {self.during:8}   step {steps:14} {self.files} files whole"


@dataclass
class Proof:
    """What came of it."""

    kills: list[Kill] = field(default_factory=list)
    wanted: tuple[str, ...] = ()  # digests of the run that was left alone
    found: list[tuple[str, ...]] = field(default_factory=list)  # and of each killed one
    steps: int = 0
    best: int = 0
    total: int = 0


def prove(place: Path, kills: int, more: Sequence[str] = (), seed: int = 0) -> Proof:
    """Train once in peace, then as often as so many kills need; every killed run is resumed to its end."""
    words = ["train", paint_zip(place / "set.zip", 300, strength=5), *RECIPE, *more]
    proof, draw = Proof(), random.Random(seed)
    startup = _in_peace(place / "whole", words)
    proof.wanted = digests(place / "whole")
    state = _state(place / "whole")
    assert state is not None
    proof.steps, proof.best = state["step"], state["best_step"]
    proof.total = _planned(place / "whole" / "set")
    number = 1
    while len(proof.kills) < kills:
        runs = place / f"killed-{number}"
        while kill := _killed(runs, words, draw.uniform(0.2, startup + AFTER), number, len(proof.kills) >= kills):
            proof.kills.append(kill)
            print(f"{len(proof.kills):3}   {kill}", flush=True)
        assert not list((runs / "set" / "last").glob(".*")), "what was half written is cleared away"
        proof.found.append(digests(runs))
        number += 1
    return proof


def digests(runs: Path) -> tuple[str, ...]:
    """SHA-256 of the weights, of the figures of every look but for the seconds, of the evaluation, and of the task."""
    run = runs / "set"
    rows = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines()]
    clock = rows[0].index("seconds")
    looks = "\n".join(",".join(cell for at, cell in enumerate(row) if at != clock) for row in rows)
    task = json.loads((run / "model" / "model.json").read_text())["task"]
    parts = [(run / "model" / "model.safetensors").read_bytes(), looks.encode(), (run / "evaluation.json").read_bytes()]
    return tuple(hashlib.sha256(part).hexdigest() for part in [*parts, json.dumps(task).encode()])


def _in_peace(runs: Path, words: Sequence[object]) -> float:
    """Train to the end; the seconds before the first state was on disk."""
    started = _start(runs, words)
    began = time.monotonic()
    while _state(runs) is None and started.poll() is None:
        time.sleep(0.02)
    startup = time.monotonic() - began
    _, err = started.communicate(timeout=300)
    assert started.returncode == 0, err
    return startup


def _killed(runs: Path, words: Sequence[object], delay: float, number: int, enough: bool) -> Kill | None:
    """Start or resume, and kill after the delay; None where it ended before, or is to be left alone."""
    before = _state(runs)
    started = _start(runs, words, "--resume")
    try:
        _, err = started.communicate(timeout=300 if enough else delay)
    except subprocess.TimeoutExpired:
        assert not enough, "it does not end"
        started.send_signal(signal.SIGKILL)
        started.communicate(timeout=60)  # its workers hold on to its output: they must notice and end
        after = _state(runs)
        steps = [None if state is None else state["step"] for state in (before, after)]
        finished = bool(after and after["finished"])
        return Kill(number, delay, *steps, finished, all_whole(runs) if runs.exists() else 0)
    assert started.returncode == 0, err
    return None


def _start(runs: Path, words: Sequence[object], *more: str) -> subprocess.Popen[str]:
    words = command(*words, "--runs", runs, *more)
    return subprocess.Popen(words, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _state(runs: Path) -> dict[str, int] | None:
    path = runs / "set" / "last" / "state.json"
    return json.loads(path.read_text())["state"] if path.exists() else None


def _planned(run: Path) -> int:
    from clearsight.engine.plan import Plan

    return int(Plan.load(run / "plan.yaml").total_steps)


def main() -> int:
    """Print the proof; 1 where a killed run ended otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    known, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        proof = prove(Path(folder), known.kills, more, known.seed)
    same = all(found == proof.wanted for found in proof.found)
    print(f"left alone: stopped early at step {proof.steps} of {proof.total}, best at {proof.best}")
    print(f"weights     {proof.wanted[0]}")
    for number, found in enumerate(proof.found, 1):
        print(f"killed {number}    {found[0]}   {'all equal' if found == proof.wanted else 'DIFFERENT'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
