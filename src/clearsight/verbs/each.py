"""Several runs of `train` in one folder, one after the other; with --resume those that are finished are kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearsight.core.errors import InputError
from clearsight.core.files import read_json
from clearsight.core.metric import Result

if TYPE_CHECKING:
    from clearsight.engine.config import TrainOptions
    from clearsight.engine.plan import Plan


@dataclass(frozen=True)
class Done:
    """A finished run of several."""

    name: str
    folder: Path
    result: Result
    plan: Plan
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: what it was, and its figures."""
        interval = self.result.intervals.get(self.result.headline)
        return {
            "run": self.name,
            "fold": self.plan.settings.get("fold"),
            "seed": self.plan.seed,
            "trained_on": self.plan.counts["train"],
            "judged_on": self.result.count,
            "score": self.result.score,
            "interval": None if interval is None else list(interval),
            "values": dict(self.result.values),
            "seconds": round(self.seconds, 2),
        }


def common_folder(options: TrainOptions, name: str) -> Path:
    """The folder of the runs: a new one, or with --resume the last one of that name. Raises `InputError`."""
    from clearsight.verbs.run_folder import new_folder

    runs, given = Path(options.runs), options.name is not None
    if int(os.environ.get("WORLD_SIZE", options.devices)) > 1:
        raise InputError("several runs go one by one on one device: for more devices give each run its own command")
    if not options.resume:
        return new_folder(runs, name, given)
    last, number = runs / name, 2
    while not given and (runs / f"{name}-{number}").exists():
        last, number = runs / f"{name}-{number}", number + 1
    return last


def train_one(options: TrainOptions, folder: Path, name: str, **changes: Any) -> Done:
    """Train `folder/name` with some of the options changed, or read what it came to where it is finished.

    Raises as `train` does, and `InputError` where a finished run was made with other options.
    """
    from clearsight.engine.plan import Plan, differences
    from clearsight.verbs import train

    place = folder / name
    begun = options.resume and (place / "plan.yaml").is_file()
    single = options.model_copy(
        update={"folds": None, "seeds": None, **changes, "runs": str(folder), "name": name, "resume": begun}
    )
    if begun and (place / "report.html").is_file():  # the last file that a run writes
        if changed := differences(single, Plan.load(place / "plan.yaml")):
            raise InputError(f"{place} was trained otherwise: {'; '.join(changed)}; use the same options to resume")
        sys.stderr.write(f"{place} is finished\n")
    else:
        sys.stderr.write(f"training {place}\n")
        train.run(single)
    if not (place / "evaluation.json").is_file():
        raise InputError(f"{place} has no pictures to judge on, so there is no figure to compare")
    seconds = read_json(place / "manifest.json").get("training", {}).get("seconds", 0.0)
    result = Result.from_dict(read_json(place / "evaluation.json")["result"])
    return Done(name, place, result, Plan.load(place / "plan.yaml"), seconds)


def same_data(runs: list[Done]) -> None:
    """Raises `InputError` where the data has changed between two of the runs."""
    first = runs[0]
    for run in runs[1:]:
        if run.plan.fingerprint != first.plan.fingerprint:
            raise InputError(
                f"the data of {run.folder} is not that of {first.folder}: it has changed in between; train all anew"
            )


def spread(values: list[float]) -> Mapping[str, float]:
    """Mean and sample standard deviation of two values or more."""
    mean = sum(values) / len(values)
    return {"mean": mean, "deviation": (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5}
