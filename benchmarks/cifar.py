"""CIFAR-10 with the two-convolution net: Clearsight's command line beside a plain PyTorch script, the same recipe.

    python benchmarks/cifar.py [DATA] [--epochs 20] [--rounds 1] [--per-class N]

DATA is the JPEG copy, a zip or a folder; the plain script gets it unpacked, which is not timed. The two take turns, each
a process of its own with all of the machine's cores, timed from its start to its exit: Clearsight's time holds its data
checks, its report and its final evaluation as well. `--per-class` makes a small set for a trial, which writes no JSON.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from statistics import median
from typing import Any

import yaml
from common import HERE, SHARED, Figure, clearsight, command, save, table

SAID: Mapping[str, Any] = {
    "net": "twoconv",
    "optimiser": "adam",
    "lr": 1e-3,
    "batch_size": 64,
    "schedule": "constant",
    "warmup": 0.0,
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
    "ema": 0.0,
    "flip": 0.0,
    "crop": 1.0,
    "shift": 0.0,
    "rotate": 0.0,
    "colour": 0.0,
    "erase": 0.0,
    "mixup": 0.0,
    "cutmix": 0.0,
    "keep": "last",
}
"""The recipe of the plain script, in Clearsight's options."""


def unpack(data: Path, folder: Path, per_class: int | None) -> tuple[Path, Path]:
    """What Clearsight is given and the folder for the plain script: the data itself and an unpacked copy, or a part of
    both with so many pictures of each class and split."""
    if data.is_dir():
        if per_class is not None:
            raise SystemExit("--per-class needs the zip")
        return data, data
    part = folder / data.name
    taken: Counter[str] = Counter()
    with zipfile.ZipFile(data) as archive, zipfile.ZipFile(part, "w") as smaller:
        for name in sorted(n for n in archive.namelist() if n.endswith(".jpg")):
            place = "/".join(PurePosixPath(name).parts[-3:-1])  # split and class
            taken[place] += 1
            if per_class is not None and taken[place] > per_class:
                continue
            archive.extract(name, folder / "unpacked")
            if per_class is not None:
                smaller.writestr(name, archive.read(name))
    inner = next(path.parent for path in (folder / "unpacked").rglob("train"))
    return (part if per_class is not None else data), inner


def ours(data: Path, epochs: int, seed: int) -> dict[str, Any]:
    """One training by Clearsight, checked to have been what was meant."""
    said = {**SAID, "epochs": float(epochs), "seed": seed}
    words = [word for name, value in said.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done = clearsight("train", data, *words, "--name", "cifar", "--json", folder=folder)
        run = folder / "runs" / "cifar"
        plan = yaml.safe_load((run / "plan.yaml").read_text(encoding="utf-8"))
        with (run / "metrics.csv").open(encoding="utf-8") as file:
            looks = list(csv.DictReader(file))
    settings = {key: entry["value"] for key, entry in plan["settings"].items()}
    meant = said | {"clip": None, "accumulate": 1, "patience": None, "size": 32, "channels": 3, "precision": "32"}
    if wrong := {key: settings[key] for key, value in meant.items() if settings[key] != value}:
        raise SystemExit(f"the plan is not what was meant: {wrong}")
    if len(looks) != epochs:
        raise SystemExit(f"Clearsight judged {len(looks)} times in {epochs} epochs")
    result = json.loads(done.output)["result"]
    return {
        "wall": done.seconds,
        "epoch": per_epoch([float(row["seconds"]) for row in looks]),
        "accuracy": result["values"]["accuracy"],
        "counts": (plan["facts"]["counts"]["train"], result["count"]),
        "threads": settings["threads"],
    }


def plain(folder: Path, epochs: int, seed: int) -> dict[str, Any]:
    """One training by the plain script."""
    words: list[str | Path] = [
        sys.executable,
        HERE / "plain_cifar.py",
        folder,
        "--epochs",
        str(epochs),
        "--seed",
        str(seed),
    ]
    done = command(words, folder)
    said = json.loads(done.output.splitlines()[-1])
    return {
        "wall": done.seconds,
        "epoch": per_epoch([row["seconds"] for row in said["epochs"]]),
        "accuracy": said["epochs"][-1]["accuracy"],
        "counts": (said["train"], said["test"]),
        "threads": None,
    }


def per_epoch(ends: Sequence[float]) -> float:
    """Median seconds of an epoch with its judging, from the moments at which epochs ended."""
    return median([after - before for before, after in itertools.pairwise(ends)] or ends)


def summary(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """A row for each side, medians over rounds."""
    return [
        {
            "what": name,
            "wall s": median(run["wall"] for run in those),
            "s per epoch": median(run["epoch"] for run in those),
            "accuracy %": 100 * median(run["accuracy"] for run in those),
            "rounds": len(those),
        }
        for name, those in runs.items()
    ]


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=SHARED / "data" / "cifar10.zip")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--per-class", type=int)
    options = parser.parse_args()
    if not options.data.exists():
        raise SystemExit(f"{options.data} is not there: give the path of CIFAR-10's JPEG copy")
    runs: dict[str, list[dict[str, Any]]] = {"plain PyTorch": [], "clearsight": []}
    with tempfile.TemporaryDirectory() as name:
        data, folder = unpack(options.data.resolve(), Path(name), options.per_class)
        for seed in range(options.rounds):
            runs["plain PyTorch"].append(plain(folder, options.epochs, seed))
            runs["clearsight"].append(ours(data, options.epochs, seed))
    counts = {run["counts"] for those in runs.values() for run in those}
    if len(counts) > 1:
        raise SystemExit(f"the two sides did not see the same pictures: (train, test) {sorted(counts)}")
    rows = summary(runs)
    table(rows, f"CIFAR-10, two convolutions, {options.epochs} epochs, (train, test) pictures {counts.pop()}")
    ratio = rows[1]["wall s"] / rows[0]["wall s"]
    lead = rows[1]["accuracy %"] - rows[0]["accuracy %"]
    figures = [
        Figure("CIFAR-10, wall time beside plain PyTorch", ratio, "×", round(2 / 3, 4)),
        Figure("CIFAR-10, points of accuracy beside plain PyTorch", lead, "points", -1, at_least=True),
    ]
    if options.per_class is not None:
        print(*figures, sep="\n")
        return
    threads = runs["clearsight"][0]["threads"]
    note = f"{options.epochs} epochs, whole processes in turn; Clearsight chose {threads} threads, PyTorch its default."
    print(save("cifar", rows, note, figures))


if __name__ == "__main__":
    main()
