"""torch.compile: where it cannot work, training goes on and says so; where it can, names and answers stay."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
import torch

from clearsight.engine.compiling import cannot_compile, compilable
from tests.contract.harness import CPU, make_plan, store_batches, train
from tests.contract.nets import make_net, make_task, samples_for

TASK = make_task("classify")


def test_without_a_compiler_training_goes_on_uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found in\ntorch._inductor.config.cpp.cxx")

    monkeypatch.setattr(torch, "compile", broken)
    said: list[str] = []
    plan = compilable(make_plan(3, compile=True), CPU, said.append)
    assert plan.compile is False
    assert len(said) == 1 and "No working C++ compiler found" in said[0] and "\n" not in said[0]
    assert compilable(make_plan(3), CPU, said.append).compile is False and len(said) == 1


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_compiled_it_learns_the_same_and_keeps_its_names(tmp_path: Path) -> None:
    assert cannot_compile(CPU) == ""
    losses, names = [], []
    for compile in (False, True):
        learner = make_net("classify.lenet", TASK).learner({})
        plan = make_plan(6, batch=4, optimiser="sgd", lr=0.05, compile=compile)
        batches = store_batches(TASK, samples_for("classify", 8), 4)
        done = train(learner, plan, batches, tmp_path / str(compile))
        losses.append(done.state.running_loss)
        names.append(list(learner.state_dict()))
    assert names[0] == names[1]
    assert math.isclose(losses[0], losses[1], rel_tol=1e-4)
    again = make_net("classify.lenet", TASK).learner({})
    plan = make_plan(6, batch=4, optimiser="sgd", lr=0.05, compile=True)
    batches = store_batches(TASK, samples_for("classify", 8), 4)
    assert train(again, plan, batches, tmp_path / "True", resume=True).state.finished
