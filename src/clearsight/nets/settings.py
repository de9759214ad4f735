"""Settings of a net: the keyword-only parameters of the function that makes it, checked against their annotations."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin, get_type_hints

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from clearsight.core.errors import InputError

Activation = Literal["relu", "tanh", "sigmoid", "gelu", "silu"]
Kernel = Literal[3, 5, 7]
Pooling = Literal["max", "average"]
Switch = Annotated[bool, "true or false"]
Whole = Annotated[int, Field(ge=1, le=65536), "a whole number from 1"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), "a number above 0"]
Wholes = Annotated[Sequence[Whole], "whole numbers from 1, as in [256, 128]"]


class Configured:
    """Of a net: its settings are the keyword-only parameters of what makes it, which is the class itself, or `makes`."""

    name: ClassVar[str]
    makes: ClassVar[type[Any] | None] = None

    @classmethod
    def choices(cls) -> dict[str, tuple[Any, str]]:
        """Its settings: name -> (default, what it may be, in words)."""
        return choices(cls.makes or cls)

    @classmethod
    def build(cls, task: Any, config: Mapping[str, Any]) -> Self:
        """The net for a task. Raises `InputError` on a setting that there is not, or that has another value than it may."""
        said = checked(cls.makes or cls, cls.name, config)
        net: Any = cls
        made: Self = net(task, config, **said) if cls.makes is None else net(cls.makes(task, **said), task, config)
        return made


def choices(make: Callable[..., Any]) -> dict[str, tuple[Any, str]]:
    """What can be said of a net: setting -> (its default, what it may be, in words)."""
    parameters = inspect.signature(make).parameters
    return {name: (parameters[name].default, _words(kind)) for name, kind in _kinds(make).items()}


def checked(make: Callable[..., Any], net: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings given, fit for `make`. Raises `InputError` naming the settings there are, or the values one may have."""
    kinds = _kinds(make)
    found = {}
    for name, value in config.items():
        if name not in kinds:
            there = "; ".join(f"{known} ({_words(kind)})" for known, kind in kinds.items())
            raise InputError(f"the net {net} has no setting {name!r}; it has {there or 'none'}")
        try:
            found[name] = TypeAdapter(kinds[name], config=ConfigDict(strict=True)).validate_python(value)
        except ValidationError:
            raise InputError(f"the net {net}: {name} is {value!r}, and may be {_words(kinds[name])}") from None
    return found


def parse(text: str, option: str = "--net-options") -> dict[str, Any]:
    """Settings from `kernel=5,activation=gelu,hidden=[256, 128]`; each value is YAML. Raises `InputError` that names the
    option."""
    found: dict[str, Any] = {}
    for part in filter(str.strip, re.split(r",(?![^\[]*\])", text)):
        name, sign, value = part.partition("=")
        name = name.strip()
        if not (sign and name and value.strip()):
            raise InputError(f"{option}: {part.strip()!r} is no setting; write it as in kernel=5,activation=gelu")
        if name in found:
            raise InputError(f"{option}: {name} is said twice")
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InputError(f"{option}: the value of {part.strip()!r} cannot be read") from None
    return found


def as_text(settings: Mapping[str, Any]) -> str:
    """The inverse of `parse`."""
    return ",".join(f"{name}={_flow(value)}" for name, value in settings.items())


def _flow(value: Any) -> str:
    value = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(value, default_flow_style=True, width=2**20).strip().removesuffix("...").strip()


def _kinds(make: Callable[..., Any]) -> dict[str, Any]:
    made: Any = getattr(make, "func", make)  # what a `partial` is made from
    hints = get_type_hints(vars(made)["__init__"] if isinstance(made, type) else made, include_extras=True)
    parameters = inspect.signature(make).parameters.values()
    return {p.name: hints[p.name] for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def _words(kind: Any) -> str:
    """What a setting may be: the values of a `Literal`, or the sentence in its `Annotated`."""
    if get_origin(kind) is Literal:
        *most, last = map(str, get_args(kind))
        return f"{', '.join(most)} or {last}" if most else last
    return next((note for note in getattr(kind, "__metadata__", ()) if isinstance(note, str)), str(kind))
