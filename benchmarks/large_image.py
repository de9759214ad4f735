"""How much memory a large picture takes: 10,000 × 10,000 pixels segmented in tiles, above what the model takes by itself.

python benchmarks/large_image.py [--side 10000] [--net lite] [--classes 11]

Each is a command as a user types it, in a process of its own: `clearsight predict MODEL PICTURE --tiles auto --save masks`,
with the model's folder and with the same model exported. What the model takes by itself is the same command's peak for a
picture of the size of its canvas. The peak is the largest resident memory, by the system's own account; decoding the JPEG,
its pixels (286 MiB), the mask and its PNG are in it. The weights are random: they take as much as trained ones.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import Figure, command, save, table

CANVAS, MOST = 512, 2.0  # pixels, GiB


def make(folder: Path, net: str, classes: int, side: int) -> None:
    """The model, the same exported, and both pictures. In a process of its own: what a process takes is counted in its
    children's peaks too."""
    import numpy as np
    import PIL.Image
    import torch
    from sklearn.datasets import load_sample_images

    from clearsight.core.artifact import Artifact
    from clearsight.core.artifact import save as save_model
    from clearsight.core.registry import find, net_family
    from clearsight.deploy.onnx import export

    torch.manual_seed(0)
    labels = tuple(f"class {number}" for number in range(classes))
    task = find("tasks", "segment")(labels=labels, size=CANVAS, probabilities=True)
    family, config = net_family("segment", net)
    artifact = Artifact(task, family.build(task, config).eval())
    save_model(artifact, folder / "model", "Random weights, for measuring memory.")
    (folder / "model.onnx").write_bytes(export(artifact))
    photo = load_sample_images().images[0]
    across, down = -(-side // photo.shape[1]), -(-side // photo.shape[0])
    for name, pixels in (
        ("small", photo[:CANVAS, :CANVAS]),
        ("large", np.tile(photo, (down, across, 1))[:side, :side]),
    ):
        PIL.Image.fromarray(np.ascontiguousarray(pixels)).save(folder / f"{name}.jpg", quality=90)


def peak(words: list[str | Path], folder: Path) -> tuple[float, float]:
    """The largest resident memory of a command, GiB, and its seconds. Ends the benchmark where it fails."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as told:
        running = subprocess.Popen([str(word) for word in words], cwd=folder, stdout=told, stderr=told)
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        if running.returncode:
            raise SystemExit(f"{' '.join(map(str, words))} exited with {running.returncode}:\n{told.read().decode()}")
    unit = 1 if sys.platform == "darwin" else 1024
    return used.ru_maxrss * unit / 2**30, time.perf_counter() - start


def measured(model: str, folder: Path) -> dict[str, Any]:
    """The peaks of one model for both pictures."""
    script = shutil.which("clearsight", path=Path(sys.executable).parent)
    if script is None:
        raise SystemExit(f"clearsight is not installed beside {sys.executable}: pip install -e '.[dev]' first")
    base, _ = peak([script, "predict", model, "small.jpg", "--tiles", "auto", "--save", "masks"], folder)
    most, seconds = peak([script, "predict", model, "large.jpg", "--tiles", "auto", "--save", "masks"], folder)
    return {"model": model, "by itself GiB": base, "peak GiB": most, "above GiB": most - base, "seconds": seconds}


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=10_000, help="for a trial: smaller; writes no JSON")
    parser.add_argument("--net", default="lite")
    parser.add_argument("--classes", type=int, default=11)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make is not None:
        make(options.make, options.net, options.classes, options.side)
        return
    asked = json.dumps({name: getattr(options, name) for name in ("net", "classes", "side")})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = ("--net", options.net, "--classes", str(options.classes), "--side", str(options.side))
        command([sys.executable, Path(__file__).resolve(), "--make", folder, *words], Path(__file__).parent)
        rows = [measured(model, folder) for model in ("model", "model.onnx")]
    table(rows, f"A picture of {options.side:,} × {options.side:,} pixels, {options.net}, {options.classes} classes")
    if options.side != 10_000:
        return
    figures = [
        Figure(f"10,000 × 10,000 pixels segmented, memory above the model's own, {what}", row["above GiB"], "GiB", MOST)
        for what, row in zip(("torch", "ONNX Runtime"), rows, strict=True)
    ]
    note = f"clearsight predict MODEL large.jpg --tiles auto --save masks; canvas {CANVAS} px; {asked}."
    print(save("large_image", rows, note, figures))


if __name__ == "__main__":
    main()
