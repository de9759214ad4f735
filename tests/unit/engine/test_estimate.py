"""The seconds that a step takes, by a clock of the test's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from clearsight.engine import estimate
from tests.contract.harness import make_plan, store_batches
from tests.contract.nets import make_net, make_task, samples_for


@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_step_is_its_batches_and_the_optimiser_s_own_work(monkeypatch: pytest.MonkeyPatch, accumulate: int) -> None:
    task = make_task("classify")
    learner = make_net("classify.lenet", task).learner({})
    before = {name: value.clone() for name, value in learner.state_dict().items()}
    plan = make_plan(100, batch=8, optimiser="muon", accumulate=accumulate)
    now = 0.0

    def taking(seconds: float, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            nonlocal now
            now += seconds
            return work(*given, **named)

        return timed

    made = estimate.make_optimisers

    def slow(*given: Any) -> dict[str, torch.optim.Optimizer]:
        optimisers = made(*given)
        for optimiser in optimisers.values():
            monkeypatch.setattr(optimiser, "step", taking(0.5, optimiser.step))
        return optimisers

    monkeypatch.setattr(estimate, "make_optimisers", slow)
    monkeypatch.setattr(estimate.time, "monotonic", lambda: now)
    monkeypatch.setattr(torch.autograd, "backward", taking(2.0, torch.autograd.backward))
    source = store_batches(task, samples_for("classify", 60), 8).start(0)
    assert estimate.seconds_per_step(learner, source, plan) == accumulate * 2.0 + 0.5
    assert all(torch.equal(value, before[name]) for name, value in learner.state_dict().items())
    assert all(p.grad is None for p in learner.parameters())
