"""Pretrained blocks thaw from the head down, as a function of the step alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from clearsight.core.errors import Stopped
from clearsight.engine.freeze import Freeze
from clearsight.engine.plan import Plan
from tests.contract.harness import make_plan, store_batches, train
from tests.contract.nets import make_net, make_task, samples_for

TASK = make_task("classify")


def plan_for(steps: int, freeze: int, every: int, **said: Any) -> Plan:
    plan = make_plan(steps, batch=4, **said)
    return Plan(plan.settings, plan.why, {**plan.facts, "freeze_steps": freeze, "unfreeze_steps": every})


def test_timms_blocks_are_the_backbone_stem_first() -> None:
    net = make_net("classify.timm", TASK)
    blocks = net.backbone_blocks()
    named = {id(p): name for name, p in net.named_parameters()}
    assert sorted(id(p) for block in blocks for p in block) == sorted(map(id, net.backbone_parameters()))
    assert len(blocks) == 5 and named[id(blocks[0][0])].startswith("model.conv1")
    assert all(named[id(p)].startswith("model.layer4") for p in blocks[-1])


def test_layer_decay_makes_every_block_slower_than_the_one_above() -> None:
    net = make_net("classify.timm", TASK)
    groups = net.learner({"backbone_lr": 0.5, "layer_decay": 0.8}).parameter_groups("main")
    scale = {id(p): group.lr_scale for group in groups for p in group.params}
    assert scale.keys() == {id(p) for p in net.parameters()}
    for depth, block in enumerate(reversed(net.backbone_blocks()), 1):
        assert {round(scale[id(p)], 9) for p in block} == {round(0.5 * 0.8**depth, 9)}
    head = scale.keys() - {id(p) for p in net.backbone_parameters()}
    assert {scale[p] for p in head} == {1.0}
    assert {p for g in groups if g.decay for p in g.params} == {p for p in net.parameters() if p.ndim > 1}


def test_the_blocks_next_to_the_input_may_stay_still_for_good() -> None:
    learner = make_net("classify.timm", TASK).learner({})
    assert [Freeze(learner, plan_for(9, 2, 0, still=0.4)).blocks_still(step) for step in range(4)] == [5, 5, 2, 2]
    freeze = Freeze(learner, plan_for(9, 0, 1, still=0.4))
    assert [freeze.blocks_still(step) for step in range(5)] == [4, 3, 2, 2, 2]
    assert freeze.frozen(8) == {id(p) for block in learner.net.backbone_blocks()[:2] for p in block}
    assert Freeze(learner, plan_for(9, 0, 0)).blocks_still(0) == 0


def test_one_block_thaws_after_the_other() -> None:
    freeze = Freeze(make_net("classify.timm", TASK).learner({}), plan_for(20, 4, 3))
    assert [freeze.blocks_still(step) for step in range(20)] == [5] * 4 + [4] * 3 + [3] * 3 + [2] * 3 + [1] * 3 + [
        0
    ] * 4
    assert [step for step in range(20) if freeze.changes(step)] == [4, 7, 10, 13, 16]
    assert freeze.frozen(13) == {id(p) for p in freeze.blocks[0]}
    together = Freeze(freeze.learner, plan_for(20, 4, 0))
    assert [step for step in range(20) if together.changes(step)] == [4]
    at_once = Freeze(freeze.learner, plan_for(20, 0, 2))
    assert at_once.blocks_still(0) == 4 and not at_once.changes(0)


def test_frozen_blocks_and_their_statistics_stay_and_then_move(tmp_path: Path) -> None:
    net = make_net("classify.timm", TASK)
    blocks, moved = net.backbone_blocks(), list[int]()
    start = [[p.detach().clone() for p in block] for block in blocks]
    mean = dict(net.named_buffers())["model.layer1.0.bn1.running_mean"]
    begun, moves = mean.clone(), list[bool]()

    def look(of: Any) -> tuple[None, dict[str, float]]:
        still = [all(map(torch.equal, a, b)) for a, b in zip(start, blocks, strict=True)]
        moved.append(still.count(False))
        moves.append(not torch.equal(mean, begun))
        return None, {}

    plan = plan_for(6, 1, 1, eval_steps=1, optimiser="sgd")
    train(net.learner({}), plan, store_batches(TASK, samples_for("classify", 8), 4), tmp_path, look=look)
    assert moved == [0, 1, 2, 3, 4, 5]
    assert moves == [False, False, False, False, True, True]  # layer1 is the second block


@pytest.mark.parametrize("stop_at", [2, 3, 5])
def test_stopped_between_two_thaws_it_ends_the_same(tmp_path: Path, stop_at: int) -> None:
    plan = plan_for(7, 2, 1, optimiser="adamw")

    def run(place: str, **more: Any) -> dict[str, torch.Tensor]:
        learner = make_net("classify.timm", TASK).learner({"layer_decay": 0.7})
        steps = iter(range(100))
        stop = (lambda: next(steps) == stop_at - 1) if more.pop("stopped", False) else (lambda: False)
        batches = store_batches(TASK, samples_for("classify", 10), 4)
        train(learner, plan, batches, tmp_path / place, stop=stop, **more)
        return learner.state_dict()

    whole = run("whole")
    with pytest.raises(Stopped, match=f"step {stop_at} of 7"):
        run("cut", stopped=True)
    again = run("cut", resume=True)
    assert all(torch.equal(whole[name], again[name]) for name in whole)
