"""Detection on real and on drawn data, with the command that a user types: how good, and how soon.

    python benchmarks/detect.py CASE [--keep FOLDER]

CASE is one of those in `CASES`. A run is one process, timed from its start to its exit: decoding, checks, looks, the final
evaluation and the report are in its time. Nothing is chosen on the pictures judged: where a val split is there, the weights
and thresholds are chosen on it and test is judged once.
"""

from __future__ import annotations

from training import CELLS, Case, judge

SHAPES = (
    "--size",
    "224",
    "--epochs",
    "22",
    "--mosaic",
    "0",
    "--scale",
    "0",
    "--shift",
    "0",
    "--upside",
    "0.5",
    "--turn",
    "0.5",
)
"""The smallest objects are 13 pixels wide and want more; all lie at any angle; 22 passes are too few to need what is moved."""

CASES = {
    "bccd": Case(
        "bccd.zip",
        (
            "--net",
            "yolo",
            "--net-options",
            "inputs=symmetric",
            "--epochs",
            "60",
            "--close",
            "0.4",
            *CELLS,
        ),
        {"map50": 0.91, "map": 0.61},
        3600,
        True,
    ),
    "shapes": Case(
        "shapes",
        ("--task", "detect", "--net", "yolo", "--net-options", "backbone=test_resnet", "--weights", "none", *SHAPES),
        {"map50": 0.95, "map": None},
        1200,
        False,
    ),
}
FIGURES = ("map", "map50", "map75", "map_small", "map_medium", "map_large")

if __name__ == "__main__":
    judge("detect", __doc__, CASES, FIGURES, of_class=("ap", "ap50"))
