"""A run's folder: its name, and the files that lie in it."""

from __future__ import annotations

import re
from pathlib import Path

from clearsight.core.errors import InputError


def run_name(data: str, name: str | None) -> str:
    """The run's name: the one given, or made from the data's: `photos` for /data/photos.zip."""
    if name:
        return name
    stem = re.sub(r"(\.tar)?\.(zip|csv|tsv|jsonl|gz|tgz|tar|parquet)$", "", Path(data).resolve().name)
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "run"


def new_folder(runs: Path, name: str, given: bool) -> Path:
    """A folder that is not there yet: runs/name, runs/name-2, … Raises `InputError` where the user chose the name."""
    folder = runs / name
    if not folder.exists():
        return folder
    if given:
        raise InputError(f"{folder} is there already: give another --name, or --resume to carry it on")
    number = 2
    while (runs / f"{name}-{number}").exists():
        number += 1
    return runs / f"{name}-{number}"


def latest_folder(runs: Path, name: str, given: bool) -> Path | None:
    """The run to resume: the last of runs/name, runs/name-2, … that has a plan. None where there is none yet."""
    candidates = [runs / name]
    number = 2
    while not given and (runs / f"{name}-{number}").exists():
        candidates.append(runs / f"{name}-{number}")
        number += 1
    planned = [folder for folder in candidates if (folder / "plan.yaml").is_file()]
    return planned[-1] if planned else None
