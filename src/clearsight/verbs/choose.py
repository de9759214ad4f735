"""Which task a data set calls for, and what may be done with it."""

from __future__ import annotations

from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo
from clearsight.core.registry import find, names
from clearsight.core.task import Task


def choose_task(info: DataInfo, name: str | None = None) -> type[Task[Any]]:
    """The task named, or the one that uses most of the annotations, the first listed of equals.

    Raises `InputError` where the data lacks the annotations that it needs.
    """
    has = ", ".join(sorted(info.annotated)) or "no annotation"
    if name is not None:
        task: type[Task[Any]] = find("tasks", name)
        if missing := task.needs - info.annotated:
            raise InputError(f"{name} learns from {', '.join(sorted(missing))}, but the data has {has}")
        return task
    tasks: list[type[Task[Any]]] = [find("tasks", known) for known in names("tasks")]
    fitting = [task for task in tasks if task.needs <= info.annotated]
    if not fitting:
        wants = "; ".join(f"{task.name} needs {', '.join(sorted(task.needs))}" for task in tasks)
        raise InputError(f"no task can learn from this data, which has {has}: {wants}")
    return max(fitting, key=lambda task: len(task.needs))


def require_verb(task: Task[Any] | type[Task[Any]], verb: str) -> None:
    """Refuse a verb that the task does not have. Raises `InputError`."""
    if verb not in task.verbs:
        raise InputError(f"{verb} does not work for {task.name}, which has {', '.join(sorted(task.verbs))}")
