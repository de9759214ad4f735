"""Settings of a net: written on a line, given as a mapping, checked against what the net takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearsight.core.errors import InputError
from clearsight.core.options import parse as parse_options
from clearsight.core.registry import find, names
from clearsight.engine.config import TrainOptions
from clearsight.nets import classic
from clearsight.nets.recurrent import RowReader
from clearsight.nets.residual import resnet56
from clearsight.nets.settings import as_text, checked, choices, parse

SCALARS = st.one_of(
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.from_regex(r"[a-z][a-z0-9_. -]{0,12}[a-z0-9]", fullmatch=True),
)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True),
        st.one_of(SCALARS, st.lists(st.integers(1, 999), max_size=4)),
        max_size=5,
    )
)
def test_what_is_written_is_read_again(settings: dict[str, Any]) -> None:
    assert parse(as_text(settings)) == settings


def test_a_line_as_people_write_it() -> None:
    assert parse("kernel=5, activation=gelu ,hidden=[256, 128],deep=true,rate=0.1,") == {
        "kernel": 5,
        "activation": "gelu",
        "hidden": [256, 128],
        "deep": True,
        "rate": 0.1,
    }
    assert parse("") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kernel", "'kernel' is no setting; write it as in kernel=5"),
        ("kernel=", "'kernel=' is no setting"),
        ("=5", "'=5' is no setting"),
        ("kernel=3,kernel=5", "kernel is said twice"),
        ("hidden=[256, 128", "cannot be read|is no setting"),
    ],
)
def test_lines_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(text)


def test_an_option_takes_a_mapping_as_well() -> None:
    options = parse_options(TrainOptions, {"data": "x", "net_options": {"kernel": 5, "hidden": (64, 32)}})
    assert options.net_options == "kernel=5,hidden=[64, 32]"
    assert parse_options(TrainOptions, {"data": "x", "net_options": "kernel=5"}).net_options == "kernel=5"
    assert parse_options(TrainOptions, {"data": "x"}).net_options is None


@pytest.mark.parametrize(
    ("make", "config", "message"),
    [
        (classic.twoconv, {"kernel": 4}, "the net n: kernel is 4, and may be 3, 5 or 7"),
        (classic.twoconv, {"kernel": "5"}, "kernel is '5', and may be 3, 5 or 7"),
        (classic.lenet, {"activation": "swish"}, "may be relu, tanh, sigmoid, gelu or silu"),
        (classic.lenet, {"hidden": 3}, r"no setting 'hidden'; it has kernel \(3, 5 or 7\); activation"),
        (classic.feedforward, {"hidden": [64, 0]}, "may be whole numbers from 1"),
        (classic.feedforward, {"hidden": 64}, "may be whole numbers from 1"),
        (RowReader, {"layers": 1.5}, "layers is 1.5, and may be a whole number from 1"),
        (RowReader, {"layers": True}, "layers is True"),
        (RowReader, {"bidirectional": 1}, "may be true or false"),
        (resnet56, {"depth": 20}, r"no setting 'depth'; it has blocks \(a whole number from 1\)"),
    ],
)
def test_unknown_settings_and_values_name_what_there_is(make: Any, config: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        checked(make, "n", config)


def test_choices_have_the_defaults_of_the_net_itself() -> None:
    assert choices(classic.twoconv)["hidden"] == (128, "a whole number from 1")
    assert choices(classic.conv32_64)["hidden"][0] == 64
    assert choices(resnet56)["blocks"][0] == 9


@pytest.mark.parametrize("name", [name for name in names("nets") if hasattr(find("nets", name), "choices")])
def test_every_default_is_one_of_the_choices(name: str) -> None:
    family = find("nets", name)
    said = {setting: default for setting, (default, _) in family.choices().items()}
    assert said
    task = find("tasks", name.partition(".")[0])(labels=("a", "b"), size=32)
    family.build(task, said)
    assert family.build(task, {}).config == {}
