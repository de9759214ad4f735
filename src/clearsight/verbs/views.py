"""How a model answers, where options say it: views to average, settings of the answer, parts of large photographs."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, ValidationError

from clearsight.core.errors import InputError
from clearsight.core.task import Task
from clearsight.engine.tiles import checked_tiles
from clearsight.nets.settings import parse

Tiles = Annotated[
    str | None,
    BeforeValidator(checked_tiles),
    Field(description="Look at parts of large photographs: auto, or how many along it; off by default."),
]
"""`--tiles`: see `engine.tiles.read_tiles`."""


def with_views(task: Task[Any], tta: str | None) -> Task[Any]:
    """The task that averages these views; itself where None is said. Raises `InputError` where the task has no views."""
    if tta is None or getattr(task, "tta", "none") == tta:
        return task
    if "tta" not in type(task).model_fields:
        raise InputError(f"--tta {tta}: {task.name} does not average views")
    try:
        return type(task).model_validate({**task.model_dump(), "tta": tta})
    except ValidationError:
        there = " or ".join(get_args(type(task).model_fields["tta"].annotation))
        raise InputError(f"--tta {tta}: {task.name} does not average such views; say {there}") from None


def with_answer(task: Task[Any], answer: str | None) -> Task[Any]:
    """The task with settings of its answer as in `iou=0.6,keep=300`; itself where None is said. Raises `InputError` naming
    the settings that there are, or what is wrong with a value."""
    said = parse(answer or "", "--answer")
    for name in said.keys() - task.adjustable:
        there = ", ".join(sorted(task.adjustable)) or "none"
        raise InputError(f"--answer {answer}: {task.name} has no such setting {name!r}; it has {there}")
    if not said:
        return task
    try:
        return type(task).model_validate({**task.model_dump(), **said})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "settings"
        message = str(first["msg"]).removeprefix("Value error, ")
        raise InputError(f"--answer {answer}: {where}: {message[:1].lower()}{message[1:]}") from None
