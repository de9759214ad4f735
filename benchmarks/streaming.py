"""What it costs to train from tar shards: the speed of steps whose pictures are streamed beside that of steps whose
pictures lie in memory.

    python benchmarks/streaming.py [--steps 8] [--rounds 5] [--pictures 60000] [--sizes 224 64]

CIFAR-10's 60,000 pictures (../shared/data/cifar10.zip) are packed into shards of 1,000 in an order of chance. Both sides
train the same ResNet-18 with the same augmentations and a batch of 32, in rounds that take turns; a round's first steps,
for which a worker has worked ahead while the other side had its turn, are not counted. The memory side keeps a part of the
pictures, as its speed does not depend on how many there are.
"""

from __future__ import annotations

import argparse
import io
import random
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from statistics import fmean, median
from typing import Any

import torch
from common import Figure, save, shared, table

from clearsight.core.machine import cores
from clearsight.core.pipeline import Batch, Stages
from clearsight.core.registry import find, net_family
from clearsight.data.batches import Feed, training_batches
from clearsight.data.cache import prepare
from clearsight.data.examples import make_example
from clearsight.data.open import Dataset, open_data
from clearsight.engine.runtime import keep_freed_memory

CPU = torch.device("cpu")
BATCH, SHARD, KEPT = 32, 1000, 1024
AUGMENT = {"flip": 0.5, "crop": 0.35, "colour": 0.1}
AHEAD = 2
"""Batches that each worker prepares ahead (torch's default)."""


def pack(folder: Path, most: int) -> Path:
    """Shards of CIFAR-10's files, both splits in one, in an order of chance."""
    with zipfile.ZipFile(shared("data", "cifar10.zip")) as pictures:
        files = sorted(name for name in pictures.namelist() if name.endswith(".jpg"))
        random.Random(0).shuffle(files)
        names = sorted({PurePosixPath(name).parent.name for name in files})
        (folder / "classes.txt").write_text("\n".join(names))
        files = files[:most]
        for number, start in enumerate(range(0, len(files), SHARD)):
            with tarfile.open(folder / f"train-{number:06d}.tar", "w") as archive:
                for place, name in enumerate(files[start : start + SHARD], start):
                    label = str(names.index(PurePosixPath(name).parent.name)).encode()
                    for ending, data in (("jpg", pictures.read(name)), ("cls", label)):
                        member = tarfile.TarInfo(f"{place:06d}.{ending}")
                        member.size = len(data)
                        archive.addfile(member, io.BytesIO(data))
    return folder


class Side:
    """A net that trains on the batches of one side."""

    def __init__(self, task: Any, batches: Iterator[Batch]) -> None:
        family, config = net_family(task.name, "resnet18")
        torch.manual_seed(0)
        net = family.build(task, config)
        settings = {"label_smoothing": 0.0, "class_weights": "none", "loss": None, "focal_gamma": 2.0}
        self.learner = net.learner(task.loss_options(settings, [])).to(memory_format=torch.channels_last).train()
        self.optimiser = torch.optim.AdamW(self.learner.parameters(), lr=1e-3, fused=True)
        self.batches = batches

    def steps(self, number: int) -> list[tuple[float, float]]:
        """Seconds of each of so many steps, and of these the seconds for which the batch was waited for."""
        taken = []
        for _ in range(number):
            began = time.perf_counter()
            batch = next(self.batches)
            waited = time.perf_counter() - began
            torch.stack(list(self.learner.training_step(batch, self.learner.phases[0]).values())).sum().backward()
            self.optimiser.step()
            self.optimiser.zero_grad()
            taken.append((time.perf_counter() - began, waited))
        return taken


def measure(data: Dataset, size: int, workers: int, steps: int, rounds: int) -> dict[str, Any]:
    """Both sides at one size."""
    task = find("tasks", "classify")(labels=data.info.labels, size=size, fit="squash")
    stages = task.pipeline(train=True, augment=AUGMENT)
    stream = data.parts("train")
    store = prepare(stream.head(KEPT), stages, where="memory")
    feed = Feed(batch_size=BATCH, seed=0, device=CPU, workers=workers)
    sides = {
        "memory": Side(task, training_batches(store, stages, feed).start(0)),
        "stream": Side(task, training_batches(stream, stages, feed).start(0)),
    }
    ahead = AHEAD * max(1, workers)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            side.steps(ahead)
            taken = side.steps(steps)
            seconds[name] += taken if number else []
    ms = {name: 1000 * median(step for step, _ in taken) for name, taken in seconds.items()}
    mean = {name: fmean(step for step, _ in taken) for name, taken in seconds.items()}
    waited = {name: 1000 * median(wait for _, wait in taken) for name, taken in seconds.items()}
    listing, decoding = cost(data, stages)
    return {
        "px": size,
        "memory ms": ms["memory"],
        "stream ms": ms["stream"],
        "speed kept %": 100 * ms["memory"] / ms["stream"],
        "by means %": 100 * mean["memory"] / mean["stream"],  # which a rare stall, as of a worker, would lower
        "memory batch ms": waited["memory"],
        "stream batch ms": waited["stream"],
        "finding a batch ms": listing,
        "decoding a batch ms": decoding,
    }


def cost(data: Dataset, stages: Stages) -> tuple[float, float]:
    """Milliseconds for one batch: to find its pictures and labels in the tars, and to decode and resize them on one
    thread. The first is the main process's work, the second a worker's."""
    part = data.parts("train").parts[0]
    list(part.samples())
    began = time.perf_counter()
    samples = list(part.samples())
    found = time.perf_counter() - began
    chosen = list(islice(samples, 4 * BATCH))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    began = time.perf_counter()
    for sample in chosen:
        make_example(sample, stages)
    decoded = time.perf_counter() - began
    torch.set_num_threads(before)
    return 1000 * found / len(samples) * BATCH, 1000 * decoded / len(chosen) * BATCH


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=60_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[224, 64])
    parser.add_argument("--workers", type=int, default=max(1, min(8, cores() - 1)))
    options = parser.parse_args(words)
    torch.set_num_threads(cores())
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        data = open_data(pack(Path(folder), options.pictures))
        packed = time.perf_counter()
        count, _ = data.parts("train").count()
        print(
            f"packed {count:,} pictures in {packed - began:.0f} s, counted them in {time.perf_counter() - packed:.1f} s"
        )
        rows = [measure(data, size, options.workers, options.steps, options.rounds) for size in options.sizes]
    table(rows, f"ResNet-18, batch {BATCH}, {cores()} threads, {options.workers} workers")
    note = (
        f"Median milliseconds of a training step, {options.rounds} rounds of {options.steps} steps taking turns; "
        f"{count:,} JPEGs of CIFAR-10 in tar shards of {SHARD:,}, read by {options.workers} worker processes. The "
        "promise is for ResNet-18 at its usual 224 pixels (1.8 billion multiply-adds); smaller sizes are cheaper nets."
    )
    kept = {row["px"]: row["speed kept %"] for row in rows}
    if 224 not in kept or (count or 0) < 60_000:
        print("a trial: nothing is saved")
        return
    what = "streaming from tar shards, speed kept beside memory, ResNet-18 at 224 px"
    print(save("streaming", rows, note, [Figure(what, kept[224], "%", 90, at_least=True)]))


if __name__ == "__main__":
    main()
