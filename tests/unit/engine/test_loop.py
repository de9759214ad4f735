"""The loop: same steps whatever interrupts it, and it stops where it must."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from clearsight.core.errors import CheckFailed, Stopped
from clearsight.core.learner import Learner
from clearsight.core.pipeline import Batch
from clearsight.data.batches import Feed, StoreBatches
from clearsight.data.cache import prepare
from clearsight.engine.loop import Training
from clearsight.engine.optimisers import Average
from clearsight.engine.runtime import make_fabric, use_precision
from tests.contract.harness import CPU, Silent, make_plan, store_batches, train
from tests.contract.nets import make_net, make_task, samples_for

TASK = make_task("classify")
MIX = {"mixup": 0.5, "flip": 0.5, "shift": 0.1}


def learner(name: str = "classify.lenet") -> Learner:
    return make_net(name, TASK).learner({"label_smoothing": 0.1})


def batches(batch: int = 4) -> Any:
    return store_batches(TASK, samples_for("classify", 10), batch, MIX)


def weights(of: Learner) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in of.state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("stop_at", [1, 7, 10, 13])
@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_stopped_anywhere_and_resumed_it_ends_bit_identical(tmp_path: Path, stop_at: int, optimiser: str) -> None:
    """With EMA, MixUp, schedule, warm-up, accumulation, clipping, selection and early stopping in play."""
    plan = make_plan(
        20, batch=4, eval_steps=5, optimiser=optimiser, schedule="cosine", warmup=0.2, ema=0.9,
        accumulate=2, clip=1.0, patience=9, keep="best",
    )  # fmt: skip

    def look(net: nn.Module) -> tuple[float, dict[str, float]]:
        value = float(next(net.parameters()).sum())
        return value, {"sum": value}

    whole = learner()
    ended = train(whole, plan, batches(), tmp_path / "whole", look=look)
    cut, passes = learner(), list[int]()
    step = cut.training_step

    def counted(batch: Batch, phase: str) -> dict[str, Tensor]:
        passes.append(1)
        return step(batch, phase)

    cut.training_step = counted  # type: ignore[method-assign]
    with pytest.raises(Stopped, match=f"step {stop_at} of 20"):
        train(cut, plan, batches(), tmp_path / "cut", look=look, stop=lambda: len(passes) == 2 * stop_at)
    again = learner()
    resumed = train(again, plan, batches(), tmp_path / "cut", look=look, resume=True)
    assert same(weights(whole), weights(again))
    assert resumed.average is not None and ended.average is not None
    assert same(ended.average.state, resumed.average.state)
    drop = {"seconds"}
    assert [{k: v for k, v in row.items() if k not in drop} for row in ended.state.rows] == [
        {k: v for k, v in row.items() if k not in drop} for row in resumed.state.rows
    ]
    assert (ended.state.best, ended.state.best_step) == (resumed.state.best, resumed.state.best_step)


@pytest.mark.parametrize("optimiser", ["gd", "adagrad", "rmsprop", "adam", "muon"])
def test_every_optimiser_resumes_bit_identical(tmp_path: Path, optimiser: str) -> None:
    """In the middle of one cycle, which moves the momentum too."""
    plan = make_plan(12, batch=4, optimiser=optimiser, schedule="onecycle", warmup=0.3, lr=2e-3, weight_decay=0.01)

    def made() -> Any:
        samples, stages = samples_for("classify", 10), TASK.pipeline(train=True, augment=MIX)
        store = prepare(samples, stages)
        return StoreBatches(store, stages, Feed(batch_size=4, seed=0, device=CPU, whole=optimiser == "gd"))

    whole, cut, again = learner(), learner(), learner()
    start, steps = weights(whole), iter(range(100))
    train(whole, plan, made(), tmp_path / "whole")
    with pytest.raises(Stopped, match="step 5 of 12"):
        train(cut, plan, made(), tmp_path / "cut", stop=lambda: next(steps) == 4)
    train(again, plan, made(), tmp_path / "cut", resume=True)
    assert same(weights(whole), weights(again))
    assert not any(torch.equal(start[name], value) for name, value in whole.named_parameters())


def test_bf16_is_the_forward_pass_of_steps_and_looks_and_nothing_else(tmp_path: Path) -> None:
    kinds: list[tuple[bool, torch.dtype]] = []
    net = make_net("classify.lenet", TASK)
    net.register_forward_hook(lambda module, _, out: kinds.append((module.training, out["logits"].dtype)))

    def look(of: Any) -> tuple[None, dict[str, float]]:
        of(torch.rand(2, 3, 32, 32))
        return None, {}

    fabric = make_fabric("cpu", 1, "32")
    fabric.launch()
    use_precision(fabric, "bf16")  # a plan is made after the fabric
    plan = make_plan(4, batch=4, optimiser="muon", precision="bf16")
    training = Training(fabric, net.learner({}), plan, batches(), look, lambda net: None, Silent(), tmp_path)
    state = training.run()
    assert kinds == [(True, torch.bfloat16)] * 4 + [(False, torch.bfloat16)]
    assert state.running_loss is not None and 1 < state.running_loss < 4
    assert {p.dtype for p in net.parameters()} == {torch.float32}
    assert net.eval()(torch.rand(2, 3, 32, 32))["logits"].dtype == torch.float32


def test_a_finished_run_resumes_to_nothing(tmp_path: Path) -> None:
    train(learner(), make_plan(3, batch=4), batches(), tmp_path)
    again = train(learner(), make_plan(3, batch=4), batches(), tmp_path, resume=True)
    assert again.log.steps == 0 and again.state.finished  # type: ignore[attr-defined]


def test_accumulated_batches_step_as_one(tmp_path: Path) -> None:
    """SGD on two batches of 4 and on one of 8, no norms, equal up to rounding."""
    small, large = learner(), learner()
    plain = {"optimiser": "sgd", "lr": 0.1, "weight_decay": 0.0}
    data = samples_for("classify", 24)[::3]  # square: nothing is left to chance
    train(small, make_plan(5, batch=4, accumulate=2, **plain), store_batches(TASK, data, 4), tmp_path / "a")
    train(large, make_plan(5, batch=8, **plain), store_batches(TASK, data, 8), tmp_path / "b")
    for a, b in zip(small.parameters(), large.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5)


class Broken(Learner):
    """A loss that is lost after some steps."""

    def __init__(self, net: Any, values: list[float]) -> None:
        super().__init__()
        self.net, self.values = net, values

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        value = self.values.pop(0) if len(self.values) > 1 else self.values[0]
        return {"loss": self.net(batch.images)["logits"].sum() * 0 + value}


@pytest.mark.parametrize(
    ("values", "words"),
    [([1.0, 1.0, float("nan")], "not a number"), ([1.0, float("inf")], "not a number"), ([1.0, 1e4], "diverges")],
)
def test_a_lost_loss_stops_with_advice(tmp_path: Path, values: list[float], words: str) -> None:
    with pytest.raises(CheckFailed, match=words) as caught:
        train(Broken(make_net("classify.lenet", TASK), values), make_plan(200, batch=4), batches(), tmp_path)
    assert "--lr" in str(caught.value)


def test_early_stopping_keeps_the_best(tmp_path: Path) -> None:
    scores = [0.1, 0.5, 0.4, 0.3, 0.9]
    kept: list[int] = []
    plan = make_plan(50, batch=4, eval_steps=2, patience=2, keep="best")
    fabric = make_fabric("cpu", 1, "32")
    training = Training(
        fabric,
        learner(),
        plan,
        batches(),
        lambda net: (scores.pop(0), {}),
        lambda net: kept.append(1),
        Silent(),
        tmp_path,
    )
    state = training.run()
    assert (state.step, state.best, state.best_step) == (8, 0.5, 4)
    assert len(kept) == 2


def test_a_frozen_backbone_stays_and_then_moves(tmp_path: Path) -> None:
    net = make_net("classify.timm", TASK)
    start = [p.clone() for p in net.backbone_parameters()]
    statistics = {n: b.clone() for n, b in net.named_buffers() if "running" in n}
    seen: dict[int, bool] = {}
    held: dict[int, bool] = {}

    def look(of: Any) -> tuple[None, dict[str, float]]:
        moved = any(not torch.equal(a, b) for a, b in zip(start, of.backbone_parameters(), strict=True))
        seen[len(seen)] = moved
        held[len(held)] = all(torch.equal(statistics[n], b) for n, b in of.named_buffers() if n in statistics)
        return None, {}

    plan = make_plan(4, batch=4, eval_steps=1, freeze=2.0, optimiser="sgd", lr=0.1)
    train(net.learner({}), plan, batches(), tmp_path, look=look)
    assert seen == {0: False, 1: False, 2: True, 3: True}
    assert held[1] and not held[2]


def test_the_average_follows_the_formula() -> None:
    net = nn.Linear(1, 1, bias=False)
    nn.init.constant_(net.weight, 0.0)
    average = Average(net, 0.5)
    expected = 0.0
    for n in range(1, 5):
        nn.init.constant_(net.weight, float(n))
        average.update(net)
        decay = min(0.5, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * n
    assert average.state["weight"].item() == pytest.approx(expected)


def test_the_state_on_disk_is_safetensors_and_json(tmp_path: Path) -> None:
    train(learner(), make_plan(3, batch=4), batches(), tmp_path)
    files = sorted(path.suffix for path in (tmp_path / "last").iterdir())
    assert files == [".json", ".safetensors"]
    assert json.loads((tmp_path / "last" / "state.json").read_text())["state"]["step"] == 3
