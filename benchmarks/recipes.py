"""The recipes on real data, with the command that a user types: how good, and how soon.

    python benchmarks/recipes.py CASE [--seeds 1] [--keep FOLDER]

CASE is one of those in `CASES`; `cifar-quick` runs the plain PyTorch script too, for as long as it takes. A run is one
process, timed from its start to its exit: decoding, checks, looks, the final evaluation and the report are in its time.
For the CIFAR cases the JSON also says how many GFLOP a second the training reached, beside the most that a plain
convolution of the same kind reached in this process.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import yaml
from cifar import plain, unpack
from common import Figure, clearsight, save, shared, table


@dataclass(frozen=True)
class Case:
    """A recipe on a data set, and what is promised of it."""

    data: str
    words: tuple[str, ...]
    accuracy: float  # %, at least, of the seeds' mean
    seconds: float | None = None  # wall time at most, of the seeds' median


CASES = {
    "cifar-quick": Case("cifar10.zip", ("--recipe", "quick", "--epochs", "0.6", "--progressive", "0.7"), 68.0),
    "cifar-balanced": Case("cifar10.zip", ("--recipe", "balanced"), 90.0, 600),
    "cifar-best": Case("cifar10.zip", ("--recipe", "best"), 93.5, 3600),
    "mnist": Case("mnist", (), 99.5, 600),
    "digits-best": Case("digits", ("--recipe", "best"), 99.0),
    "ants-bees": Case("ants_bees.zip", ("--net", "mobilenetv2_100"), 94.5),
}
PLAIN_EPOCHS = 20
PLAIN_SHARE = 1 / 20
"""Of the plain script's wall time the quick recipe may take so much."""


def run(case: Case, seed: int, keep: Path | None) -> dict[str, Any]:
    """One training as a user starts it; the run's folder is copied to `keep`, where that is given."""
    where = case.data if case.data == "digits" else shared("data", case.data)
    words: list[str | Path] = [*case.words, "--seed", str(seed), "--name", "case", "--json"]
    if "mobilenetv2_100" in case.words:
        words += ["--weights", shared("weights", "mobilenetv2_100_imagenet.safetensors")]
    with tempfile.TemporaryDirectory() as name:
        done = clearsight("train", where, *words, folder=Path(name))
        folder = Path(name) / "runs" / "case"
        plan = yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if keep is not None:
            shutil.copytree(folder, keep / f"seed-{seed}")
    said = json.loads(done.output)
    settings = {key: entry["value"] for key, entry in plan["settings"].items()}
    seen = plan["facts"]["batch"] * settings["accumulate"] * plan["facts"]["total_steps"]
    training = manifest["training"]["seconds"]
    learnt = ((settings["train_size"] or settings["size"]) / settings["size"]) ** 2  # share of the pixels judged at
    cost = 3 * learnt * plan["facts"]["multiply_adds"]  # forward, and twice as much backward
    low, high = said["result"]["intervals"]["accuracy"]
    return {
        "seed": seed,
        "net": settings["net"],
        "net options": settings["net_options"] or "",
        "epochs": settings["epochs"],
        "precision": settings["precision"],
        "wall s": done.seconds,
        "training s": training,
        "accuracy %": 100 * said["result"]["values"]["accuracy"],
        "from %": 100 * low,
        "to %": 100 * high,
        "GFLOP/s": 2e-9 * cost * seen / training,
        "judged": said["result"]["count"],
    }


def fastest_convolution(bf16: bool) -> float:
    """GFLOP/s of a plain 3×3 convolution of 256 channels, forward and backward, on all cores: the best of ten."""
    import torch
    import torch.nn.functional as F

    kind = torch.bfloat16 if bf16 else torch.float32
    layout = torch.channels_last
    images = torch.randn(250, 256, 8, 8).to(kind, memory_format=layout).requires_grad_()
    kernel = torch.randn(256, 256, 3, 3).to(kind, memory_format=layout).requires_grad_()
    best = float("inf")
    for _ in range(12):
        start = time.perf_counter()
        made = F.conv2d(images, kernel, padding=1)
        torch.autograd.grad(made, (images, kernel), torch.ones_like(made))
        best = min(best, time.perf_counter() - start)
    return 6e-9 * made.numel() * 256 * 9 / best


def beside_plain(rows: Sequence[dict[str, Any]]) -> list[Figure]:
    """How the quick recipe compares with the plain script, run now."""
    with tempfile.TemporaryDirectory() as name:
        _, folder = unpack(shared("data", "cifar10.zip").resolve(), Path(name), None)
        other = plain(folder, PLAIN_EPOCHS, 0)
    print(f"plain script: {other['wall']:.1f} s, {100 * other['accuracy']:.2f} %")
    share = median(row["wall s"] for row in rows) / other["wall"]
    lead = median(row["accuracy %"] for row in rows) - 100 * other["accuracy"]
    return [
        Figure(
            f"quick on CIFAR-10, wall time beside the plain script's {other['wall']:.0f} s", share, "×", PLAIN_SHARE
        ),
        Figure("quick on CIFAR-10, points beside the plain script", lead, "points", 0, at_least=True),
    ]


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy each run's folder into this one")
    options = parser.parse_args()
    case = CASES[options.case]
    rows = [run(case, seed, options.keep) for seed in range(options.seeds)]
    table(rows, f"{options.case}: {case.data} {' '.join(case.words)}")
    found = [row["accuracy %"] for row in rows]
    what = f"{options.case}, accuracy" + (f", mean of {len(found)} seeds" if len(found) > 1 else "")
    figures = [Figure(what, mean(found), "%", case.accuracy, at_least=True)]
    if case.seconds is not None:
        figures.append(Figure(f"{options.case}, wall time", median(row["wall s"] for row in rows), "s", case.seconds))
    note = f"clearsight train {case.data} {' '.join(case.words)}; whole processes."
    if len(found) > 1:
        note += f" Standard deviation over seeds: {stdev(found):.2f} points."
    if case.data.startswith("cifar"):
        peak = fastest_convolution(rows[0]["precision"] == "bf16")
        note += f" A plain convolution reaches {peak:.0f} GFLOP/s here."
    if options.case == "cifar-quick":
        figures += beside_plain(rows)
    print(save(f"recipe_{options.case.replace('-', '_')}", rows, note, figures))


if __name__ == "__main__":
    main()
