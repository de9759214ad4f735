"""Detection on real and on drawn data, with the command that a user types: how good, and how soon.

    python benchmarks/detect.py CASE [--keep FOLDER]

CASE is one of those in `CASES`. A run is one process, timed from its start to its exit: decoding, checks, looks, the final
evaluation and the report are in its time. Nothing is chosen on the pictures judged: where a val split is there, the weights
and thresholds are chosen on it and test is judged once.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import Figure, save, table
from training import CELLS, train


@dataclass(frozen=True)
class Case:
    """A training, and what is promised of it."""

    data: str  # a file of ../shared/data, or a name
    words: tuple[str, ...]
    map50: float  # at least
    map: float | None  # at least
    seconds: float  # wall time at most
    pretrained: bool


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
    done = train(name, case.data, [*case.words, *more], case.pretrained, keep)
    return {
        "case": name,
        "judged": done.result["count"],
        **done.values(FIGURES),
        **done.bounds(["map50", "map"]),
        "classes": {label: {"ap": row["ap"], "ap50": row["ap50"]} for label, row in done.result["per_class"].items()},
        "errors": done.result.get("breakdown"),
        **done.facts,
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
