"""Segmentation on real and on drawn data, with the command that a user types: how good, and how soon.

    python benchmarks/segment.py CASE [--keep FOLDER]

CASE is one of those in `CASES`. A run is one process, timed from its start to its exit: decoding, checks, looks, the final
evaluation and the report are in its time. Figures are taken at the photographs' own resolution. Nothing is chosen on the
pictures judged: where a set has train and val alone, val is judged once, with the last weights.
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
    figure: str
    least: float | None  # None: nothing is promised
    seconds: float  # wall time at most
    pretrained: bool


ENCODER = ("--net-options", "backbone=mobilenetv2_100,inputs=symmetric")

CASES = {
    "camvid": Case("camvid.zip", ("--net", "unet", *ENCODER), "miou", 0.72, 3600, True),
    "camvid_lite": Case("camvid.zip", ("--net", "lite", "--net-options", "backbone=own"), "miou", None, 3600, False),
    "nuclei_semantic": Case(
        "nuclei.zip", ("--task", "segment", "--net", "lite", *ENCODER, *CELLS), "dice", 0.90, 3600, True
    ),
    "shapes": Case("shapes", ("--task", "segment", "--net", "lite"), "miou", 0.90, 1200, False),
}
FIGURES = ("miou", "dice", "pixel_accuracy", "boundary_f")
NAMES = {"miou": "mIoU", "dice": "Dice"}


def run(name: str, more: list[str], keep: Path | None) -> dict[str, Any]:
    """One training as a user starts it; the run's folder is copied to `keep`, where that is given."""
    case = CASES[name]
    done = train(name, case.data, [*case.words, *more], case.pretrained, keep)
    return {
        "case": name,
        "judged": done.result["count"],
        **done.values(FIGURES),
        **done.bounds([case.figure]),
        "classes": {label: row["iou"] for label, row in done.result["per_class"].items()},
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
    figures = [Figure(f"segment {options.case}, wall time", row["wall s"], "s", case.seconds)]
    if case.least is not None:
        title = f"segment {options.case}, {NAMES[case.figure]}"
        figures.insert(0, Figure(title, row[case.figure], "", case.least, at_least=True))
    note = f"clearsight train {case.data} {' '.join(case.words)}; the whole process."
    print(save(f"segment_{options.case}", [row], note, figures))


if __name__ == "__main__":
    main()
