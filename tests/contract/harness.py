"""A plan and a training for a handful of samples, without files or the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from clearsight.core.learner import Learner
from clearsight.core.metric import Metric, Result
from clearsight.core.pipeline import Batches
from clearsight.core.sample import Sample
from clearsight.core.task import Task
from clearsight.data.batches import Feed, StoreBatches
from clearsight.data.cache import prepare
from clearsight.engine.config import TrainOptions
from clearsight.engine.loop import Training
from clearsight.engine.plan import Plan, resolve
from clearsight.engine.predictor import Predictor
from clearsight.engine.runtime import make_fabric

CPU = torch.device("cpu")


class Silent:
    """A log that only counts."""

    def __init__(self) -> None:
        self.steps = self.looks = 0

    def step(self, *_: Any) -> None:
        self.steps += 1

    def look(self, *_: Any) -> None:
        self.looks += 1


def make_plan(
    steps: int, *, batch: int = 8, eval_steps: float | None = None, per_epoch: float = 1.0, **said: Any
) -> Plan:
    """A plan as `verbs.planning` makes it, with the facts given."""
    options = TrainOptions(data="none", **{"lr": 1e-2, "schedule": "constant", **said})
    freeze = round((said.get("freeze") or 0) * per_epoch)
    facts = {
        "total_steps": steps,
        "eval_steps": eval_steps or steps,
        "steps_per_epoch": per_epoch,
        "freeze_steps": freeze,
        "batch": batch,
        "world": 1,
    }
    return resolve(options, {"keep": (said.get("keep", "last"), "")}, {}, facts)


def store_batches(task: Task[Any], samples: Sequence[Sample], batch: int, augment: Any = None) -> Batches:
    """Training batches of samples kept in memory."""
    stages = task.pipeline(train=True, augment=augment or {})
    store = prepare(samples, stages, where="memory")
    return StoreBatches(store, stages, Feed(batch_size=batch, seed=0, device=CPU))


def train(
    learner: Learner, plan: Plan, batches: Batches, folder: Path, *, look: Any = None, resume: bool = False, **more: Any
) -> Training:
    """Run the loop to its end; the training, its state and its log are in what comes back."""
    fabric = make_fabric("cpu", 1, "32")
    fabric.launch()
    log = Silent()
    training = Training(
        fabric, learner, plan, batches, look or (lambda net: (None, {})), lambda net: None, log, folder, **more
    )
    training.run(resume=resume)
    return training


def judged(task: Task[Any], net: Any, samples: Sequence[Sample]) -> Metric[Any]:
    """The task's judge of samples, by the way that predict and evaluate take."""
    metric = task.metric()
    metric.update(list(Predictor(task, net)(s.image.load() for s in samples)), samples)
    return metric


def score(task: Task[Any], net: Any, samples: Sequence[Sample]) -> float:
    """The task's headline on samples."""
    return judged(task, net, samples).score()


def result(task: Task[Any], net: Any, samples: Sequence[Sample]) -> Result:
    """All figures on samples."""
    return judged(task, net, samples).result(resamples=0)
