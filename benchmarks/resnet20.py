"""ResNet-20 on CIFAR-10 by its paper's recipe (He et al. 2016, section 4.2), started from the command line.

    python benchmarks/resnet20.py [--minutes 120] [--folder FOLDER]

All that is said is `--net resnet20`: the paper's recipe is the net's own. Where a GPU is at hand the run takes minutes.
Without one it is stopped after so many minutes of training in all, as with Ctrl-C, and its curve is what is reported; the
next call goes on where it stopped, so that the minutes may be spread. The JSON is written after each call.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from common import Figure, save, shared, table

PAPER = 100 - 8.75
"""The paper's accuracy after 164 epochs, % (its table 6)."""

PROMISED = 91.0
STOPPED = 130
"""What `clearsight train` exits with after Ctrl-C."""


def train(folder: Path, seconds: float) -> bool:
    """Train, or go on, for so long at most. Returns whether it came to its end."""
    script = shutil.which("clearsight", path=Path(sys.executable).parent)
    words = [
        str(script),
        "train",
        str(shared("data", "cifar10.zip")),
        "--net",
        "resnet20",
        "--name",
        "resnet20",
        "--resume",
    ]
    process = subprocess.Popen(words, cwd=folder)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait()
    if process.returncode not in (0, STOPPED):
        raise SystemExit(f"{' '.join(words)}\nexited with {process.returncode}")
    return process.returncode == 0


def curve(run: Path) -> list[dict[str, Any]]:
    """A row for each look: epoch, seconds of training, loss and accuracy."""
    with (run / "metrics.csv").open(encoding="utf-8") as file:
        return [
            {
                "epoch": float(row["epoch"]),
                "seconds": float(row["seconds"]),
                "rate": float(row["lr"]),
                "loss": float(row["loss"]),
                "accuracy %": 100 * float(row["accuracy"]),
            }
            for row in csv.DictReader(file)
            if row.get("accuracy")
        ]


def main() -> None:
    """Train for a while, print the curve, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120, help="of training in all")
    parser.add_argument("--this-time", type=float, default=120, help="minutes of this call")
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "clearsight" / "benchmarks")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    run = options.folder / "runs" / "resnet20"
    spent = curve(run)[-1]["seconds"] / 60 if (run / "metrics.csv").is_file() and curve(run) else 0.0
    began = time.perf_counter()
    ended = train(options.folder, 60 * min(options.this_time, max(0.0, options.minutes - spent)))
    rows = curve(run)
    epochs = yaml.safe_load((run / "plan.yaml").read_text(encoding="utf-8"))["settings"]["epochs"]["value"]
    table(
        rows[-30:], f"ResNet-20, {len(rows)} epochs of {epochs:g}, {(time.perf_counter() - began) / 60:.0f} minutes now"
    )
    last = rows[-1]
    note = (
        f"clearsight train cifar10.zip --net resnet20. {last['epoch']:g} of {epochs:g} epochs in "
        f"{last['seconds'] / 60:.0f} minutes of training; the paper ends at {PAPER:.2f} %."
    )
    figures = (
        [Figure("ResNet-20 by its paper's recipe", last["accuracy %"], "%", PROMISED, at_least=True)] if ended else []
    )
    print(save("resnet20", rows, note, figures))


if __name__ == "__main__":
    main()
