"""Masks of objects on real and on drawn data, with the command that a user types: how good, and how soon.

    python benchmarks/instances.py CASE [--keep FOLDER]

CASE is one of those in `CASES`. A run is one process, timed from its start to its exit: decoding, checks, looks, the final
evaluation and the report are in its time. Figures are COCO's, of at most 100 masks of a class in a picture, and beside them
those of at most 1,000, as hundreds of nuclei lie in one. Nothing is chosen on the pictures judged: where a set has train and
val alone, val is judged once, with the last weights.
"""

from __future__ import annotations

from training import CELLS, STILL, Case, judge

NET = ("--task", "instances", "--net", "yolo-mask")
NUCLEI = ("--size", "448", "--parts", "auto", "--epochs", "20", "--scale", "0.5", "--keep", "last")
"""Most pictures are 256 pixels wide, so that a nucleus of 13 is shown at 23; of a few of 1024 it takes parts to see it."""

DRAWN = ("--weights", "none", "--size", "224", "--epochs", "14", *STILL, *CELLS)
"""As `detect.py` has it for boxes alone, in fewer passes, as masks take time too."""

SHOWN = {"map50_1000": None, "map_1000": None}

CASES = {
    "nuclei": Case(
        "nuclei.zip",
        (*NET, "--net-options", "inputs=symmetric", *NUCLEI, *CELLS),
        {"map50": 0.75, "map": 0.40, **SHOWN},
        3600,
        True,
        then=("--tiles", "auto"),
    ),
    "shapes": Case(
        "shapes",
        (*NET, "--net-options", "backbone=test_resnet", *DRAWN),
        {"map50": 0.90, "map": None, **SHOWN},
        1200,
        False,
    ),
}
FIGURES = (
    *("map", "map50", "map75", "map_small", "map_medium", "map_large"),
    *("map_1000", "map50_1000", "box_map", "box_map50", "pq", "sq", "rq", "aji"),
)

if __name__ == "__main__":
    judge("instances", __doc__, CASES, FIGURES, of_class=("ap", "ap50"), kind="mask ")
