"""List the nets there are: ours, and with a pattern such as 'resnet*' those of timm that match it.

Any of them is trained with: clearsight train photos/ --net NAME
"""

from __future__ import annotations

import fnmatch
import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from clearsight.core.errors import InputError
from clearsight.core.options import Options as BaseOptions
from clearsight.core.registry import find, names

if TYPE_CHECKING:
    from rich.console import Console

    from clearsight.core.task import Task

SUMMARY = "List the nets there are."

CLASSES = 10
"""Classes that a net's parameters are counted for."""


class Options(BaseOptions):
    """Options of `clearsight nets`."""

    pattern: str | None = Field(
        None,
        description="Part of a name, or a pattern such as 'resnet*'; searches timm's models too.",
        json_schema_extra={"argument": True},
    )


@dataclass(frozen=True)
class Listed:
    """One net of ours."""

    name: str
    task: str
    parameters: int
    about: str


@dataclass(frozen=True)
class NetsOutcome:
    """The nets found."""

    pattern: str | None
    own: Sequence[Listed]
    size: int  # side of the canvas that parameters are counted for
    timm: dict[str, list[str]]  # model -> tags of its pretrained weights; only with a pattern
    timm_count: int  # how many there are in all
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        own = [{"name": n.name, "task": n.task, "parameters": n.parameters, "about": n.about} for n in self.own]
        timm = [{"name": name, "pretrained": tags} for name, tags in self.timm.items()]
        return {"nets": own, "timm": timm, "timm_count": self.timm_count}

    def show(self, console: Console) -> None:
        """Print the nets as tables."""
        from rich.table import Table

        if self.own:
            table = Table("net", "task", "parameters *", "", box=None)
            for net in self.own:
                table.add_row(net.name, net.task, f"{net.parameters:,}", net.about)
            console.print(table)
            counted = f"* for {CLASSES} classes and pictures of {self.size}×{self.size}"
            console.print(counted, style="dim", highlight=False)
        if self.timm:
            table = Table("timm model", "pretrained weights", box=None)
            for name, tags in self.timm.items():
                table.add_row(name, ", ".join(tags) or "none")
            console.print(table)
        if self.pattern is None:
            told = f"and any of timm's {self.timm_count:,} models by name; list some with: clearsight nets 'resnet*'"
        else:
            told = f"{len(self.own) + len(self.timm)} nets match; train one with: clearsight train photos/ --net NAME"
        console.print(told, markup=False, highlight=False, soft_wrap=True)


def run(options: Options) -> NetsOutcome:
    """List them. Raises `InputError` where nothing matches the pattern."""
    own, size = own_nets()
    if options.pattern is None:
        return NetsOutcome(None, own, size, {}, count_timm())
    pattern = options.pattern.lower()
    if not any(sign in pattern for sign in "*?["):
        pattern = f"*{pattern}*"
    matching = [net for net in own if fnmatch.fnmatch(net.name, pattern)]
    timm = timm_models(pattern)
    if not matching and not timm:
        raise InputError(f"no net matches {options.pattern!r}, neither ours nor timm's; clearsight nets '*' lists all")
    return NetsOutcome(options.pattern, matching, size, timm, count_timm())


def own_nets() -> tuple[list[Listed], int]:
    """Every net of the registry with its parameters, and the side of the canvas they are counted for."""
    found, sizes = [], []
    for entry in names("nets"):
        task_name, _, name = entry.partition(".")
        if name == "timm":  # stands for all of timm's models
            continue
        task = _example(task_name)
        family = find("nets", entry)
        about = (family.__doc__ or "").strip().splitlines()[0]
        found.append(Listed(name, task_name, _parameters(family, task), about))
        sizes.append(task.size)
    return found, max(sizes)


def timm_models(pattern: str) -> dict[str, list[str]]:
    """timm's models that match a pattern, each with the tags of its pretrained weights. Importing it takes seconds."""
    import timm

    found: dict[str, list[str]] = {name: [] for name in timm.list_models(pattern)}
    for tagged in timm.list_models(pretrained=True):
        name, _, tag = tagged.partition(".")
        if name in found:
            found[name].append(tag or "default")
    return found


def count_timm() -> int:
    """How many models timm has, counted in its source, as importing it would take seconds."""
    place = importlib.util.find_spec("timm")
    if place is None or place.origin is None:
        return 0
    files = (Path(place.origin).parent / "models").rglob("*.py")
    return sum(len(re.findall(r"^@register_model\b", file.read_text("utf-8"), re.MULTILINE)) for file in files)


def _example(name: str) -> Task[Any]:
    """A task of its default size with some labels."""
    from clearsight.core.reader import DataInfo

    labels = tuple(f"class {number}" for number in range(CLASSES))
    kind = find("tasks", name)
    task: Task[Any] = kind.from_data(DataInfo("none", {}, labels, kind.needs), [], {})
    return task


def _parameters(family: Any, task: Task[Any]) -> int:
    import torch

    with torch.device("meta"):  # shapes without memory
        net: torch.nn.Module = family.build(task, {})
    return sum(parameter.numel() for parameter in net.parameters())
