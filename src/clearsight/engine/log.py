"""What a training tells while it runs: metrics.csv, TensorBoard, and a bar or plain lines for a person."""

from __future__ import annotations

import csv
import io
import itertools
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearsight.core.files import write_text

if TYPE_CHECKING:
    from rich.console import Console

    from clearsight.engine.state import State


def write_metrics(path: Path, rows: list[dict[str, float]]) -> None:
    """metrics.csv, one row for each look, replaced whole."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


class FileLog:
    """metrics.csv and TensorBoard events in the run's folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "metrics.csv"
        self.folder = folder / "tensorboard"
        self._writer: Any = None

    def writer(self, step: int) -> Any:
        """The writer of events, opened at the first of them: what a killed run wrote beyond its state is hidden."""
        if self._writer is None:
            from torch.utils.tensorboard.writer import SummaryWriter

            self._writer = SummaryWriter(str(self.folder), purge_step=step)
        return self._writer

    def step(self, state: State, losses: Mapping[str, float], lr: float) -> None:
        for name, value in losses.items():
            self.writer(state.step).add_scalar(f"train/{name}", value, state.step)
        self.writer(state.step).add_scalar("train/lr", lr, state.step)

    def look(self, state: State, row: Mapping[str, float]) -> None:
        write_metrics(self.path, state.rows)
        for name, value in row.items():
            if name not in {"step", "epoch", "seconds", "lr", "loss"}:
                self.writer(state.step).add_scalar(f"held out/{name}", value, state.step)
        self.writer(state.step).flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class ScreenLog:
    """A bar with losses, the last figures, pictures a second and the time to the end; plain lines where no terminal is.

    The time to the end is counted from the median of recent steps and of the looks so far, times those left of each.
    """

    def __init__(self, console: Console, total: int, pictures_per_step: int, eval_steps: float) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self.console, self.total = console, total
        self.pictures, self.eval_steps = pictures_per_step, eval_steps
        self.steps: deque[tuple[float, int]] = deque(maxlen=21)  # (time, step) of recent readings
        self.looks: list[float] = []
        self.last_figures = ""
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed}/{task.total} steps {task.fields[text]}"),
            console=console,
            transient=True,
        )
        self.task = self.progress.add_task("training", total=total, text="")
        self.live = console.is_terminal
        if self.live:
            self.progress.start()

    def step(self, state: State, losses: Mapping[str, float], lr: float) -> None:
        self.steps.append((time.monotonic(), state.step))
        text = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
        speed, left = self._speed(), self.seconds_left(state.step)
        if speed:
            text += f" · {speed * self.pictures:,.0f} pictures/s"
        if left is not None:
            text += f" · {duration(left)} left"
        self.progress.update(self.task, completed=state.step, text=f"{text}{self.last_figures}")

    def look(self, state: State, row: Mapping[str, float]) -> None:
        if self.steps:
            self.looks.append(time.monotonic() - self.steps[-1][0])
        self.steps.clear()
        figures = [f"{n} {v:.4f}" for n, v in row.items() if n not in {"step", "epoch", "seconds", "lr", "loss"}]
        self.last_figures = f" · {figures[0]}" if figures else ""
        where = f"epoch {row['epoch']:g}" if row.get("epoch") else f"step {state.step}"
        star = "  (best)" if state.best_step == state.step else ""
        line = f"{where:>10}  loss {row['loss']:.4f}  {'  '.join(figures)}  {duration(state.seconds)}{star}"
        self.console.print(line, highlight=False)

    def seconds_left(self, step: int) -> float | None:
        """Seconds to the end, or None before enough was seen."""
        speed = self._speed()
        if not speed:
            return None
        looks_left = (self.total - step) / self.eval_steps
        look = sorted(self.looks)[len(self.looks) // 2] if self.looks else 0.0
        return (self.total - step) / speed + looks_left * look

    def _speed(self) -> float | None:
        """Steps a second: the median over recent readings, which one slow moment does not bend."""
        pairs = list(self.steps)
        rates = sorted((b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(pairs) if b[0] > a[0])
        return rates[len(rates) // 2] if rates else None

    def close(self) -> None:
        if self.live:
            self.progress.stop()


class Logs:
    """Several logs as one."""

    def __init__(self, *logs: Any) -> None:
        self.logs = logs

    def step(self, state: State, losses: Mapping[str, float], lr: float) -> None:
        for log in self.logs:
            log.step(state, losses, lr)

    def look(self, state: State, row: Mapping[str, float]) -> None:
        for log in self.logs:
            log.look(state, row)

    def close(self) -> None:
        for log in self.logs:
            log.close()


def duration(seconds: float) -> str:
    """Seconds as a person says them: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
