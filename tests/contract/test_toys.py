"""Phases, memory banks, streams and a second task with boxes: the contract carries them before they exist."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from clearsight.core.sample import Sample
from clearsight.data.batches import Feed, StreamBatches
from tests.contract.harness import CPU, make_plan, score, store_batches, train
from tests.contract.toys import CornerLearner, CornerNet, Critic, FindBox, MemoryBank, bright_boxes

TASK = FindBox(labels=("bright",), size=16)


def corner_net() -> CornerNet:
    torch.manual_seed(0)
    return CornerNet.build(TASK, {})


def test_a_task_with_boxes_learns_and_is_judged_in_photo_pixels(tmp_path: Path) -> None:
    samples = bright_boxes(8)
    net = corner_net()
    before = score(TASK, net, samples)
    train(CornerLearner(net), make_plan(150, lr=3e-3), store_batches(TASK, samples, 8), tmp_path)
    assert before < 0.3 < 0.8 < score(TASK, net, samples)


def test_two_phases_step_in_turn_each_with_its_own_parameters(tmp_path: Path) -> None:
    samples = bright_boxes(8)
    learner = Critic(corner_net())
    critic, body = learner.critic.weight.clone(), learner.net.body[1].weight.clone()  # type: ignore[index]
    training = train(learner, make_plan(150, lr=3e-3), store_batches(TASK, samples, 8), tmp_path)
    assert not torch.equal(critic, learner.critic.weight)
    assert not torch.equal(body, learner.net.body[1].weight)  # type: ignore[index]
    assert set(training.optimisers) == {"critic", "net"}
    assert score(TASK, learner.net, samples) > 0.7


def test_a_phase_moves_nothing_of_the_other(tmp_path: Path) -> None:
    learner = Critic(corner_net())
    learner.phases = ("critic",)  # type: ignore[misc]
    body = learner.net.body[1].weight.clone()  # type: ignore[index]
    train(learner, make_plan(5), store_batches(TASK, bright_boxes(8), 8), tmp_path)
    assert torch.equal(body, learner.net.body[1].weight)  # type: ignore[index]


def test_a_learner_without_phases_collects_once(tmp_path: Path) -> None:
    samples = bright_boxes(8)
    learner = MemoryBank(corner_net())
    train(learner, make_plan(1), store_batches(TASK, samples, 4), tmp_path)
    assert learner.count == 8
    stages = TASK.pipeline(train=False)
    boxes = [stages.sample(s, s.image.load()).target["box"] for s in samples]
    assert torch.allclose(learner.mean, torch.stack(boxes).mean(0))


class Endless:
    """Reads a stream that tells no length."""

    def __call__(self, number: int) -> Iterator[Sample]:
        yield from bright_boxes(10)


def test_a_stream_without_length_trains_and_resumes(tmp_path: Path) -> None:
    def batches() -> StreamBatches:
        stages = TASK.pipeline(train=True)
        return StreamBatches(Endless(), stages, Feed(batch_size=4, seed=0, device=CPU, workers=0, buffer=5))

    plan = make_plan(12, batch=4, eval_steps=6)
    whole = CornerLearner(corner_net())
    train(whole, plan, batches(), tmp_path / "whole")
    halved = CornerLearner(corner_net())
    half = make_plan(12, batch=4, eval_steps=6)
    with pytest.raises(KeyboardInterrupt):
        train(halved, half, batches(), tmp_path / "halved", look=_stop_at_first_look())
    again = CornerLearner(corner_net())
    training = train(again, half, batches(), tmp_path / "halved", resume=True)
    assert training.state.step == 12
    for ours, theirs in zip(again.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def _stop_at_first_look():  # type: ignore[no-untyped-def]
    looks = []

    def look(net):  # type: ignore[no-untyped-def]
        looks.append(1)
        if len(looks) == 2:
            raise KeyboardInterrupt
        return None, {}

    return look


def test_unannotated_samples_give_no_loss_but_a_gradient() -> None:
    learner = CornerLearner(corner_net())
    batch = next(store_batches(TASK, bright_boxes(4, annotated=False), 4).start(0))
    losses = learner.training_step(batch, "main")
    total = torch.stack(list(losses.values())).sum()
    total.backward()
    assert total == 0
    assert all(p.grad is not None and not p.grad.any() for p in learner.net.parameters())


def test_predictions_of_a_batch_equal_those_of_singles() -> None:
    from clearsight.engine.predictor import Predictor

    predictor = Predictor(TASK, corner_net(), batch_size=8)
    photos = [s.image.load() for s in bright_boxes(8)]
    together = list(predictor(photos))
    alone = [next(iter(predictor([photo]))) for photo in photos]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.box, b.box, rtol=1e-4, atol=1e-3)


def test_order_is_a_function_of_seed_and_step_alone() -> None:
    batches = store_batches(TASK, bright_boxes(10), 4)
    first = [batch.keys for batch in islice(batches.start(0), 7)]
    later = [batch.keys for batch in islice(store_batches(TASK, bright_boxes(10), 4).start(3), 4)]
    assert first[3:] == later
