"""How long one picture takes: our smallest detector beside YOLOX-Nano, both by ONNX Runtime, and ours by torch, made
quicker as `predict` does.

python benchmarks/detect_latency.py [--rounds 30]

Batch 1, 416 × 416 pixels, 80 classes, one thread. Both graphs take a picture of that size and give what the net says of
its places, as far as it goes: YOLOX's file leaves the decoding to its user, ours decodes and sorts too.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import Figure, interleave, save, shared, table

SIDE, CLASSES = 416, 80


def session(model: bytes | str) -> Any:
    """An ONNX Runtime session on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def main() -> None:
    """Measure, print the table, write the JSON."""
    import torch

    from clearsight.core.artifact import Artifact
    from clearsight.deploy.onnx import export
    from clearsight.nets.cost import multiply_adds
    from clearsight.nets.packing import quickened
    from clearsight.tasks.detect.task import Detect
    from clearsight.tasks.objects.yolo import Yolo

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    torch.manual_seed(0)
    task = Detect(labels=tuple(f"class {n}" for n in range(CLASSES)), size=SIDE)
    net = Yolo.build(task, {"scale": "nano"}).eval()
    image = np.random.default_rng(0).random((1, 3, SIDE, SIDE), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nano.onnx"
        path.write_bytes(export(Artifact(task, net), raw=True))
        ours = session(str(path))
    theirs = session(str(shared("weights", "yolox_nano_coco.onnx")))
    entry = theirs.get_inputs()[0].name
    still, tensor = net.to(memory_format=torch.channels_last), torch.from_numpy(image)
    quick = quickened(still, tensor)

    def eager() -> None:
        with torch.inference_mode():
            quick(tensor)

    seconds = interleave(
        {
            "ours, ONNX Runtime": lambda: ours.run(None, {"images": image}),
            "YOLOX-Nano, ONNX Runtime": lambda: theirs.run(None, {entry: 255 * image}),
            "ours, torch": eager,
        },
        rounds,
    )
    parameters = sum(p.numel() for p in net.parameters())
    rows = [{"what": name, "ms": 1000 * value} for name, value in seconds.items()]
    rows[0] |= {"parameters": parameters, "multiply-adds": multiply_adds(net, 3, task.shape)}
    table(rows, f"One picture of {SIDE} × {SIDE}, one thread")
    own = seconds["ours, ONNX Runtime"]
    figures = [
        Figure("yolo nano beside YOLOX-Nano, latency", own / seconds["YOLOX-Nano, ONNX Runtime"], "×", 1.0),
        Figure("yolo nano, torch beside ONNX Runtime", seconds["ours, torch"] / own, "×", 1.5),
        Figure("yolo nano, parameters", parameters / 1e6, "M", 1.0),
    ]
    note = f"Batch 1, {SIDE} px, {CLASSES} classes, one thread; random weights, which take as long as trained ones."
    print(save("detect_latency", rows, note, figures))


if __name__ == "__main__":
    main()
