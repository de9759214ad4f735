"""Which task a data set calls for, and what may be done with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.options import Options
from clearsight.core.reader import DataInfo
from clearsight.core.registry import find, names
from clearsight.core.sample import Sample
from clearsight.core.task import Task


def choose_task(info: DataInfo, name: str | None = None, samples: Iterable[Sample] = ()) -> type[Task[Any]]:
    """The task named, or of those that suit the data the one that uses most of its annotations, the first listed of
    equals. `samples` show what a reader cannot know beforehand: whether some picture has several labels.

    Raises `InputError` where the data lacks the annotations that it needs.
    """
    has = ", ".join(sorted(info.annotated)) or "no annotation"
    if name is not None:
        task: type[Task[Any]] = find("tasks", name)
        if missing := task.needs - info.annotated:
            raise InputError(f"{name} learns from {', '.join(sorted(missing))}, but the data has {has}")
        return task
    tasks: list[type[Task[Any]]] = [find("tasks", known) for known in names("tasks")]
    possible = [task for task in tasks if task.needs <= info.annotated]
    if not possible:
        wants = "; ".join(f"{task.name} needs {', '.join(sorted(task.needs))}" for task in tasks)
        hints = "".join(f"; {note}" for note in info.notes if "--" in note)  # which option would say what is what
        raise InputError(f"no task can learn from this data, which has {has}: {wants}{hints}")
    several = info.several or any(len(sample.labels or ()) > 1 for sample in samples)
    suiting = [task for task in possible if task.suits(replace(info, several=several))]
    return max(suiting or possible, key=lambda task: len(task.needs))


def require_verb(task: Task[Any] | type[Task[Any]], verb: str) -> None:
    """Refuse a verb that the task does not have. Raises `InputError`."""
    if verb not in task.verbs:
        raise InputError(f"{verb} does not work for {task.name}, which has {', '.join(sorted(task.verbs))}")


def require_fitting(task: Task[Any], options: Options) -> None:
    """Refuse options that mean nothing to the task, where they are given and on. Raises `InputError`."""
    for name in task.unfitting.keys() & options.model_fields_set:
        if getattr(options, name) not in (None, 0, "none"):
            raise InputError(f"--{name.replace('_', '-')} does not fit {task.name}: {task.unfitting[name]}")
