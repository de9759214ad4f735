"""The gradient of one step: of all pictures, whatever batches they come in."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from clearsight.core.pipeline import Batch
from clearsight.core.sample import Sample
from clearsight.data.batches import Feed, StoreBatches
from clearsight.data.cache import prepare
from clearsight.engine.phase import descend, scale_gradients
from clearsight.engine.runtime import make_fabric
from tests.contract.harness import CPU, make_plan, train
from tests.contract.nets import make_net, make_task, samples_for

TASK = make_task("classify")


def square(count: int) -> list[Sample]:
    """Pictures that training leaves as they are."""
    return samples_for("classify", 3 * count)[::3]


def whole(samples: list[Sample], batch: int) -> StoreBatches:
    stages = TASK.pipeline(train=True, augment={})
    return StoreBatches(prepare(samples, stages), stages, Feed(batch_size=batch, seed=0, device=CPU, whole=True))


def gradient(samples: list[Sample]) -> tuple[float, dict[str, Tensor]]:
    """Loss and gradient of all samples at once."""
    learner = make_net("classify.lenet", TASK).learner({})
    loss = learner.training_step(next(whole(samples, len(samples)).start(0)), "main")["loss"]
    loss.backward()
    return float(loss.detach()), {name: p.grad for name, p in learner.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(("count", "batch"), [(23, 5), (20, 5), (7, 32), (11, 10)])
def test_gd_steps_along_the_gradient_of_the_whole_set(tmp_path: Path, count: int, batch: int) -> None:
    samples = square(count)
    loss, wanted = gradient(samples)
    learner = make_net("classify.lenet", TASK).learner({})
    before = {name: p.detach().clone() for name, p in learner.named_parameters()}
    plan = make_plan(1, optimiser="gd", momentum=0.0, lr=0.5, weight_decay=0.0)
    training = train(learner, plan, whole(samples, batch), tmp_path)
    for name, p in learner.named_parameters():
        torch.testing.assert_close((before[name] - p.detach()) / 0.5, wanted[name], rtol=1e-4, atol=2e-6)
    assert training.state.running_loss == pytest.approx(loss, rel=1e-5)


def test_gd_sees_every_picture_once_a_step(tmp_path: Path) -> None:
    learner, seen = make_net("classify.lenet", TASK).learner({}), list[str]()
    step = learner.training_step

    def watched(batch: Batch, phase: str) -> dict[str, Tensor]:
        seen.extend(batch.keys)
        return step(batch, phase)

    learner.training_step = watched  # type: ignore[method-assign]
    train(learner, make_plan(3, optimiser="gd", momentum=0.0), whole(square(13), 4), tmp_path)
    keys = sorted(sample.key for sample in square(13))
    assert [sorted(seen[i : i + 13]) for i in (0, 13, 26)] == [keys] * 3


def test_batches_that_lack_pictures_weigh_by_what_they_hold() -> None:
    """Two batches that should have held four: the mean is over the five pictures that are there."""
    samples = square(5)
    loss, wanted = gradient(samples)
    all_of_it = next(whole(samples, 5).start(0))
    parts = [
        Batch(all_of_it.images[cut], {n: v[cut] for n, v in all_of_it.targets.items()}, all_of_it.keys[cut])
        for cut in (slice(0, 4), slice(4, 5))
    ]
    fabric = make_fabric("cpu", 1, "32")
    learner = make_net("classify.lenet", TASK).learner({})
    from clearsight.engine.phase import Phase

    losses, factor = descend(fabric, fabric.setup_module(Phase(learner, "main")), parts, 2, 4.0)
    scale_gradients(learner.parameters(), factor)
    assert factor == pytest.approx(8 / 5) and float(losses["loss"]) == pytest.approx(loss, rel=1e-5)
    for name, p in learner.named_parameters():
        torch.testing.assert_close(p.grad, wanted[name], rtol=1e-4, atol=1e-6)
