"""Every net of ours on MNIST and CIFAR-10, in few passes: how good, how large, how long.

    python benchmarks/nets.py [--only NET]

Each cell is one `clearsight train` as a user types it, timed from its start to its exit. The passes are few, so that all
of it takes three quarters of an hour on two cores: deep nets are far from what they reach in the end. A run that was stopped
goes on where it stopped; `scripts/nets_tables` puts the table into docs/nets.md.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from cells import fill
from common import clearsight, shared, table

DATA = {"MNIST": "mnist", "CIFAR-10": "cifar10.zip"}

NETS: Mapping[str, Sequence[str]] = {
    "feedforward": ("--epochs", "5"),
    "lenet": ("--epochs", "5"),
    "conv32": ("--epochs", "3"),
    "conv32-64": ("--epochs", "3"),
    "twoconv": ("--epochs", "3"),
    "recurrent": ("--epochs", "3"),
    "recurrent cell=gru": ("--epochs", "3"),
    "vit": ("--epochs", "1"),
    "resnet20": ("--epochs", "1"),
    "resnet56": ("--epochs", "1"),
    "fast": ("--recipe", "quick"),
}
"""The nets, with their settings after a blank, and how long each learns."""


def train(data: str, net: str, words: Sequence[str]) -> dict[str, Any]:
    """One training as a process of its own."""
    name, _, settings = net.partition(" ")
    said = ["--net", name, *(["--net-options", settings] if settings else []), *words]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        done = clearsight("train", shared("data", DATA[data]), *said, "--name", "run", "--json", folder=folder)
        plan = yaml.safe_load((folder / "runs" / "run" / "plan.yaml").read_text(encoding="utf-8"))
    outcome = json.loads(done.output)
    low, high = outcome["result"]["intervals"]["accuracy"]
    return {
        "passes": plan["settings"]["epochs"]["value"],
        "accuracy %": 100 * outcome["result"]["values"]["accuracy"],
        "from %": 100 * low,
        "to %": 100 * high,
        "parameters": plan["facts"]["parameters"],
        "multiply-adds": plan["facts"]["multiply_adds"],
        "training s": outcome["seconds"],
        "wall s": done.seconds,
    }


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=NETS, help="one net alone, as a trial that writes no JSON")
    only = parser.parse_args().only
    nets = NETS if only is None else {only: NETS[only]}
    todo = {(data, net): partial(train, data, net, words) for data in DATA for net, words in nets.items()}
    note = "One `clearsight train` for each net and data set, in few passes; accuracy on the test pictures, with 95 % interval."
    rows = fill("nets", ("data", "net"), note, todo, keep=only is None)
    table(rows, note)


if __name__ == "__main__":
    main()
