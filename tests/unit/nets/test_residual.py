"""The residual nets are those of the paper: sizes, shortcuts, recipe."""

from __future__ import annotations

import pytest
import torch

from clearsight.core.task import Situation
from clearsight.engine.config import TrainOptions
from clearsight.engine.plan import resolve
from clearsight.engine.schedules import lr_factor
from clearsight.nets.residual import Block, resnet20, resnet56
from clearsight.tasks.classify.task import Classify
from clearsight.tasks.picture.residual import ResNet20


def by_hand(n: int) -> int:
    """Weights of 2n convolutions a stage with 16, 32 and 64 channels, two numbers a channel for each norm, 64 · 10 + 10."""
    convolutions = 3 * 9 * 16 + 2 * n * 9 * 16 * 16
    convolutions += 9 * 16 * 32 + (2 * n - 1) * 9 * 32 * 32
    convolutions += 9 * 32 * 64 + (2 * n - 1) * 9 * 64 * 64
    norms = 2 * 16 + 2 * n * 2 * (16 + 32 + 64)
    return convolutions + norms + 650


def test_parameters_are_those_of_the_paper() -> None:
    for make, n, told in ((resnet20, 3, 269_722), (resnet56, 9, 853_018)):
        assert sum(p.numel() for p in make(3, 32, 10).parameters()) == by_hand(n) == told


def test_layers_that_learn_nothing_leave_the_shortcut() -> None:
    block = Block(2, 4, 2).eval()
    torch.nn.init.zeros_(block.conv2.weight)
    images = torch.arange(-16.0, 16.0).reshape(1, 2, 4, 4)
    found = block(images)
    assert found.shape == (1, 4, 2, 2)
    # every second pixel of every second row; channels that are new are zero
    assert found[0, 1].tolist() == [[0, 2], [8, 10]]
    assert not found[0, 0].any() and not found[0, 2:].any()


def test_any_side_will_do() -> None:
    net = resnet20(1, 28, 7, width=4).eval()
    for side in (16, 28, 33):
        assert net(torch.rand(2, 1, side, side)).shape == (2, 7)


def test_the_papers_recipe_is_what_training_gets() -> None:
    task = Classify(labels=tuple("0123456789"), size=32)
    settings = ResNet20.settings(task, Situation(50_000, "cpu", None))
    plan = resolve(TrainOptions(data="x"), {}, settings, {"total_steps": 64_000, "steps_per_epoch": 390.625})
    assert (plan.optimiser, plan.momentum, plan.nesterov, plan.weight_decay) == ("sgd", 0.9, False, 1e-4)
    assert (plan.batch_size, plan.flip, plan.shift * task.size) == (128, 0.5, 4)
    assert plan.epochs * 50_000 / 128 == pytest.approx(64_000, rel=2e-3)
    for step, rate in ((0, 0.1), (31_999, 0.1), (32_000, 0.01), (47_999, 0.01), (48_000, 0.001), (63_999, 0.001)):
        assert plan.lr * lr_factor(step, plan) == pytest.approx(rate)
    assert all("He et al. 2016" in why for _, why in settings.values())
    grey = ResNet20.settings(Classify(labels=("a", "b"), size=28, channels=1), Situation(9, "cpu", None))
    assert grey["flip"][0] == 0.0
