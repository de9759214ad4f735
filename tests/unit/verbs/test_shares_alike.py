"""A run on a share of the pictures takes the settings of the run on all, whichever its optimiser and schedule."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from clearsight.core.options import parse
from clearsight.engine.config import TrainOptions
from clearsight.engine.plan import resolve
from clearsight.engine.settle import settle
from clearsight.verbs.learning_curve import like

THEIRS = {
    "optimiser": ("sgd", "a net"),
    "nesterov": (False, "a net"),
    "momentum": (0.9, "a net"),
    "schedule": ("step", "a net"),
    "drop_at": ("0.5,0.75", "a net"),
}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"optimiser": "gd"},
        {"optimiser": "adagrad"},
        {"optimiser": "adam", "schedule": "onecycle"},
        {"schedule": "cosine"},
        {"drop_every": 0.2},
    ],
)
def test_a_share_is_trained_by_the_settings_of_all(said: dict[str, Any]) -> None:
    whole = settle(
        resolve(parse(TrainOptions, {"data": "x", **said}), {}, THEIRS, {"total_steps": 9}), THEIRS, (), 100, 1
    )
    given = like(SimpleNamespace(plan=whole), 0.5)  # type: ignore[arg-type]
    share = settle(resolve(parse(TrainOptions, {"data": "x", **given}), {}, THEIRS, {}), THEIRS, (), 50, 1)
    for name in ("optimiser", "lr", "momentum", "nesterov", "weight_decay", "schedule", "drop_at", "drop_every"):
        assert share.settings[name] == whole.settings[name], name
    assert share.accumulate == (2 if whole.optimiser == "gd" else 1)
    assert share.steps == 9
