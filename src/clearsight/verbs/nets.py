"""List the nets there are: ours, and with a pattern such as 'resnet*' those of timm that match it.

Any of them is trained with: clearsight train photos/ --net NAME. The whole name of a net of ours shows what it can be
told with --net-options.
"""

from __future__ import annotations

import fnmatch
import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
"""Classes that parameters and multiply-adds are counted for; the side of the pictures is the task's `usual`."""


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
    parameters: int | None  # None where it was not made to be counted
    size: int  # side of the canvas that it is counted for
    multiply_adds: int | None  # of one picture
    about: str
    settings: Mapping[str, tuple[Any, str]] = field(default_factory=dict)  # name -> (default, what it may be, in words)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        settings = {name: {"default": default, "may_be": words} for name, (default, words) in self.settings.items()}
        return {**vars(self), "settings": settings}


@dataclass(frozen=True)
class NetsOutcome:
    """The nets found."""

    pattern: str | None
    own: Sequence[Listed]
    timm: dict[str, list[str]]  # model -> tags of its pretrained weights; only with a pattern
    timm_count: int  # how many there are in all
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        timm = [{"name": name, "pretrained": tags} for name, tags in self.timm.items()]
        return {"nets": [net.to_dict() for net in self.own], "timm": timm, "timm_count": self.timm_count}

    def show(self, console: Console) -> None:
        """Print the nets as tables."""
        from rich.table import Table

        if self.own:
            table = Table("net", "task", "parameters *", "multiply-adds *", "", box=None)
            for net in self.own:
                table.add_row(net.name, net.task, *_cost_in_words(net), net.about)
            console.print(table)
            counted = [net for net in self.own if net.parameters is not None]
            sides = " or ".join(f"{size}×{size}" for size in dict.fromkeys(net.size for net in counted))
            told = f"* for {CLASSES} classes and colour pictures of {sides}" if counted else "*"
            told += "" if len(counted) == len(self.own) else "; –: clearsight nets NAME counts it"
            console.print(told, style="dim", highlight=False, soft_wrap=True)
        if len(self.own) == 1 and self.own[0].name == self.pattern and self.own[0].settings:
            table = Table("--net-options", "", "by default", box=None)
            for name, (default, words) in self.own[0].settings.items():
                table.add_row(name, words, _said(default))
            console.print(table)
        if self.timm:
            table = Table("timm model", "pretrained weights", box=None)
            for name, tags in self.timm.items():
                table.add_row(name, ", ".join(tags) or "none")
            console.print(table)
        if self.pattern is None:
            told = f"and any of timm's {self.timm_count:,} models by name; list some with: clearsight nets 'resnet*'"
        elif self.own and self.own[0].name == self.pattern:
            told = f"train it with: clearsight train photos/ --net {self.own[0].name}"
        else:
            told = f"{len(self.own) + len(self.timm)} nets match; train one with: clearsight train photos/ --net NAME"
        console.print(told, markup=False, highlight=False, soft_wrap=True)


def run(options: Options) -> NetsOutcome:
    """List them. Raises `InputError` where nothing matches the pattern."""
    own = own_nets(options.pattern)
    if options.pattern is None:
        return NetsOutcome(None, own, {}, count_timm())
    if named := [net for net in own if net.name == options.pattern]:
        return NetsOutcome(options.pattern, named, {}, count_timm())
    pattern = options.pattern.lower()
    if not any(sign in pattern for sign in "*?["):
        pattern = f"*{pattern}*"
    matching = [net for net in own if fnmatch.fnmatch(net.name, pattern)]
    timm = timm_models(pattern)
    if not matching and not timm:
        raise InputError(f"no net matches {options.pattern!r}, neither ours nor timm's; clearsight nets '*' lists all")
    return NetsOutcome(options.pattern, matching, timm, count_timm())


def own_nets(asked: str | None = None) -> list[Listed]:
    """Every net of the registry with what it costs; one that takes seconds to make is counted where it is asked for."""
    found = []
    for entry in names("nets"):
        task_name, _, name = entry.partition(".")
        if name == "timm":  # stands for all of timm's models
            continue
        task = _example(task_name)
        family = find("nets", entry)
        about = (family.__doc__ or "").strip().splitlines()[0]
        settings: Mapping[str, tuple[Any, str]] = getattr(family, "choices", dict)()
        parameters, cost = _cost(family, task) if family.light or name == asked else (None, None)
        found.append(Listed(name, task_name, parameters, task.size, cost, about, settings))
    return found


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
    """A task with some labels at the size that is counted for."""
    from clearsight.core.reader import DataInfo

    labels = tuple(f"class {number}" for number in range(CLASSES))
    kind = find("tasks", name)
    info = DataInfo("none", {}, labels, kind.needs)
    if not kind.suits(info):  # of tasks that learn from masks, those of pixels and of objects want unlike data
        info = replace(info, instances=True)
    task: Task[Any] = kind.from_data(info, [], {"size": kind.usual})
    return task


def _cost(family: Any, task: Task[Any]) -> tuple[int, int]:
    """Parameters, and multiply-adds of one picture."""
    from clearsight.nets.cost import multiply_adds

    net = family.build(task, {})
    return sum(parameter.numel() for parameter in net.parameters()), multiply_adds(net, task.channels, task.shape)


def _cost_in_words(net: Listed) -> tuple[str, str]:
    """Parameters and multiply-adds, or a dash where they were not counted."""
    if net.parameters is None or net.multiply_adds is None:
        return "–", "–"
    return f"{net.parameters:,}", f"{net.multiply_adds / 1e6:,.1f} M"


def _said(default: Any) -> str:
    """A default as --net-options takes it."""
    if isinstance(default, bool):
        return str(default).lower()
    return str(list(default)) if isinstance(default, tuple) else str(default)
