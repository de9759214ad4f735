"""Every detector on blood cells, with the same command: how good after so many passes, how large, how quick.

python benchmarks/detectors.py [--epochs N]

Each is one training of BCCD's official split at 416 pixels, judged on test, and the time that one photograph takes on one
thread, from pixels to boxes, exported to ONNX. `yolo`, `ssd`, `retinanet`, `fcos` and `faster-rcnn` stand on the same pretrained
MobileNetV2; `dfine` begins from nothing, as no weights of its own are at hand. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from cells import fill
from common import clearsight, save, shared, table
from training import latency

EPOCHS = 20
PRETRAINED = ("yolo", "ssd", "retinanet", "fcos", "faster-rcnn")
WORDS = ("--size", "416", "--upside", "0.5", "--turn", "0.5")


def trained(net: str, epochs: int) -> dict[str, Any]:
    """One training as a user starts it, its export, and the time of a photograph."""
    words: list[str | Path] = ["--net", net, "--epochs", str(epochs), *WORDS, "--name", "cells", "--json"]
    if net in PRETRAINED:
        options = "inputs=symmetric" if net == "yolo" else "backbone=mobilenetv2_100,inputs=symmetric,width=128"
        words += ["--net-options", options, "--weights", shared("weights", "mobilenetv2_100_imagenet.safetensors")]
    else:
        words += ["--weights", "none"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done = clearsight("train", shared("data", "bccd.zip"), *words, folder=folder)
        exported = json.loads(clearsight("export", "runs/cells", "--json", folder=folder).output)
        plan = yaml.safe_load((folder / "runs/cells/plan.yaml").read_text(encoding="utf-8"))
        manifest = json.loads((folder / "runs/cells/manifest.json").read_text(encoding="utf-8"))
        seconds = latency(folder / "runs/cells/model.onnx", "bccd.zip", "test")
    result = json.loads(done.output)["result"]
    return {
        "mAP50-95": result["values"]["map"],
        "mAP50": result["values"]["map50"],
        "parameters": plan["facts"]["parameters"],
        "multiply-adds": plan["facts"]["multiply_adds"],
        "ms a photograph": 1000 * seconds,
        "training s": manifest["training"]["seconds"],
        "export differs by": exported["difference"],
    }


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="for a trial: fewer; writes no JSON")
    epochs = parser.parse_args().epochs
    nets = (*PRETRAINED, "dfine")
    note = f"BCCD, official split, judged on test; {epochs} passes at 416 px: {' '.join(WORDS)}. One run each."

    def measure(net: str) -> Callable[[], dict[str, Any]]:
        return lambda: trained(net, epochs)

    rows = fill("detectors", ("net",), note, {(net,): measure(net) for net in nets}, keep=epochs == EPOCHS)
    table(rows, note)
    if epochs == EPOCHS:
        print(save("detectors", rows, note))


if __name__ == "__main__":
    main()
