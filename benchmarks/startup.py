"""How long until something happens: the help, the import, the first prediction.

    python benchmarks/startup.py [--runs 9]

Every run is a new process, timed from its start to its exit. The first prediction is that of an exported model on a
photograph, from the shell; where ../shared has them, also of a MobileNetV2 at 224 pixels.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from common import SHARED, Figure, clearsight, command, save, table

IMPORT = """
import sys, time
start = time.perf_counter()
import clearsight
print(time.perf_counter() - start)
assert "torch" not in sys.modules, "import clearsight imports torch"
"""

PREDICT = """
import sys
from clearsight.cli import main
sys.argv = ["clearsight", "predict", *sys.argv[1:]]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
assert "torch" not in sys.modules, "predicting with an exported model imports torch"
"""


def exported(folder: Path) -> dict[str, Path]:
    """Exported models by what they are; how well they were trained does not matter here."""
    clearsight("train", "digits", "--epochs", "1", "--name", "digits", folder=folder)
    made = {"twoconv, 16 px": folder / "runs" / "digits"}
    data = SHARED / "data" / "ants_bees.zip"
    weights = SHARED / "weights" / "mobilenetv2_100_imagenet.safetensors"
    if data.exists() and weights.exists():
        words = ("--net", "mobilenetv2_100", "--weights", weights, "--steps", "1", "--name", "photos")
        clearsight("train", data, *words, folder=folder)
        made["mobilenetv2_100, 224 px"] = folder / "runs" / "photos"
    for run in made.values():
        clearsight("export", run, "--output", run / "model.onnx", folder=folder)
    return {name: run / "model.onnx" for name, run in made.items()}


def photograph() -> Path:
    """A photograph that scikit-learn brings, 640 × 427."""
    import sklearn.datasets

    return Path(sklearn.datasets.__file__).parent / "images" / "china.jpg"


def import_seconds(folder: Path) -> float:
    """Seconds that `import clearsight` takes in a new interpreter; fails where it imports torch."""
    return float(command([sys.executable, "-c", IMPORT], folder).output)


def prediction_seconds(model: Path, photo: Path, folder: Path) -> float:
    """Seconds of `clearsight predict` with an exported model."""
    return clearsight("predict", model, photo, folder=folder).seconds


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = photograph()
        what: dict[str, Callable[[], float]] = {
            "python -c pass": lambda: command([sys.executable, "-c", "pass"], folder).seconds,
            "clearsight --help": lambda: clearsight("--help", folder=folder).seconds,
            "import clearsight": partial(import_seconds, folder),
        }
        targets = {"clearsight --help": 0.4}
        for net, model in exported(folder).items():
            command([sys.executable, "-c", PREDICT, model, photo], folder)
            first = f"first prediction ({net})"
            what[first] = partial(prediction_seconds, model, photo, folder)
            targets[first] = 1.0
        rounds = [{name: run() for name, run in what.items()} for _ in range(options.runs)]
    seconds = {name: [taken[name] for taken in rounds] for name in what}
    rows = [
        {"what": name, "median ms": median(s) * 1000, "fastest": min(s) * 1000, "slowest": max(s) * 1000}
        for name, s in seconds.items()
    ]
    table(rows, "From start to exit, milliseconds")
    note = "Milliseconds of new processes, medians of interleaved runs. Neither import nor prediction imports torch."
    print(save("startup", rows, note, [Figure(n, median(seconds[n]), "s", t) for n, t in targets.items()]))


if __name__ == "__main__":
    main()
