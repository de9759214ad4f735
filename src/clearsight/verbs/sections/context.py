"""What a report is made from: the files of a run folder, read and checked, without torch."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from clearsight.core import artifact
from clearsight.core.errors import InputError
from clearsight.core.metric import Result

FILES: Mapping[str, str] = {
    "model/model.json": "the model is not described",
    "evaluation.json": "there are no figures, confusions or mistakes (clearsight evaluate writes them)",
    "metrics.csv": "there are no training curves",
    "plan.yaml": "there are no settings",
    "manifest.json": "nothing is said of the data and the machine",
}
"""The files of a run that a report reads, and what it goes without where one is missing."""


@dataclass(frozen=True)
class Shown:
    """A picture of the evaluation with a few words on it."""

    key: str
    text: str
    picture: str  # base64 of a PNG or JPEG thumbnail; empty where there is none
    kind: str = ""  # what kind of mistake, in the plural
    marked: bool = False  # whether frames are drawn on it
    beside: bool = False  # whether it shows photograph, annotation and answer beside each other


@dataclass(frozen=True)
class Evaluation:
    """What `evaluation.json` says."""

    result: Result
    data: str = ""
    split: str = ""
    role: str = ""  # a sentence on how the split was used
    mistakes: tuple[Shown, ...] = ()  # worst first
    examples: tuple[Shown, ...] = ()  # right ones


@dataclass(frozen=True)
class Context:
    """A run as its files tell it; what is missing is None or empty and named in `missing`."""

    run: Path
    model: Mapping[str, Any] | None = None
    evaluation: Evaluation | None = None
    history: Mapping[str, list[float]] = field(default_factory=dict)  # column of metrics.csv -> values, blank as NaN
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # name -> {"value", "why"}
    manifest: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()  # names of `FILES`

    @property
    def name(self) -> str:
        """The run's name: that of its folder."""
        return self.run.resolve().name


def load_context(run: Path) -> Context:
    """Read a run folder. Raises `InputError` where it is no run, or one of its files is damaged."""
    if not run.exists():
        raise InputError(f"{run} is not there; give a run folder such as runs/digits")
    present = [name for name in FILES if (run / name).is_file()]
    if not present:
        raise InputError(f"{run} is no run: it has no {', '.join(FILES)}; give a folder that train has written")
    plan = _mapping(run / "plan.yaml") if "plan.yaml" in present else {}
    return Context(
        run=run,
        model=artifact.describe(run / "model") if "model/model.json" in present else None,
        evaluation=_evaluation(run / "evaluation.json") if "evaluation.json" in present else None,
        history=_history(run / "metrics.csv") if "metrics.csv" in present else {},
        settings=_settings(plan, run / "plan.yaml"),
        manifest=_mapping(run / "manifest.json") if "manifest.json" in present else {},
        missing=tuple(name for name in FILES if name not in present),
    )


def _mapping(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        value = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path} is damaged ({' '.join(str(error).split())})") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from None
    if not isinstance(value, dict):
        raise InputError(f"{path} is damaged: a mapping is expected in it, not {type(value).__name__}")
    return value


def _evaluation(path: Path) -> Evaluation:
    raw = _mapping(path)
    try:
        return Evaluation(
            result=Result.from_dict(raw["result"]),
            data=str(raw.get("data") or ""),
            split=str(raw.get("split") or ""),
            role=str(raw.get("role") or ""),
            mistakes=tuple(map(_shown, raw.get("mistakes") or ())),
            examples=tuple(map(_shown, raw.get("examples") or ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is not as evaluate writes it ({error!r}); run clearsight evaluate again") from None


def _shown(row: Mapping[str, Any]) -> Shown:
    kind, marked = str(row.get("kind") or ""), bool(row.get("marks"))
    return Shown(
        str(row["key"]), str(row["text"]), str(row.get("picture") or ""), kind, marked, bool(row.get("beside"))
    )


def _settings(plan: Mapping[str, Any], path: Path) -> dict[str, Mapping[str, Any]]:
    settings = plan.get("settings") or {}
    if not isinstance(settings, dict) or not all(isinstance(row, dict) for row in settings.values()):
        raise InputError(f"{path} is damaged: every one of its settings needs a value and a why")
    return settings


def _history(path: Path) -> dict[str, list[float]]:
    """The columns of metrics.csv. What is blank or no number is NaN; columns without any number are left away."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path} is damaged ({error})") from None
    names = [name for name in (rows[0] if rows else ()) if name]
    columns = {name: [_number(row.get(name)) for row in rows] for name in names}
    return {name: values for name, values in columns.items() if not all(map(math.isnan, values))}


def _number(text: str | None) -> float:
    try:
        value = float(text or "nan")
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
