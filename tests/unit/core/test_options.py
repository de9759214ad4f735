from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, ValidationError, field_validator

from clearsight.core.errors import InputError
from clearsight.core.options import Options, function, parse, signature


class Paint(Options):
    target: str = Field(description="What to paint")
    colour: str | None = Field(None, description="Its colour")
    coats_of_paint: int = Field(2, description="How many coats", ge=1)
    where: Path | None = None

    @field_validator("colour")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value == "plaid":
            raise ValueError("Plaid is no colour")
        return value


def test_values_become_options() -> None:
    options = parse(Paint, {"target": "wall", "coats_of_paint": "3"})
    assert options == Paint(target="wall", coats_of_paint=3)
    with pytest.raises(ValidationError):
        options.colour = "red"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "target must be given"),
        (
            {"target": "wall", "shade": 1},
            "there is no option --shade; there is target, colour, coats_of_paint, where",
        ),
        ({"target": "wall", "colour": "plaid"}, "--colour 'plaid': plaid is no colour"),
        (
            {"target": "wall", "coats_of_paint": 0},
            "--coats-of-paint 0: input should be greater than or equal to 1",
        ),
    ],
)
def test_what_is_wrong_is_said_in_the_option_s_words(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(Paint, values)
    assert str(caught.value) == sentence


def test_the_signature_has_arguments_first_then_keywords() -> None:
    parameters = signature(Paint).parameters
    assert list(parameters) == ["target", "colour", "coats_of_paint", "where"]
    kinds = [parameter.kind for parameter in parameters.values()]
    assert kinds == [inspect.Parameter.POSITIONAL_OR_KEYWORD] + [inspect.Parameter.KEYWORD_ONLY] * 3
    assert parameters["coats_of_paint"].default == 2


def test_a_function_takes_the_options_as_its_parameters() -> None:
    paint = function(Paint, lambda options: options, "paint", "Paint something.")
    assert paint("wall", colour="red") == Paint(target="wall", colour="red")
    assert paint.__name__ == "paint"
    assert inspect.signature(paint) == signature(Paint)
    assert paint.__doc__ is not None
    assert paint.__doc__.startswith("Paint something.") and "coats_of_paint: How many coats" in paint.__doc__
    with pytest.raises(InputError, match="no colour"):
        paint("wall", colour="plaid")
    with pytest.raises(TypeError, match="shade"):
        paint("wall", shade=1)
