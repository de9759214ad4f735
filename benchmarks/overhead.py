"""What the engine costs beside bare PyTorch: milliseconds of one training step beyond those of a loop written by hand.

    python benchmarks/overhead.py [--steps 2000] [--rounds 9]

One linear layer on 8×8 pictures, so that hardly anything but the engine takes time, on one thread. Twice: the loop
alone, both sides walking over the same ready batches; and with the data, where the engine draws its batches from the
store that a training uses and the bare loop indexes a tensor. Both sides end with equal weights, or the benchmark fails.
The engine writes its logs, looks at the end, and saves its state, as in any run.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F
from common import Figure, interleave, save, table
from rich.console import Console
from torch import Generator, Tensor, nn

from clearsight.core.errors import BadImage
from clearsight.core.image import Pixels
from clearsight.core.learner import Learner
from clearsight.core.net import Net, Outputs
from clearsight.core.pipeline import Batch, Batches, Example, Stages
from clearsight.core.sample import ArrayImage, Sample
from clearsight.core.task import Task
from clearsight.data.batches import Feed, StoreBatches
from clearsight.data.order import Order
from clearsight.data.store import Store
from clearsight.engine.config import TrainOptions
from clearsight.engine.log import FileLog, Logs, ScreenLog
from clearsight.engine.loop import Training
from clearsight.engine.plan import Plan, resolve
from clearsight.engine.runtime import make_fabric

COUNT, BATCH, SIDE, CLASSES, LR = 1024, 8, 8, 10, 1e-3
CPU = torch.device("cpu")


class Linear(Net):
    """One linear layer."""

    name = "linear"

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, CLASSES))

    @classmethod
    def build(cls, task: Task[Any], config: Mapping[str, Any]) -> Self:
        return cls()

    def forward(self, images: Tensor) -> Outputs:
        return {"logits": self.body(images)}

    def learner(self, options: Mapping[str, Any]) -> Learner:
        return CrossEntropy(self)


class CrossEntropy(Learner):
    """The plainest loss, so that the engine and not the task is measured."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(self.net(batch.images)["logits"], batch.targets["label"])}


class Ready:
    """Batches that are made already, over and over."""

    size: int | None = COUNT
    batch_size = BATCH

    def __init__(self, batches: list[Batch]) -> None:
        self.batches = batches
        self.bad: list[BadImage] = []

    def start(self, position: int) -> Iterator[Batch]:
        return islice(cycle(self.batches), position % len(self.batches), None)


def pictures() -> tuple[Tensor, Tensor]:
    """Random pictures uint8 (N, 1, S, S) and labels (N,)."""
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(256, (COUNT, 1, SIDE, SIDE), generator=draw, dtype=torch.uint8)
    return images, torch.randint(CLASSES, (COUNT,), generator=draw)


def stored(images: Tensor, labels: Tensor) -> StoreBatches:
    """The batches that a training draws from memory, without augmentation."""

    def scale(batch: Batch, draw: Generator) -> Batch:
        return Batch(batch.images.float() / 255, batch.targets, batch.keys)

    def unused(sample: Sample, pixels: Pixels) -> Example:
        raise AssertionError("the store is filled already")

    samples = [Sample(str(number), ArrayImage(image[0].numpy())) for number, image in enumerate(images)]
    store = Store("memory", "made here", samples, (), images, {"label": labels})
    return StoreBatches(store, Stages(unused, "overhead", scale), Feed(batch_size=BATCH, seed=0, device=CPU))


def plan(steps: int) -> Plan:
    """A constant learning rate, Adam, nothing else; one look, at the end."""
    said = TrainOptions(data="made here", optimiser="adam", lr=LR, schedule="constant", keep="last")
    per_epoch = COUNT / BATCH
    facts = {"total_steps": steps, "steps_per_epoch": per_epoch, "eval_steps": float(steps), "freeze_steps": 0}
    return resolve(said, {}, {}, facts)


def no_look(net: Net) -> tuple[None, dict[str, float]]:
    """No figures: judging is not what is measured."""
    return None, {}


def with_engine(batches: Batches, steps: int, folder: Path) -> Tensor:
    """Train with the engine; the weights it ends with."""
    net = Linear()
    settled = plan(steps)
    screen = ScreenLog(Console(file=io.StringIO()), steps, BATCH, settled.eval_steps)
    logs = Logs(FileLog(folder), screen)
    fabric = make_fabric("cpu", 1, "32")
    Training(fabric, net.learner({}), settled, batches, no_look, lambda net: None, logs, folder).run()
    logs.close()
    return weights(net)


@contextlib.contextmanager
def without_nvml() -> Iterator[None]:
    """As in a program that does not import Fabric: it sets a variable that makes every step of an optimiser look for
    the NVIDIA library, which bare PyTorch does not pay for."""
    name = "PYTORCH_NVML_BASED_CUDA_CHECK"
    value = os.environ.pop(name, None)
    try:
        yield
    finally:
        if value is not None:
            os.environ[name] = value


@without_nvml()
def bare(batches: Callable[[], Iterator[tuple[Tensor, Tensor]]], steps: int) -> Tensor:
    """The loop anyone writes; the weights it ends with."""
    net = Linear()
    optimiser = torch.optim.Adam(net.parameters(), lr=LR, fused=True)
    for images, labels in islice(batches(), steps):
        loss = F.cross_entropy(net.body(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad()
    return weights(net)


def indexed(images: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches by plain indexing, in the engine's order."""
    order = Order(COUNT, BATCH, 0)
    for epoch in range(10**9):
        for indices in torch.split(order.epoch(epoch), BATCH):
            yield images[indices].float() / 255, labels[indices]


def weights(net: Net) -> Tensor:
    """All of a net's weights as one vector."""
    return nn.utils.parameters_to_vector(net.parameters()).detach()


def measure(steps: int, rounds: int, folder: Path) -> list[dict[str, Any]]:
    """A row for the loop alone and one for the loop with its data."""
    images, labels = pictures()
    store = stored(images, labels)
    ready = list(islice(store.start(0), COUNT // BATCH))
    pairs = [(batch.images, batch.targets["label"]) for batch in ready]
    cases: dict[str, tuple[Batches, Callable[[], Iterator[tuple[Tensor, Tensor]]]]] = {
        "the loop alone": (Ready(ready), lambda: cycle(pairs)),
        "the loop with its data": (store, partial(indexed, images, labels)),
    }
    rows = []
    for name, (batches, plain) in cases.items():
        difference = (with_engine(batches, steps, folder) - bare(plain, steps)).abs().max().item()
        if difference > 1e-5:
            raise SystemExit(f"{name}: the two sides do not do the same, their weights differ by {difference:.1e}")
        runs = {
            "engine": partial(with_engine, batches, steps, folder),
            "bare": partial(bare, plain, steps),
        }
        ms = {side: 1000 * seconds / steps for side, seconds in interleave(runs, rounds).items()}
        rows.append({"what": name, **{f"{s} ms": v for s, v in ms.items()}, "overhead ms": ms["engine"] - ms["bare"]})
    return rows


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(options.steps, options.rounds, Path(folder))
    table(rows, "One training step, one linear layer on 8×8 pictures, one thread")
    note = "Milliseconds a step, medians of interleaved rounds of whole runs: logs, look and saved state among them."
    figures = [Figure(f"engine overhead a step, {row['what']}", row["overhead ms"], "ms", 0.3) for row in rows]
    print(save("overhead", rows, note, figures))


if __name__ == "__main__":
    main()
