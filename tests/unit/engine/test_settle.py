"""What optimiser and schedule ask of other settings, and what contradicts itself."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from clearsight.core.errors import InputError
from clearsight.core.options import parse
from clearsight.engine.config import TrainOptions
from clearsight.engine.plan import Plan, resolve
from clearsight.engine.settle import full_batch, settle

SUGGESTED = {
    "optimiser": ("adamw", "a net"),
    "lr": (2e-3, "a net"),
    "weight_decay": (0.03, "a net"),
    "warmup": (0.05, ""),
}


MIXTURES = ("mosaic", "mixup", "cutmix")


def settled(
    suggested: dict[str, Any] | None = None,
    closing: Collection[str] = MIXTURES,
    count: int = 100,
    world: int = 1,
    **said: object,
) -> Plan:
    suggested = SUGGESTED if suggested is None else suggested
    plan = resolve(parse(TrainOptions, {"data": "x", **said}), {}, suggested, {})
    return settle(plan, suggested, closing, count, world)


def test_what_was_suggested_stays_with_its_optimiser() -> None:
    plan = settled()
    assert (plan.optimiser, plan.lr, plan.weight_decay) == ("adamw", 2e-3, 0.03)
    assert settled(optimiser="adamw").lr == 2e-3
    theirs = {"optimiser": ("muon", "a net"), "lr": (0.24, "a net"), "momentum": (0.6, "a net")}
    assert (settled(theirs).lr, settled(theirs).momentum) == (0.24, 0.6)


def test_another_optimiser_brings_what_is_usual_with_it_but_the_user_wins() -> None:
    plan = settled(optimiser="sgd")
    assert (plan.lr, plan.momentum, plan.weight_decay) == (0.05, 0.9, 5e-4)
    assert plan.why["lr"] == "usual with sgd"
    plan = settled(optimiser="sgd", lr=0.7, weight_decay=0.0)
    assert (plan.lr, plan.momentum, plan.weight_decay) == (0.7, 0.9, 0.0)
    assert settled(optimiser="muon").momentum == 0.95
    assert settled(optimiser="rmsprop", momentum=0.5).momentum == 0.5


def test_one_cycle_rises_for_three_tenths() -> None:
    assert settled(schedule="onecycle").warmup == 0.3
    assert settled(schedule="onecycle", warmup=0.1).warmup == 0.1
    assert settled({**SUGGESTED, "schedule": ("onecycle", "a net")}).warmup == 0.05
    assert settled(schedule="cosine").warmup == 0.05


@pytest.mark.parametrize("mixture", MIXTURES)
def test_closing_is_for_trainings_that_mix(mixture: str) -> None:
    suggested = {**SUGGESTED, "close": (0.15, "a task")}
    assert settled(suggested, **{mixture: 0.5}).close == 0.15
    assert settled(suggested).close == 0.0 and settled(suggested).why["close"] == ""
    assert settled(close=0.3, **{mixture: 0.5}).close == 0.3


@pytest.mark.parametrize(("said", "acts"), [({"scale": 0.2}, True), ({"crop": 0.5}, True), ({"crop": 1.0}, False)])
def test_closing_is_for_whatever_the_task_can_end(said: dict[str, float], acts: bool) -> None:
    suggested = {**SUGGESTED, "close": (0.15, "a task")}
    assert settled(suggested, closing=("mosaic", "scale", "crop"), **said).close == (0.15 if acts else 0.0)


@pytest.mark.parametrize(("count", "world", "batches"), [(100, 1, 4), (96, 1, 3), (5, 1, 1), (100, 2, 2), (130, 2, 3)])
def test_gd_takes_as_many_batches_as_the_set_has(count: int, world: int, batches: int) -> None:
    plan = settled(count=count, world=world, optimiser="gd", batch_size=32)
    assert (plan.accumulate, plan.momentum) == (batches, 0.0)


def test_every_rank_has_a_picture_of_every_batch() -> None:
    import torch

    from clearsight.data.feed import Feed

    cpu = torch.device("cpu")
    for count in range(2, 40):
        for world in range(1, min(5, count + 1)):
            for batch in (1, 2, 7):
                size = full_batch(batch, count, world)
                ranks = [
                    Feed(batch_size=size, seed=0, device=cpu, rank=rank, world=world, whole=True)
                    for rank in range(world)
                ]
                order = ranks[0].order(count)
                assert order.per_epoch is not None
                parts = [feed.part(order.batch(number)) for number in range(order.per_epoch) for feed in ranks]
                assert min(map(len, parts)) > 0, (count, world, batch)
                assert sorted(torch.cat(parts).tolist()) == list(range(count))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"find_lr": True, "lr": 0.1}, "--find-lr contradict"),
        ({"epochs": 3.0, "steps": 20}, "--epochs 3 and --steps 20"),
        ({"drop_at": "0.5"}, "--drop-at is for --schedule step"),
        ({"drop_factor": 0.5, "schedule": "cosine"}, "--drop-factor is for --schedule step"),
        (
            {"drop_every": 0.2, "drop_at": "0.5", "schedule": "step"},
            "--drop-every is for --schedule step without --drop-at; leave",
        ),
        ({"nesterov": True, "optimiser": "adam"}, "--nesterov is for sgd, or gd, with a momentum"),
        ({"nesterov": True, "optimiser": "gd"}, "--nesterov is for sgd, or gd, with a momentum"),
        ({"close": 0.1}, "--close is for trainings with --cutmix, --mixup, --mosaic; leave it out"),
        ({"momentum": 0.9, "optimiser": "adagrad", "schedule": "onecycle"}, "--momentum is for"),
        ({"momentum": 0.9, "optimiser": "adamw"}, "--momentum is for"),
        ({"focal_gamma": 3.0, "loss": "bce"}, "--focal-gamma is for --loss focal, and this training's is bce"),
        ({"optimiser": "gd", "accumulate": 2}, "--accumulate 2"),
        ({"optimiser": "gd", "sampling": "balanced"}, "--sampling balanced"),
    ],
)
def test_contradictions_are_one_sentence(said: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        settled(**said)
    assert "\n" not in str(caught.value)


def test_drops_that_a_net_suggests_yield_to_another_schedule() -> None:
    suggested = {**SUGGESTED, "schedule": ("step", "a net"), "drop_at": ("0.5,0.75", "a net")}
    plan = settled(suggested, schedule="cosine")
    assert (plan.schedule, plan.drop_at) == ("cosine", None)
    assert settled(suggested).drop_at == "0.5,0.75"
    assert settled(suggested, drop_every=0.2).drop_at is None


def test_a_plan_does_not_say_what_would_do_nothing() -> None:
    theirs = {"optimiser": ("sgd", "a net"), "momentum": (0.6, "a net"), "nesterov": (False, "a net")}
    plan = settled(theirs)
    assert (plan.momentum, plan.nesterov, plan.why["momentum"]) == (0.6, False, "a net")
    plan = settled(theirs, optimiser="adagrad")
    assert not plan.why["momentum"] and not plan.why["nesterov"]
    assert settled(optimiser="adam", schedule="onecycle", momentum=0.8).momentum == 0.8
    assert settled(optimiser="sgd", nesterov=True).nesterov
    assert settled(optimiser="gd", nesterov=True, momentum=0.5).nesterov
    assert settled(optimiser="adam", nesterov=False).optimiser == "adam"
    assert settled(loss="focal", focal_gamma=3.0).focal_gamma == 3.0
    assert settled(schedule="step", drop_every=0.2, drop_factor=0.5).drop_factor == 0.5


def test_sixteen_bits_on_a_cpu_are_bfloat16_and_the_plan_says_so() -> None:
    options = parse(TrainOptions, {"data": "x", "precision": "16"})
    on_cpu, on_cuda = (
        settle(resolve(options, {"device": (device, "")}, {}, {}), {}, (), 100, 1) for device in ("cpu", "cuda")
    )
    assert on_cpu.precision == on_cuda.precision == "16"
    assert "bfloat16" in on_cpu.why["precision"] and "bfloat16" not in on_cuda.why["precision"]


def test_what_makes_up_for_crops_goes_with_them() -> None:
    suggested = {"train_size": (224, "crops magnify"), "crop": (0.5, "photographs")}
    assert settled(suggested).train_size == 224
    assert settled(suggested, crop=1.0).train_size is None
    assert settled(suggested, crop=1.0, train_size=192).train_size == 192
