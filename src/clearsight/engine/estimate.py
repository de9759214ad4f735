"""How long will it take? Measured on a copy of the learner before the training starts."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from clearsight.core.learner import Learner
from clearsight.core.pipeline import Batch


def seconds_per_batch(
    learner: Learner,
    source: Iterator[Batch],
    budget: float = 3.0,
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> float:
    """Seconds for one batch, forward and backward through every phase, data included: the median of a few after a
    first that warms up. The learner is left as it was. At least two batches, more while the budget (seconds) lasts.
    The forward pass runs under `autocast`."""
    trial = copy.deepcopy(learner)
    trial.train()
    times: list[float] = []
    began = time.monotonic()
    while len(times) < 2 or (len(times) < 8 and time.monotonic() - began < budget):
        started = time.monotonic()
        batch = next(source)
        for phase in learner.phases:
            with autocast():
                loss = torch.stack(list(trial.training_step(batch, phase).values())).sum()
            torch.autograd.backward(loss)
        if batch.images.is_cuda:
            torch.cuda.synchronize()
        times.append(time.monotonic() - started)
    rest = sorted(times[1:])
    return rest[len(rest) // 2]
