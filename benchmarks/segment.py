"""Segmentation on real and on drawn data, with the command that a user types: how good, and how soon.

    python benchmarks/segment.py CASE [--keep FOLDER]

CASE is one of those in `CASES`. A run is one process, timed from its start to its exit: decoding, checks, looks, the final
evaluation and the report are in its time. Figures are taken at the photographs' own resolution. Nothing is chosen on the
pictures judged: where a set has train and val alone, val is judged once, with the last weights.
"""

from __future__ import annotations

from training import CELLS, Case, judge

ENCODER = ("--net-options", "backbone=mobilenetv2_100,inputs=symmetric")

ROADS = ("--eval-every", "15", "--tta", "flip")

STAYING = ("--scale", "0", "--crop", "1", "--colour", "0", *CELLS)
SHORT = ("--epochs", "25", "--eval-every", "25", "--batch-size", "4")
DRAWN = ("--size", "192", *SHORT, "--tta", "flip", *STAYING)
"""For a short training on drawn scenes, of which no two are alike and none is out of place: they are seen as they are."""

CASES = {
    "camvid": Case("camvid.zip", ("--net", "lite", *ENCODER, "--epochs", "45", *ROADS), {"miou": 0.72}, 3600, True),
    "camvid_lite": Case("camvid.zip", ("--net", "lite", "--epochs", "65", *ROADS), {"miou": None}, 3600, False),
    "nuclei_semantic": Case(
        "nuclei.zip",
        ("--task", "segment", "--net", "lite", *ENCODER, "--size", "448", "--epochs", "30", *CELLS),
        {"dice of nucleus": 0.90},
        3600,
        True,
        then=("--tiles", "auto"),
    ),
    "shapes": Case("shapes", ("--task", "segment", "--net", "lite", *DRAWN), {"miou": 0.90}, 1200, False),
}
FIGURES = ("miou", "dice", "pixel_accuracy", "boundary_f")

if __name__ == "__main__":
    judge("segment", __doc__, CASES, FIGURES, of_class=("iou", "dice"))
