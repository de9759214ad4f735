"""Learning-rate courses by hand; optimisers built as the plan says."""

from __future__ import annotations

import math

import pytest
import torch

from clearsight.core.learner import ParamGroup
from clearsight.engine.optimisers import Swapped, make_optimiser
from clearsight.engine.schedules import lr_factor, set_rates
from tests.contract.harness import make_plan


def test_cosine_with_warm_up() -> None:
    plan = make_plan(100, schedule="cosine", warmup=0.1)
    assert [lr_factor(step, plan) for step in (0, 9)] == pytest.approx([1 / 11, 10 / 11])
    assert lr_factor(10, plan) == 1.0
    assert lr_factor(55, plan) == pytest.approx(0.5)
    assert lr_factor(99, plan) == pytest.approx(0.5 * (1 + math.cos(math.pi * 89 / 90)))


def test_steps_fall_at_equal_distances() -> None:
    plan = make_plan(100, schedule="step", drop_every=0.3, drop_factor=0.1)
    assert [lr_factor(step, plan) for step in (0, 29, 30, 59, 60, 90)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.001])


def test_constant_is_constant() -> None:
    plan = make_plan(10, schedule="constant")
    assert {lr_factor(step, plan) for step in range(10)} == {1.0}


@pytest.mark.parametrize(
    ("name", "kind"), [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)]
)
def test_groups_keep_their_decay_and_scale(name: str, kind: type) -> None:
    a, b = torch.nn.Parameter(torch.zeros(2, 2)), torch.nn.Parameter(torch.zeros(2))
    plan = make_plan(10, optimiser=name, weight_decay=0.1, lr=0.5)
    optimiser = make_optimiser([ParamGroup([a], 0.1), ParamGroup([b], decay=False)], plan)
    assert isinstance(optimiser, kind)
    assert [g["weight_decay"] for g in optimiser.param_groups] == [0.1, 0.0]
    set_rates(optimiser, 0.5)
    assert [g["lr"] for g in optimiser.param_groups] == pytest.approx([0.05, 0.5])
    if name == "sgd":
        assert all(g["nesterov"] and g["momentum"] == 0.9 for g in optimiser.param_groups)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("name", ["gd", "sgd", "adagrad", "rmsprop", "adam", "adamw"])
def test_every_optimiser_is_torchs(name: str, momentum: float) -> None:
    """Three steps along the same gradients, with an equal rate, decay and momentum."""
    draw = torch.Generator().manual_seed(0)
    start = torch.randn(3, 4, generator=draw)
    one, two = (torch.nn.Parameter(start.clone()) for _ in range(2))
    plan = make_plan(3, optimiser=name, lr=0.05, weight_decay=0.1, momentum=momentum)
    ours = make_optimiser([ParamGroup([one])], plan)
    common = {"lr": 0.05, "weight_decay": 0.1}
    theirs: torch.optim.Optimizer = {
        "gd": lambda: torch.optim.SGD([two], momentum=momentum, nesterov=momentum > 0, **common),
        "sgd": lambda: torch.optim.SGD([two], momentum=momentum, nesterov=momentum > 0, **common),
        "adagrad": lambda: torch.optim.Adagrad([two], **common),
        "rmsprop": lambda: torch.optim.RMSprop([two], momentum=momentum, **common),
        "adam": lambda: torch.optim.Adam([two], **common),
        "adamw": lambda: torch.optim.AdamW([two], **common),
    }[name]()
    for _ in range(3):
        one.grad = torch.randn(3, 4, generator=draw)
        two.grad = one.grad.clone()
        set_rates(ours, 0.05)
        ours.step()
        theirs.step()
    torch.testing.assert_close(one, two)


def test_a_group_made_for_muon_is_as_any_to_another_optimiser() -> None:
    weight, bias = torch.nn.Parameter(torch.zeros(2, 2)), torch.nn.Parameter(torch.zeros(2))
    group = ParamGroup([weight, bias], 2.8, 0.3, rule="sgd", settings={"momentum": 0.85})
    plan = make_plan(10, optimiser="sgd", weight_decay=0.1, momentum=0.5)
    groups = make_optimiser([group], plan).param_groups
    assert [(g["lr_scale"], g["weight_decay"], g["momentum"]) for g in groups] == [(1.0, 0.1, 0.5), (1.0, 0.0, 0.5)]
    assert not any(g["own_momentum"] for g in groups)


def test_swapped_gives_the_net_back() -> None:
    from clearsight.engine.optimisers import Average

    net = torch.nn.Linear(2, 2)
    average = Average(net, 0.9)
    own = net.weight.clone()
    average.state["weight"].fill_(7.0)
    with Swapped(net, average):
        assert (net.weight == 7).all()
    assert torch.equal(net.weight, own)
