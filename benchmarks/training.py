"""One training with the command that a user types, and what came of it: for the benchmarks that say how good a net gets."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from common import clearsight, shared

WEIGHTS = "mobilenetv2_100_imagenet.safetensors"

CELLS = ("--upside", "0.5", "--turn", "0.5")
"""What a person knows of cells under a microscope: they have no up and no down."""


@dataclass(frozen=True)
class Trained:
    """What a training's command gave."""

    result: dict[str, Any]  # the final evaluation
    facts: dict[str, Any]  # of the run, for a row of a table
    seconds: float  # from the command's start to its exit

    def values(self, names: Iterable[str]) -> dict[str, float]:
        """Those of these figures that there are."""
        return {name: self.result["values"][name] for name in names if name in self.result["values"]}

    def bounds(self, names: Iterable[str]) -> dict[str, float | None]:
        """The ends of these figures' intervals."""
        pairs = {name: self.result["intervals"].get(name, (None, None)) for name in names}
        return {
            f"{name} {end}": value
            for name, pair in pairs.items()
            for end, value in zip(("from", "to"), pair, strict=True)
        }


def latency(model: Path, data: str, split: str) -> float:
    """Median seconds from a photograph's pixels to what is on it, one thread, ONNX Runtime: the first of a split of a zip of
    ../shared/data."""
    from clearsight.data.open import open_data
    from clearsight.deploy.predictor import OnnxPredictor

    predictor = OnnxPredictor(model, 1)
    photo = open_data(str(shared("data", data))).samples(split)[0].image.load()
    taken = []
    for _ in range(12):
        start = time.perf_counter()
        predictor.finals(photo)
        taken.append(time.perf_counter() - start)
    return median(taken[2:])


def train(name: str, data: str, words: Sequence[str], pretrained: bool, keep: Path | None = None) -> Trained:
    """Train on a zip of ../shared/data, or on the data of a name, from the pretrained MobileNetV2 of ../shared/weights where
    `pretrained` says so; the run's folder is copied to `keep`, where that is given."""
    where = shared("data", data) if data.endswith(".zip") else data
    said: list[str | Path] = [*words, "--name", name, "--json"]
    if "--weights" not in words:
        said += ["--weights", shared("weights", WEIGHTS) if pretrained else "none"]
    with tempfile.TemporaryDirectory() as place:
        done = clearsight("train", where, *said, folder=Path(place))
        folder = Path(place) / "runs" / name
        plan = yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if keep is not None:
            shutil.copytree(folder, keep, dirs_exist_ok=True)
    task = plan["facts"]["task"]
    facts = {
        "parameters": manifest["net"]["parameters"],
        "canvas": "{} × {}".format(*task["canvas"] or [task["size"]] * 2),
        "epochs": plan["settings"]["epochs"]["value"],
        "training s": manifest["training"]["seconds"],
        "wall s": done.seconds,
    }
    return Trained(json.loads(done.output)["result"], facts, done.seconds)
