"""One training with the command that a user types, and what came of it: for the benchmarks that say how good a net gets."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from common import Figure, clearsight, save, shared, table

WEIGHTS = "mobilenetv2_100_imagenet.safetensors"

CELLS = ("--upside", "0.5", "--turn", "0.5")
"""What a person knows of cells under a microscope: they have no up and no down."""

STILL = ("--mosaic", "0", "--scale", "0", "--shift", "0")
"""For a short training on drawn scenes, of which no two are alike: nothing is laid together or moved."""


TITLES = {"map50": "mAP50", "map": "mAP50-95", "miou": "mIoU", "dice": "Dice"}
"""What people call the figures that something is promised of."""


@dataclass(frozen=True)
class Case:
    """A training, and what is promised of it."""

    data: str  # a file of ../shared/data, or a name
    words: tuple[str, ...]
    promised: Mapping[str, float | None]
    """At least so much of a figure, "dice", or of a class's, "dice of nucleus"; None: only shown, with its interval."""

    seconds: float  # wall time at most
    pretrained: bool
    then: tuple[str, ...] = ()
    """Options of an `evaluate` that follows, where the figures are to be those of such answers."""


@dataclass(frozen=True)
class Trained:
    """What a training's command gave."""

    result: dict[str, Any]  # the last evaluation
    facts: dict[str, Any]  # of the run, for a row of a table
    seconds: float  # from the commands' start to their exit

    def value(self, name: str) -> float:
        """A figure, or "dice of nucleus", say: a class's."""
        figure, _, label = name.partition(" of ")
        found: float = self.result["per_class"][label][figure] if label else self.result["values"][figure]
        return found

    def values(self, names: Iterable[str]) -> dict[str, float]:
        """Those of these figures that there are."""
        return {name: self.result["values"][name] for name in names if name in self.result["values"]}

    def bounds(self, names: Iterable[str]) -> dict[str, float | None]:
        """The ends of these figures' intervals; those of single classes have none."""
        pairs = {name: self.result["intervals"].get(name, (None, None)) for name in names if " of " not in name}
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


def train(
    name: str,
    data: str,
    words: Sequence[str],
    pretrained: bool,
    keep: Path | None = None,
    then: Sequence[str] = (),
) -> Trained:
    """Train on a zip of ../shared/data, or on the data of a name, from the pretrained MobileNetV2 of ../shared/weights where
    `pretrained` says so; the run's folder is copied to `keep`, where that is given. `then` as in `Case`."""
    where = shared("data", data) if data.endswith(".zip") else data
    said: list[str | Path] = [*words, "--name", name, "--json"]
    if "--weights" not in words:
        said += ["--weights", shared("weights", WEIGHTS) if pretrained else "none"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "runs" / name
        commands = [("train", where, *said), *([("evaluate", folder, *then, "--json")] if then else [])]
        done = [clearsight(*each, folder=Path(place)) for each in commands]
        plan = yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if keep is not None:
            shutil.copytree(folder, keep, dirs_exist_ok=True)
    task = plan["facts"]["task"]
    facts = {
        "parameters": manifest["net"]["parameters"],
        "multiply-adds": plan["facts"]["multiply_adds"],
        "canvas": "{} × {}".format(*task["canvas"] or [task["size"]] * 2),
        "epochs": plan["settings"]["epochs"]["value"],
        "training s": manifest["training"]["seconds"],
        "wall s": sum(each.seconds for each in done),
    }
    said_last = json.loads(done[-1].output)
    return Trained(said_last if then else said_last["result"], facts, facts["wall s"])


def exported(run: Path, data: str, split: str) -> dict[str, float]:
    """How long the ONNX of a run takes for a photograph of a zip of ../shared/data, and by how much it answers unlike torch."""
    words = ("export", run, "--photos", shared("data", data), "--json")
    said = json.loads(clearsight(*words, folder=run).output)
    return {
        "ms a photograph": 1000 * latency(run / "model.onnx", data, split),
        "export differs by": said["difference"],
    }


def titled(name: str) -> str:
    """What people call a figure."""
    figure, *rest = name.split(" ", 1)
    return " ".join([TITLES[figure], *rest])


def judge(
    topic: str, what: str, cases: Mapping[str, Case], figures: Sequence[str], of_class: Sequence[str], kind: str = ""
) -> None:
    """The command line of a benchmark of cases: train one, print its table, write `results/<topic>_<case>.json`. A row has
    those of `figures` that there are, and of each class those of `of_class`; `kind` of figure is named before it."""
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=cases)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the run's folder into this one")
    parser.add_argument("--with", dest="more", default="", help="more options, for a trial; writes no JSON")
    options = parser.parse_args()
    case: Case = cases[options.case]
    done = train(
        options.case, case.data, [*case.words, *options.more.split()], case.pretrained, options.keep, case.then
    )
    row = {"case": options.case, "judged": done.result["count"], **done.values(figures), **done.bounds(case.promised)}
    row |= {name: done.value(name) for name in case.promised if " of " in name} | done.facts
    table([row], f"{options.case}: {case.data}")
    if options.more:
        return
    row["classes"] = {label: {n: found[n] for n in of_class} for label, found in done.result["per_class"].items()}
    row["errors"] = done.result.get("breakdown")
    title = f"{topic} {options.case}"
    promises = [
        Figure(f"{title}, {kind}{titled(name)}", done.value(name), "", least, at_least=True)
        for name, least in case.promised.items()
        if least is not None
    ]
    promises.append(Figure(f"{title}, wall time", done.seconds, "s", case.seconds))
    judged = f", then evaluate {' '.join(case.then)}" if case.then else ""
    note = f"clearsight train {case.data} {' '.join(case.words)}{judged}; the whole process."
    print(save(f"{topic}_{options.case}", [row], note, promises))
