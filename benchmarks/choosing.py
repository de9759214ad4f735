"""What kernel size, activation, pooling, loss and optimiser are worth: the net conv32-64, one setting changed at a time.

    python benchmarks/choosing.py [--pictures 4000] [--seeds 2]

Small parts of MNIST and CIFAR-10, few passes, everything else as Clearsight chooses it; an optimiser comes with the
learning rate usual with it. `--pictures` other than 4000 is a trial, which writes no JSON. A run that was stopped goes on
where it stopped; `scripts/nets_tables` puts the tables into docs/nets.md.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import yaml
from cells import fill, part_of_mnist, part_of_zip
from common import shared, table

NET, PICTURES = "conv32-64", 4000
EPOCHS = {"MNIST": 3.0, "CIFAR-10": 4.0}

SETTINGS: Mapping[str, tuple[str, ...]] = {
    "kernel": ("3", "5", "7"),
    "activation": ("relu", "tanh", "sigmoid", "gelu", "silu"),
    "pooling": ("max", "average"),
    "loss": ("cross_entropy", "focal", "bce"),
    "optimiser": ("adamw", "adam", "muon", "rmsprop", "adagrad", "sgd"),
}
"""The values tried, that which is used everywhere else first."""

OF_THE_NET = ("kernel", "activation", "pooling")


def train(data: Path, epochs: float, setting: str, value: str, seed: int) -> dict[str, Any]:
    """One training with one setting said."""
    import clearsight

    said: dict[str, Any] = {setting: value}
    if setting in OF_THE_NET:
        said = {"net_options": {setting: int(value) if value.isdigit() else value}}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        start = time.perf_counter()
        model = clearsight.train(
            str(data), net=NET, runs=folder, name="run", epochs=epochs, batch_size=64, seed=seed, **said
        )
        wall = time.perf_counter() - start
        plan = yaml.safe_load((Path(folder) / "run" / "plan.yaml").read_text(encoding="utf-8"))
        seconds = model.provenance["training_seconds"]
    return {
        "accuracy %": 100 * model.metrics["accuracy"],
        "training s": seconds,
        "wall s": wall,
        "lr": plan["settings"]["lr"]["value"],
    }


def several(data: Path, epochs: float, setting: str, value: str, seeds: int) -> dict[str, Any]:
    """Means over the seeds, and how far they lie apart."""
    runs = [train(data, epochs, setting, value, seed) for seed in range(seeds)]
    found = [run["accuracy %"] for run in runs]
    means = {name: mean(run[name] for run in runs) for name in runs[0]}
    return {**means, "spread": max(found) - min(found), "seeds": seeds}


def main() -> None:
    """Measure, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=PICTURES)
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    count, seeds = options.pictures, options.seeds
    with tempfile.TemporaryDirectory() as name:
        test = count * 2 // 5
        parts = {
            "MNIST": part_of_mnist(shared("data", "mnist"), Path(name) / "mnist", count, test),
            "CIFAR-10": part_of_zip(shared("data", "cifar10.zip"), Path(name) / "cifar10.zip", count, test),
        }
        base = {data: partial(several, path, EPOCHS[data], "optimiser", "adamw", seeds) for data, path in parts.items()}
        todo = {(data, "default", ""): run for data, run in base.items()}
        for data, path in parts.items():
            for setting, values in SETTINGS.items():
                for value in values[1:]:
                    todo[data, setting, value] = partial(several, path, EPOCHS[data], setting, value, seeds)
        note = (
            f"The net {NET} on {count:,} training and {test:,} test pictures, {EPOCHS['MNIST']:g} passes over MNIST, "
            f"{EPOCHS['CIFAR-10']:g} over CIFAR-10, means of {seeds} seeds, one setting changed at a time."
        )
        rows = fill("choosing", ("data", "setting", "value"), note, todo, keep=count == PICTURES)
    table(rows, note)


if __name__ == "__main__":
    main()
