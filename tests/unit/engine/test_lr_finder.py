"""The range test: what it suggests, what it leaves alone, and when it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from clearsight.core.errors import CheckFailed
from clearsight.engine.lr_finder import RangeTest, range_test
from clearsight.engine.runtime import make_fabric
from tests.contract.harness import make_plan, store_batches
from tests.contract.nets import make_net, make_task, samples_for

TASK = make_task("classify")


def valley(lowest: float) -> RangeTest:
    rates = np.logspace(-6, 1, 71)
    losses = 1 + 0.1 * (np.log10(rates) - np.log10(lowest)) ** 2 - 0.001 * np.cos(np.arange(71))
    return RangeTest(rates.tolist(), losses.tolist(), losses.tolist())


@pytest.mark.parametrize("lowest", [0.01, 1.0])
def test_it_suggests_a_tenth_of_the_lowest_place(lowest: float) -> None:
    assert valley(lowest).suggestion == pytest.approx(lowest / 10, rel=0.3)


def test_a_loss_that_never_falls_gives_no_rate() -> None:
    rates = np.logspace(-6, 1, 60).tolist()
    flat = [2.0 + 0.1 * (step % 2) for step in range(40)] + list(np.linspace(2, 9, 20))
    with pytest.raises(CheckFailed, match="--lr"):
        _ = RangeTest(rates, flat, [2.05] * 40 + flat[40:]).suggestion
    with pytest.raises(CheckFailed, match="--lr"):
        _ = RangeTest(rates[:3], [1.0, 0.5, 0.1], [1.0, 0.5, 0.1]).suggestion


@pytest.mark.parametrize("optimiser", ["sgd", "muon"])
def test_it_trains_a_copy_and_leaves_the_learner_as_it_was(tmp_path: Path, optimiser: str) -> None:
    torch.manual_seed(3)
    learner = make_net("classify.lenet", TASK).learner({})
    before = {name: value.clone() for name, value in learner.state_dict().items()}
    batches = store_batches(TASK, samples_for("classify", 60), 8)
    plan = make_plan(100, batch=8, optimiser=optimiser, accumulate=2 if optimiser == "sgd" else 1)
    found = [range_test(make_fabric("cpu", 1, "32"), learner, plan, batches) for _ in range(2)]
    assert found[0] == found[1]
    assert all(torch.equal(value, before[name]) for name, value in learner.state_dict().items())
    assert all(p.grad is None for p in learner.parameters())
    assert 30 < len(found[0].rates) <= 100 and found[0].rates[0] == 1e-6
    assert 1e-3 < found[0].suggestion < 0.5
    found[0].save(tmp_path)
    with (tmp_path / "lr_finder.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(found[0].rates)
    assert float(rows[5]["loss"]) == pytest.approx(found[0].losses[5], abs=1e-6)
    from PIL import Image

    with Image.open(tmp_path / "lr_finder.png") as picture:
        assert picture.width > 500
