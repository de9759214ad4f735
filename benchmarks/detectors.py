"""Every detector on blood cells, with the same command: how good after so many passes, how large, how quick.

python benchmarks/detectors.py [--epochs N]

Each is one training of BCCD's official split at 416 pixels, judged on test, and the time that one photograph takes on one
thread, from pixels to boxes, exported to ONNX. `yolo`, `ssd`, `retinanet`, `fcos` and `faster-rcnn` stand on the same pretrained
MobileNetV2; `dfine` begins from nothing, as no weights of its own are at hand. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cells import fill
from common import save, table
from training import CELLS, exported, train

EPOCHS = 10
PRETRAINED = ("yolo", "ssd", "retinanet", "fcos", "faster-rcnn")
WORDS = ("--size", "416", *CELLS)


def trained(net: str, epochs: int) -> dict[str, Any]:
    """One training as a user starts it, its export, and the time of a photograph."""
    pretrained = net in PRETRAINED
    options = "inputs=symmetric" if net == "yolo" else "backbone=mobilenetv2_100,inputs=symmetric,width=128"
    words = ["--net", net, "--epochs", str(epochs), *WORDS, *(["--net-options", options] if pretrained else [])]
    with tempfile.TemporaryDirectory() as place:
        run = Path(place) / "run"
        done = train("cells", "bccd.zip", words, pretrained, run)
        answers = exported(run, "bccd.zip", "test")
    return {
        "mAP50-95": done.result["values"]["map"],
        "mAP50": done.result["values"]["map50"],
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
    nets = (*PRETRAINED, "dfine")
    note = (
        f"BCCD, official split, judged on test; {epochs} passes: {' '.join(WORDS)}; dfine from nothing. One run each."
    )

    def measure(net: str) -> Callable[[], dict[str, Any]]:
        return lambda: trained(net, epochs)

    rows = fill("detectors", ("net",), note, {(net,): measure(net) for net in nets}, keep=epochs == EPOCHS)
    table(rows, note)
    if epochs == EPOCHS:
        print(save("detectors", rows, note))


if __name__ == "__main__":
    main()
