"""Test-time augmentation by name, for the verbs that answer."""

from __future__ import annotations

from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.task import Task


def with_views(task: Task[Any], tta: str | None) -> Task[Any]:
    """The task that averages these views; itself where None is said. Raises `InputError` where the task has no views."""
    if tta is None or getattr(task, "tta", "none") == tta:
        return task
    if "tta" not in type(task).model_fields:
        raise InputError(f"--tta {tta}: {task.name} does not average views")
    return task.model_copy(update={"tta": tta})
