"""Which augmentations to show: those of a run, changed by those that were said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.options import parse
from clearsight.core.task import Task
from clearsight.engine.config import AUGMENTATIONS, TrainOptions
from clearsight.engine.plan import Plan


def load_plan(run: Path) -> Plan:
    """The plan of a run. Raises `InputError`."""
    if not (run / "plan.yaml").is_file():
        raise InputError(f"--run {run}: there is no plan.yaml in it; name the folder of a run, such as runs/digits")
    return Plan.load(run / "plan.yaml")


def chosen_strengths(plan: Plan | None, said: str | None) -> dict[str, float] | None:
    """Strengths by name, of the plan and then as said in `randaugment=5,erase=0.5`; None where neither is given.
    Raises `InputError`."""
    if plan is None and said is None:
        return None
    return {**({} if plan is None else {**plan.augment, "seed": plan.seed}), **_parse(said or "")}


def refuse_unfitting(task: Task[Any], strengths: Mapping[str, float] | None) -> None:
    """Refuse to show what the task does not do. Raises `InputError`."""
    for name in task.unfitting.keys() & (strengths or {}).keys():
        if (strengths or {})[name]:
            raise InputError(f"--strengths {name} does not fit {task.name}: {task.unfitting[name]}")


def in_words(strengths: Mapping[str, float]) -> str:
    """The strengths that are on, as they would be typed."""
    on = {name: strengths[name] for name in AUGMENTATIONS if strengths.get(name, 0)}
    if on.get("crop") == 1:
        del on["crop"]
    if not on.keys() & {"mosaic", "mixup", "cutmix"}:
        on.pop("close", None)  # there is nothing to end
    return ", ".join(f"{name} {value:g}" for name, value in on.items()) or "none"


def _parse(text: str) -> dict[str, float]:
    said = {}
    for part in filter(str.strip, text.split(",")):
        name, _, value = (word.strip() for word in part.partition("="))
        if name not in AUGMENTATIONS or not value:
            raise InputError(
                f"--strengths: {part.strip()!r} says nothing; write it as in randaugment=5,erase=0.5, of "
                f"{', '.join(AUGMENTATIONS)}"
            )
        said[name] = value
    options = parse(TrainOptions, {"data": "", **said})
    return {name: float(getattr(options, name)) for name in said}
