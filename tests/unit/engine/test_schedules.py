"""One cycle as torch's, drops where they were asked for, straight lines."""

from __future__ import annotations

import pytest
import torch

from clearsight.core.errors import InputError
from clearsight.core.options import parse
from clearsight.engine.config import TrainOptions
from clearsight.engine.schedules import lr_factor, momentum_at, set_rates
from tests.contract.harness import make_plan


@pytest.mark.parametrize("warmup", [0.3, 0.1])
@pytest.mark.parametrize("adam", [False, True])
def test_one_cycle_is_torchs(warmup: float, adam: bool) -> None:
    plan = make_plan(50, schedule="onecycle", warmup=warmup, lr=0.4)
    params = [torch.nn.Parameter(torch.zeros(1))]
    theirs: torch.optim.Optimizer = torch.optim.AdamW(params) if adam else torch.optim.SGD(params, momentum=0.9)
    cycle = torch.optim.lr_scheduler.OneCycleLR(theirs, 0.4, total_steps=50, pct_start=warmup)
    ours: torch.optim.Optimizer = torch.optim.AdamW(params) if adam else torch.optim.SGD(params, momentum=0.9)
    ours.param_groups[0]["lr_scale"] = 1.0
    for step in range(50):
        set_rates(ours, plan.lr * lr_factor(step, plan), momentum_at(step, plan))
        mine, other = ours.param_groups[0], theirs.param_groups[0]
        assert mine["lr"] == pytest.approx(other["lr"], rel=1e-6)
        assert (mine["betas"][0] if adam else mine["momentum"]) == pytest.approx(
            other["betas"][0] if adam else other["momentum"]
        )
        theirs.step()
        cycle.step()


def test_a_group_keeps_the_momentum_that_is_its_own() -> None:
    a, b = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    groups = [{"params": [a], "momentum": 0.5, "lr_scale": 0.1, "own_momentum": True}, {"params": [b], "lr_scale": 1.0}]
    optimiser = torch.optim.SGD(groups, lr=1.0, momentum=0.9)
    set_rates(optimiser, 0.2, 0.95)
    assert [g["momentum"] for g in optimiser.param_groups] == [0.5, 0.95]
    assert [g["lr"] for g in optimiser.param_groups] == pytest.approx([0.02, 0.2])


def test_momentum_stays_where_it_is_but_for_one_cycle() -> None:
    assert momentum_at(3, make_plan(10, schedule="cosine")) is None
    assert momentum_at(3, make_plan(10, schedule="onecycle", momentum=0.0)) is None


def test_linear_falls_to_zero_after_the_warm_up() -> None:
    plan = make_plan(100, schedule="linear", warmup=0.2)
    assert [lr_factor(step, plan) for step in (19, 20, 60, 99)] == pytest.approx([20 / 21, 1.0, 0.5, 1 / 80])


def test_drops_fall_where_they_were_asked_for() -> None:
    plan = make_plan(64, schedule="step", drop_at="0.5,0.75", drop_factor=0.1, warmup=0.1)
    assert [lr_factor(step, plan) for step in (31, 32, 47, 48, 63)] == pytest.approx([1, 0.1, 0.1, 0.01, 0.01])


@pytest.mark.parametrize("drop_at", ["", "half", "0.75,0.5", "0.5,0.5", "0,0.5", "0.5,1", "nan", "0.5,"])
def test_drops_that_make_no_sense_are_one_sentence(drop_at: str) -> None:
    with pytest.raises(InputError, match="--drop-at") as caught:
        parse(TrainOptions, {"data": "photos", "drop_at": drop_at})
    assert "\n" not in str(caught.value)
