"""Detection on real and on drawn data, with the command that a user types: how good, and how soon.

    python benchmarks/detect.py CASE [--keep FOLDER]

CASE is one of those in `CASES`. A run is one process, timed from its start to its exit: decoding, checks, looks, the final
evaluation and the report are in its time. Nothing is chosen on the pictures judged: where a val split is there, the weights
and thresholds are chosen on it and test is judged once.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from common import Figure, clearsight, save, shared, table


@dataclass(frozen=True)
class Case:
    """A training, and what is promised of it."""

    data: str  # a file of ../shared/data, or a name
    words: tuple[str, ...]
    map50: float  # at least
    map: float | None  # at least
    seconds: float  # wall time at most
    pretrained: bool


CELLS = ("--upside", "0.5", "--turn", "0.5")
"""What a person knows of cells under a microscope: they have no up and no down."""

PASSES = ("--epochs", "30", "--batch-size", "16")
"""As many as two cores make in 20 minutes."""

CASES = {
    "bccd": Case("bccd.zip", ("--net", "yolo", "--net-options", "inputs=symmetric", *CELLS), 0.91, 0.61, 3600, True),
    "shapes": Case(
        "shapes", ("--task", "detect", "--net", "yolo", "--weights", "none", *PASSES), 0.95, None, 1200, False
    ),
}
FIGURES = ("map", "map50", "map75", "map_small", "map_medium", "map_large")


def run(name: str, more: list[str], keep: Path | None) -> dict[str, Any]:
    """One training as a user starts it; the run's folder is copied to `keep`, where that is given."""
    case = CASES[name]
    where = case.data if case.data == "shapes" else shared("data", case.data)
    words: list[str | Path] = [*case.words, *more, "--name", name, "--json"]
    if case.pretrained and "--weights" not in more:
        words += ["--weights", shared("weights", "mobilenetv2_100_imagenet.safetensors")]
    with tempfile.TemporaryDirectory() as place:
        done = clearsight("train", where, *words, folder=Path(place))
        folder = Path(place) / "runs" / name
        plan = yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if keep is not None:
            shutil.copytree(folder, keep, dirs_exist_ok=True)
    result = json.loads(done.output)["result"]
    bounds = {key: result["intervals"].get(key, (None, None)) for key in ("map50", "map")}
    return {
        "case": name,
        "judged": result["count"],
        **{key: result["values"][key] for key in FIGURES if key in result["values"]},
        **{
            f"{key} {end}": value
            for key, pair in bounds.items()
            for end, value in zip(("from", "to"), pair, strict=True)
        },
        "classes": {label: {"ap": row["ap"], "ap50": row["ap50"]} for label, row in result["per_class"].items()},
        "errors": result.get("breakdown"),
        "parameters": manifest["net"]["parameters"],
        "canvas": "{} × {}".format(*plan["facts"]["task"]["canvas"] or [plan["facts"]["task"]["size"]] * 2),
        "epochs": plan["settings"]["epochs"]["value"],
        "training s": manifest["training"]["seconds"],
        "wall s": done.seconds,
    }


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the run's folder into this one")
    parser.add_argument("--with", dest="more", default="", help="more options, for a trial; writes no JSON")
    options = parser.parse_args()
    case = CASES[options.case]
    row = run(options.case, options.more.split(), options.keep)
    table([{key: value for key, value in row.items() if not isinstance(value, dict)}], f"{options.case}: {case.data}")
    if options.more:
        return
    figures = [Figure(f"{options.case}, mAP50", row["map50"], "", case.map50, at_least=True)]
    if case.map is not None:
        figures.append(Figure(f"{options.case}, mAP50-95", row["map"], "", case.map, at_least=True))
    figures.append(Figure(f"{options.case}, wall time", row["wall s"], "s", case.seconds))
    note = f"clearsight train {case.data} {' '.join(case.words)}; the whole process."
    print(save(f"detect_{options.case}", [row], note, figures))


if __name__ == "__main__":
    main()
