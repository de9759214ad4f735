"""Results as tables of a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from clearsight.core.metric import Figure, Result
from clearsight.verbs.tables import result_tables


def shown(result: Result) -> str:
    file = io.StringIO()
    console = Console(file=file, width=100)
    for table in result_tables(result):
        console.print(table)
    return file.getvalue()


def test_confusions_with_a_background_and_kinds_of_error() -> None:
    result = Result(
        "map",
        True,
        {"map": 0.5},
        labels=("ant", "bee"),
        confusion=[[5, 1, 2], [0, 4, 0], [7, 0, 0]],
        background="nothing",
        breakdown={"missed": {"count": 3, "cost": 0.01}, "loose": {"count": 1200, "cost": 0.025}},
        figures={"cost": Figure("AP50 lost"), "missed": Figure("Missed objects")},
    )
    lines = [line.split() for line in shown(result).splitlines()]
    assert ["nothing", "7", "·", "0"] in lines
    assert ["ant", "5", "1", "2"] in lines
    kinds = [line for line in lines if line[-1] in ("0.0250", "0.0100")]
    assert kinds == [["Loose", "1,200", "0.0250"], ["Missed", "objects", "3", "0.0100"]]


def test_a_matrix_that_is_too_wide_is_left_out() -> None:
    labels = tuple(f"c{n}" for n in range(15))
    narrow = Result("map", True, {"map": 0.5}, labels=labels, confusion=[[0] * 15] * 15)
    assert "taken for" in shown(narrow)
    wide = Result("map", True, {"map": 0.5}, labels=labels, confusion=[[0] * 16] * 16, background="nothing")
    assert "taken for" not in shown(wide)


def test_a_matrix_says_what_it_counts_where_that_is_not_pictures() -> None:
    found = Result("miou", True, {"miou": 0.5}, labels=("a", "b"), confusion=[[930, 70], [1, 999]])
    assert "true, taken for →  " in shown(found)
    told = replace(found, confused_in="pixels in a thousand")
    assert "true, taken for → (pixels in a thousand)" in shown(told)
