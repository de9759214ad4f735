"""Options of a verb, written once: the command line, the Python signature and the check all come from one class."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from clearsight.core.errors import InputError

O = TypeVar("O", bound="Options")  # noqa: E741


AnswerSettings = Annotated[
    str | None,
    Field(
        description="Settings of the answer, where the task has some, as in keep=300 of objects or probabilities=true of pixels."
    ),
]
"""`--answer`: see `verbs.views.with_answer`."""

Views = Annotated[
    Literal["none", "flip", "flip_shift"] | None,
    Field(description="Views to average, in place of those that the model says."),
]
"""`--tta`, of verbs that answer with a model."""


class Options(BaseModel):
    """Base of every verb's options: frozen, and an unknown name is an error. None means "choose for me".

    Fields without a default are the command's arguments, the others its `--options`; a field's description is its help.
    A field with a default is an argument too where its `json_schema_extra` says {"argument": True}.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataOptions(Options):
    """How a data set is read: what every verb that opens one can be told."""

    format: str | None = Field(None, description="Format of the data, where sniffing it goes wrong.")
    data_root: str | None = Field(None, description="Where named data sets lie (or CLEARSIGHT_DATA).")
    image_column: str | None = Field(None, description="Tables: the column that names the picture.")
    label_column: str | None = Field(None, description="Tables: the column that holds the label; several by commas.")
    value_column: str | None = Field(None, description="Tables: the column of numbers to predict; several by commas.")
    classes: str | None = Field(
        None, description="Classes to keep, rename, merge or leave out: 'cat,dog', 'wolf=dog,-junk', or a YAML file."
    )
    group: str | None = Field(None, description="Column whose equal values stay on one side of a split.")
    split_list: str | None = Field(None, description="File that says which picture is in which split.")

    def reading(self) -> dict[str, Any]:
        """These options alone, by name: what `data.open.open_data` takes."""
        return {name: getattr(self, name) for name in DataOptions.model_fields}


def parse(kind: type[O], values: Mapping[str, Any]) -> O:
    """Options from values. Raises `InputError` in the words of the option, not of the library."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "options"
        option = f"--{name.replace('_', '-')}"
        if first["type"] == "extra_forbidden":
            raise InputError(f"there is no option {option}; there is {', '.join(kind.model_fields)}") from None
        if first["type"] == "missing":
            raise InputError(f"{name} must be given") from None
        message = str(first["msg"]).removeprefix("Value error, ")
        raise InputError(f"{option} {first['input']!r}: {message[:1].lower()}{message[1:]}") from None


def is_argument(field: FieldInfo) -> bool:
    """Whether the command line takes a field without naming it."""
    extra = field.json_schema_extra
    return field.is_required() or (isinstance(extra, dict) and extra.get("argument") is True)


def fields(kind: type[Options]) -> dict[str, FieldInfo]:
    """The options by name, those that must be given first."""
    return dict(sorted(kind.model_fields.items(), key=lambda pair: not pair[1].is_required()))


def signature(kind: type[Options]) -> inspect.Signature:
    """The Python signature that the options stand for: arguments first, then keyword-only options."""
    parameters = []
    for name, field in fields(kind).items():
        required = field.is_required()
        style = inspect.Parameter.POSITIONAL_OR_KEYWORD if required else inspect.Parameter.KEYWORD_ONLY
        default = inspect.Parameter.empty if required else field.default
        parameters.append(inspect.Parameter(name, style, default=default, annotation=field.annotation))
    return inspect.Signature(parameters)


def function(kind: type[O], run: Callable[[O], Any], name: str, summary: str) -> Callable[..., Any]:
    """A Python function with the options as its parameters, for the public API."""
    bound = signature(kind)

    def call(*args: Any, **kwargs: Any) -> Any:
        return run(parse(kind, bound.bind(*args, **kwargs).arguments))

    call.__name__ = call.__qualname__ = name
    call.__signature__ = bound  # type: ignore[attr-defined]
    lines = [summary, "", "Options:"]
    lines += [f"    {field}: {info.description}" for field, info in kind.model_fields.items()]
    call.__doc__ = "\n".join(lines)
    return call
