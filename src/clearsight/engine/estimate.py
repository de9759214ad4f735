"""How long will it take? Measured on a copy of the learner before the training starts."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from statistics import median
from typing import Any

import torch

from clearsight.core.learner import Learner
from clearsight.core.pipeline import Batch
from clearsight.engine.optimisers import make_optimisers
from clearsight.engine.plan import Plan


def seconds_per_step(
    learner: Learner,
    source: Iterator[Batch],
    plan: Plan,
    budget: float = 3.0,
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> float:
    """Seconds for one step of the optimiser: its batches forward and backward through every phase, data included, and its
    own work, which is much where it is Muon's. The median of a few after a first that warms up: at least two batches, more
    while the budget (seconds) lasts. The learner is left as it was. The forward pass runs under `autocast`."""
    trial = copy.deepcopy(learner)
    trial.train()
    optimisers = make_optimisers(trial, plan)
    batches: list[float] = []
    steps: list[float] = []
    began = time.monotonic()
    while len(batches) < 2 or (len(batches) < 8 and time.monotonic() - began < budget):
        started = time.monotonic()
        batch = next(source)
        for phase in trial.phases:
            with autocast():
                loss = torch.stack(list(trial.training_step(batch, phase).values())).sum()
            torch.autograd.backward(loss)
        _wait(batch)
        turned = time.monotonic()
        for optimiser in optimisers.values():
            optimiser.step()
        trial.zero_grad()
        _wait(batch)
        batches.append(turned - started)
        steps.append(time.monotonic() - turned)
    return median(batches[1:]) * float(plan.accumulate) + median(steps[1:])


def _wait(batch: Batch) -> None:
    """Until the device has done what it was given."""
    if batch.images.is_cuda:
        torch.cuda.synchronize()
