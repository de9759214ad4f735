"""The one training loop. It counts steps, knows no task, and leaves a state on disk from which it goes on to the same end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from clearsight.core.errors import Stopped
from clearsight.core.learner import Learner
from clearsight.core.net import Net
from clearsight.core.pipeline import Batch, Batches
from clearsight.engine import checkpoint
from clearsight.engine.compiling import compiled
from clearsight.engine.freeze import Freeze
from clearsight.engine.optimisers import Average, Swapped, make_optimisers
from clearsight.engine.phase import Phase, descend, scale_gradients
from clearsight.engine.plan import Plan
from clearsight.engine.runtime import seed_step
from clearsight.engine.schedules import lr_factor, momentum_at, set_rates
from clearsight.engine.state import Log, Look, State
from clearsight.ops.random import fold

FLUSH = 10  # steps between two readings of the loss: reading it waits for the device
CHECKPOINT_SECONDS = 120.0


class Training:
    """One run of the loop: `Training(...).run()`. `stop` is asked between steps whether the user wants to end."""

    def __init__(
        self,
        fabric: Fabric,
        learner: Learner,
        plan: Plan,
        batches: Batches,
        look: Look,
        keep: Callable[[Net], None],
        log: Log,
        folder: Path,
        *,
        higher_is_better: bool = True,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.fabric, self.learner, self.plan, self.batches = fabric, learner, plan, batches
        self.look, self.keep, self.log, self.folder, self.stop = look, keep, log, folder, stop
        self.higher_is_better = higher_is_better
        self.state = State()
        fabric.to_device(learner)
        made = make_optimisers(learner, plan)
        self.params = {
            phase: {id(p) for group in optimiser.param_groups for p in group["params"]}
            for phase, optimiser in made.items()
        }
        self.optimisers: dict[str, Any] = {
            phase: fabric.setup_optimizers(optimiser) for phase, optimiser in made.items()
        }
        self.average = Average(learner.net, plan.ema) if plan.ema else None
        self.freeze = Freeze(learner, plan)
        self.micro, self.nominal = _micro(plan, batches, fabric.world_size)
        self.modules: dict[str, Any] = {}
        self.pending: list[dict[str, Tensor]] = []
        self.asked = False  # some rank's user wants to end
        self.clock = self.saved_at = 0.0

    def run(self, resume: bool = False) -> State:
        """Train to the plan's last step, or to an early stop. Raises `CheckFailed` where the loss is lost, `Stopped`
        where the user asked to end."""
        if resume:
            self._restore()
        if self.state.finished:
            return self.state
        self.clock = self.saved_at = time.monotonic()
        if self.learner.phases:
            self._wrap()
            source = self.batches.start(self.state.step * self.micro)
            while not self._over():
                self._step(source)
                if self._due():
                    self._look()
                elif time.monotonic() - self.saved_at > CHECKPOINT_SECONDS:
                    self._flush()
                    self._save()
                if self.asked or (self.fabric.world_size == 1 and self.stop()):
                    self._stop()
        if type(self.learner).finish is not Learner.finish:
            self.learner.finish(self._one_pass())
        if not self.learner.phases:
            self._look()
        self.state.finished = True
        if self.plan.keep == "last":
            self._keep()
        self._save()
        return self.state

    def _step(self, source: Iterator[Batch]) -> None:
        state, plan, fabric = self.state, self.plan, self.fabric
        if self.freeze.changes(state.step):
            self._wrap()
        seed_step(fold(plan.seed, "step", state.step, fabric.global_rank), fabric.device)
        lr, momentum = plan.lr * lr_factor(state.step, plan), momentum_at(state.step, plan)
        micro: Iterable[Batch] = islice(source, self.micro)  # one at a time: all of them may not fit in memory
        if len(self.modules) > 1:
            micro = list(micro)  # every phase learns from the same ones
        losses: dict[str, Tensor] = {}
        for phase, module in self.modules.items():
            optimiser = self.optimisers[phase]
            if len(self.modules) > 1:
                self._open(phase)
            parts, factor = descend(fabric, module, micro, self.micro, self.nominal)
            losses |= {name: losses[name] + value if name in losses else value for name, value in parts.items()}
            scale_gradients(module.parameters(), factor)
            if plan.clip:
                fabric.clip_gradients(module, optimiser, max_norm=plan.clip, error_if_nonfinite=False)
            set_rates(optimiser, lr, momentum)
            optimiser.step()
            optimiser.zero_grad()
        if self.average is not None:
            self.average.update(self.learner.net)
        state.step += 1
        self.pending.append(losses)
        if len(self.pending) >= FLUSH:
            self._flush()

    def _flush(self) -> None:
        """Read the losses of the last steps off the device and look whether they are sane."""
        if not self.pending:
            return
        names = list(self.pending[0])
        table = torch.stack([torch.stack([p[name].float() for name in names]) for p in self.pending])
        asked = torch.zeros((), device=table.device)
        if self.fabric.world_size > 1:  # ranks raise and stop together, or they would wait for each other
            asked += self.stop()
            both = self.fabric.all_reduce({"table": table, "asked": asked})
            table, asked = both["table"], both["asked"]  # type: ignore[index, call-overload]
        self.pending.clear()
        self._tick()
        for total in table.sum(1).tolist():
            self.state.take_loss(total, self.plan.lr)
        self.log.step(self.state, dict(zip(names, table.mean(0).tolist(), strict=True)), self._lr())
        self.asked = bool(asked > 0)

    def _tick(self) -> None:
        now = time.monotonic()
        self.state.seconds, self.clock = self.state.seconds + now - self.clock, now

    def _over(self) -> bool:
        patience = self.plan.patience
        return self.state.step >= self.plan.total_steps or bool(patience and self.state.since_best >= patience)

    def _lr(self) -> float:
        """The learning rate of the step just done."""
        return float(self.plan.lr * lr_factor(max(0, self.state.step - 1), self.plan))

    def _due(self) -> bool:
        """Looks fall on round(n · eval_every · steps per epoch), and on the last step."""
        every, step = self.plan.eval_steps, self.state.step
        return step == self.plan.total_steps or int(step / every) > int((step - 1) / every)

    def _look(self) -> None:
        state, plan = self.state, self.plan
        self._flush()
        self.learner.eval()
        with Swapped(self.learner.net, self.average), torch.no_grad(), self.fabric.autocast():
            score, figures = self.look(self.learner.net)
        row = {
            "step": state.step,
            "epoch": round(state.step / plan.steps_per_epoch, 3) if plan.steps_per_epoch else 0,
        }
        row |= {"seconds": round(state.seconds, 2), "lr": self._lr(), "loss": state.running_loss or 0.0, **figures}
        state.rows.append(row)
        if score is not None and state.take_score(score, self.higher_is_better) and plan.keep == "best":
            self._keep()
        self.freeze.train_mode(self.state.step)
        self._tick()
        self.log.look(state, row)
        self._save()

    def _keep(self) -> None:
        with Swapped(self.learner.net, self.average):
            if self.fabric.is_global_zero:
                self.keep(self.learner.net)

    def _wrap(self) -> None:
        """Wrap the learner once for each phase. Ranks sync only what is free at this moment: hence again at unfreezing."""
        for phase in self.learner.phases:
            self._open(phase)
            module = compiled(Phase(self.learner, phase)) if self.plan.compile else Phase(self.learner, phase)
            self.modules[phase] = self.fabric.setup_module(module, move_to_device=False)
        self.freeze.train_mode(self.state.step)

    def _open(self, phase: str) -> None:
        frozen = self.freeze.frozen(self.state.step)
        for p in self.learner.parameters():
            p.requires_grad_(id(p) in self.params[phase] and id(p) not in frozen)

    def _one_pass(self) -> Iterator[Batch]:
        source = self.batches.start(0)
        size = self.batches.size or self.plan.total_steps * self.batches.batch_size
        for _ in range(-(-size // (self.batches.batch_size * self.fabric.world_size))):
            yield next(source)

    def _stop(self) -> None:
        self._flush()
        self._save()
        raise Stopped(
            f"stopped at step {self.state.step} of {self.plan.total_steps}; the same command with --resume goes on"
        )

    def _save(self) -> None:
        self.saved_at = time.monotonic()
        if self.fabric.is_global_zero:
            state = dict(vars(self.state))
            checkpoint.save_training(self.folder / "last", self.learner, self.average, self.optimisers, state)

    def _restore(self) -> None:
        state = checkpoint.load_training(self.folder / "last", self.learner, self.average, self.optimisers)
        if state is not None:
            self.state = State(**state)


def _micro(plan: Plan, batches: Batches, world: int) -> tuple[int, float]:
    """Batches in a step, on each rank, and the pictures each should hold; with `gd` a step takes the whole set."""
    if plan.optimiser != "gd" or batches.size is None:
        return plan.accumulate, batches.batch_size
    count = -(-batches.size // (batches.batch_size * world))
    return count, batches.size / (count * world)
