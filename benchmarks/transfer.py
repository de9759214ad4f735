"""Ants and bees from pretrained weights, with the three commands a user types: train, evaluate, export.

python benchmarks/transfer.py [--seeds 1] [--epochs N]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

from common import Figure, clearsight, save, shared, table

NET = "mobilenetv2_100"


def three_commands(seed: int, epochs: float | None) -> dict[str, float]:
    """Wall seconds of each command, and the accuracy that `evaluate` finds."""
    data, weights = shared("data", "ants_bees.zip"), shared("weights", f"{NET}_imagenet.safetensors")
    said: list[str | Path] = ["--net", NET, "--weights", weights, "--seed", str(seed), "--name", "ants"]
    if epochs is not None:
        said += ["--epochs", str(epochs)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train = clearsight("train", data, *said, "--json", folder=folder)
        evaluate = clearsight("evaluate", "runs/ants", "--json", folder=folder)
        export = clearsight("export", "runs/ants", "--json", folder=folder)
    judged, agreement = json.loads(evaluate.output), json.loads(export.output)
    said_by_training = json.loads(train.output)["result"]["values"]["accuracy"]
    if abs(judged["values"]["accuracy"] - said_by_training) > 1e-9:
        raise SystemExit(f"train says {said_by_training}, evaluate {judged['values']['accuracy']}")
    return {
        "seed": seed,
        "train s": train.seconds,
        "evaluate s": evaluate.seconds,
        "export s": export.seconds,
        "together s": train.seconds + evaluate.seconds + export.seconds,
        "judged on": judged["count"],
        "accuracy %": 100 * judged["values"]["accuracy"],
        "export differs by": agreement["difference"],
    }


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=float, help="for a trial: fewer than Clearsight chooses; writes no JSON")
    options = parser.parse_args()
    rows = [three_commands(seed, options.epochs) for seed in range(options.seeds)]
    table(rows, f"Ants and bees from {NET}")
    if options.epochs is not None:
        return
    note = f"train, evaluate and export of ants_bees.zip with {NET}'s ImageNet weights: wall time of each command."
    figures = [
        Figure("ants and bees, the three commands together", median(row["together s"] for row in rows), "s", 180),
        Figure("ants and bees, accuracy on val", median(row["accuracy %"] for row in rows), "%", 94, at_least=True),
    ]
    print(save("transfer", rows, note, figures))


if __name__ == "__main__":
    main()
