"""A learning rate from a range test: a short training on a copy of the net, at rates that grow from step to step.

L. Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3. What it suggests is a tenth of the
rate at which the smoothed loss is lowest: where the loss falls most steeply, the other usual choice, SGD came out too
near to where it diverges when we measured it (lenet and twoconv on digits; SGD, AdamW and Muon).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

from clearsight.core.errors import CheckFailed
from clearsight.core.files import write_bytes, write_text
from clearsight.core.learner import Learner
from clearsight.core.pipeline import Batches
from clearsight.engine.optimisers import make_optimisers
from clearsight.engine.plan import Plan
from clearsight.engine.runtime import seed_step
from clearsight.engine.schedules import set_rates
from clearsight.ops.random import fold

STEPS = 100
LOWEST, HIGHEST = 1e-6, 10.0
SMOOTH = 0.9
"""Weight of what was before in the running mean of the loss."""

STILL = 20
"""Steps at the beginning whose rates are too small to learn anything: by them one knows the loss's own spread."""

LOST = 4.0
"""The test ends where the smoothed loss is this many times its lowest."""


@dataclass(frozen=True)
class RangeTest:
    """What a range test saw: one entry for each step."""

    rates: Sequence[float]
    losses: Sequence[float]
    smoothed: Sequence[float]

    @property
    def suggestion(self) -> float:
        """A tenth of the rate at which the smoothed loss is lowest, two figures of it. Raises `CheckFailed` where the
        loss never falls below where it was at first by more than single batches differ there."""
        first = self.losses[:STILL]
        if len(self.losses) <= STILL or min(self.smoothed) >= np.mean(first) - np.std(first):
            raise CheckFailed("the range test found no learning rate at which the loss falls: give one with --lr")
        return float(f"{self.rates[int(np.argmin(self.smoothed))] / 10:.1e}")

    def save(self, folder: Path) -> None:
        """Write lr_finder.csv and lr_finder.png."""
        rows = zip(self.rates, self.losses, self.smoothed, strict=True)
        lines = ["lr,loss,smoothed", *(f"{lr:.6e},{loss:.6f},{smooth:.6f}" for lr, loss, smooth in rows)]
        write_text(folder / "lr_finder.csv", "\n".join(lines) + "\n")
        write_bytes(folder / "lr_finder.png", self._picture())

    def _picture(self) -> bytes:
        import io

        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6, 3.5), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.plot(self.rates, self.losses, linewidth=0.8, alpha=0.5, label="loss")
        axes.plot(self.rates, self.smoothed, label="smoothed")
        axes.axvline(self.suggestion, linestyle="--", color="black", label=f"taken: {self.suggestion:g}")
        axes.set(
            xscale="log", xlabel="learning rate", ylim=(0, 1.3 * max(self.smoothed[: len(self.smoothed) // 2 + 1]))
        )
        axes.legend()
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=120)
        return buffer.getvalue()


def range_test(fabric: Fabric, learner: Learner, plan: Plan, batches: Batches) -> RangeTest:
    """Train a copy of the learner for at most 100 steps at rates from 1e-6 to 10, each the same multiple of the one
    before. Nothing is frozen; a step of `gd` takes one batch in place of the whole set. The learner is left as it was."""
    trial = copy.deepcopy(learner)
    trial.train()
    optimisers = make_optimisers(trial, plan)
    source = batches.start(0)
    micro = 1 if plan.optimiser == "gd" else plan.accumulate
    rates, losses, smoothed = list[float](), list[float](), list[float]()
    running = 0.0
    for step in range(STEPS):
        lr = LOWEST * (HIGHEST / LOWEST) ** (step / (STEPS - 1))
        seed_step(fold(plan.seed, "range test", step), fabric.device)
        taken = [next(source) for _ in range(micro)]
        loss = 0.0
        for phase, optimiser in optimisers.items():
            for batch in taken:
                with fabric.autocast():
                    part = torch.stack(list(trial.training_step(batch, phase).values())).sum() / micro
                torch.autograd.backward(part)
                loss += float(part.detach())
            if plan.clip:
                torch.nn.utils.clip_grad_norm_(trial.parameters(), plan.clip)
            set_rates(optimiser, lr)
            optimiser.step()
            trial.zero_grad()
        running = SMOOTH * running + (1 - SMOOTH) * loss
        smooth = running / (1 - SMOOTH ** (step + 1))
        if not math.isfinite(loss) or (smoothed and smooth > LOST * min(smoothed)):
            break
        rates.append(lr)
        losses.append(loss)
        smoothed.append(smooth)
    return RangeTest(rates, losses, smoothed)
