"""The README's first command, as a new user types it: handwritten digits, from nothing to a report.

    python benchmarks/digits.py [--seeds 3]

Each seed is a new process in an empty folder, timed from its start to its exit.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

from common import Figure, clearsight, save, table


def train(seed: int) -> dict[str, float]:
    """`clearsight train digits`; seed 0 is what a user gets who names none."""
    with tempfile.TemporaryDirectory() as folder:
        done = clearsight("train", "digits", "--seed", str(seed), "--json", folder=Path(folder))
    outcome = json.loads(done.output)
    result = outcome["result"]
    return {
        "seed": seed,
        "wall s": done.seconds,
        "training s": outcome["seconds"],
        "held out": result["count"],
        "accuracy %": 100 * result["values"]["accuracy"],
    }


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    rows = [train(seed) for seed in range(options.seeds)]
    table(rows, "clearsight train digits")
    note = "`clearsight train digits` in an empty folder: wall time of the whole command, accuracy on held-out digits."
    figures = [
        Figure("digits, wall time of the whole command", median(row["wall s"] for row in rows), "s", 60),
        Figure("digits, accuracy", median(row["accuracy %"] for row in rows), "%", 98, at_least=True),
    ]
    print(save("digits", rows, note, figures))


if __name__ == "__main__":
    main()
