"""Every segmentation net on road scenes, with the same command: how good after so many passes, how large, how quick.

python benchmarks/segmenters.py [--epochs N]

Each is one training of CamVid (367 train, 101 val, 11 classes, 480 × 360), judged on val with the last weights, and the time
that one photograph takes on one thread, from its pixels to its mask, exported to ONNX. All stand on the same pretrained
MobileNetV2, but for `lite (own)`, our small net with a body of its own, which begins from nothing. Goes on where it was
stopped.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cells import fill
from common import save, table
from training import exported, train

EPOCHS = 10
PART = ("--train-size", "256")
"""Parts of photographs, as large as they are in the whole ones that are answered: three are learnt from in the time of one."""

ENCODER = "backbone=mobilenetv2_100,inputs=symmetric"
NETS = {
    "lite (own)": ("lite", "backbone=own", False),
    "lite": ("lite", ENCODER, True),
    "fcn": ("fcn", f"{ENCODER},stride=16", True),
    "unet": ("unet", ENCODER, True),
    "unetplusplus": ("unetplusplus", ENCODER, True),
    "deeplabv3plus": ("deeplabv3plus", ENCODER, True),
    "fpn": ("fpn", ENCODER, True),
    "segformer": ("segformer", ENCODER, True),
    "upernet": ("upernet", f"{ENCODER},width=64", True),
}
"""Each row's net, its options, and whether it begins from pretrained weights."""


def trained(name: str, epochs: int) -> dict[str, Any]:
    """One training as a user starts it, its export, and the time of a photograph."""
    net, options, pretrained = NETS[name]
    words = ["--net", net, "--net-options", options, "--epochs", str(epochs), *PART]
    with tempfile.TemporaryDirectory() as place:
        run = Path(place) / "run"
        done = train("roads", "camvid.zip", words, pretrained, run)
        answers = exported(run, "camvid.zip", "val")
    return {
        "mIoU": done.result["values"]["miou"],
        "boundary F": done.result["values"].get("boundary_f"),
        "parameters": done.facts["parameters"],
        "multiply-adds": done.facts["multiply-adds"],
        "training s": done.facts["training s"],
        **answers,
    }


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="for a trial: fewer; writes no JSON")
    epochs = parser.parse_args().epochs
    learnt = f"{epochs} passes, {' '.join(PART)}"
    note = f"CamVid, judged on val with the last weights; {learnt}; {ENCODER} but for lite (own). One run each."

    def measure(name: str) -> Callable[[], dict[str, Any]]:
        return lambda: trained(name, epochs)

    rows = fill("segmenters", ("net",), note, {(name,): measure(name) for name in NETS}, keep=epochs == EPOCHS)
    table(rows, note)
    if epochs == EPOCHS:
        print(save("segmenters", rows, note))


if __name__ == "__main__":
    main()
