"""Detection on real and on drawn data, with the command that a user types: how good, and how soon.

    python benchmarks/detect.py CASE [--keep FOLDER]

CASE is one of those in `CASES`. A run is one process, timed from its start to its exit: decoding, checks, looks, the final
evaluation and the report are in its time. Nothing is chosen on the pictures judged: where a val split is there, the weights
and thresholds are chosen on it and test is judged once.
"""

from __future__ import annotations

from training import CELLS, STILL, Case, judge

LATE = ("--epochs", "85", "--close", "0.4", "--ema", "0.995")
DRAWN = ("--size", "224", "--epochs", "22", *STILL, *CELLS)
"""The smallest objects of scenes are 13 pixels wide and want more; they lie at any angle, as cells do; so few passes need nothing
moved."""

CASES = {
    "bccd": Case(
        "bccd.zip",
        ("--net", "yolo", "--net-options", "inputs=symmetric", *LATE, *CELLS),
        {"map50": 0.91, "map": 0.61},
        3600,
        True,
    ),
    "shapes": Case(
        "shapes",
        ("--task", "detect", "--net", "yolo", "--net-options", "backbone=test_resnet", "--weights", "none", *DRAWN),
        {"map50": 0.95, "map": None},
        1200,
        False,
    ),
}
FIGURES = ("map", "map50", "map75", "map_small", "map_medium", "map_large")

if __name__ == "__main__":
    judge("detect", __doc__, CASES, FIGURES, of_class=("ap", "ap50"))
