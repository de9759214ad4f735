"""Does training wait for data? The share of a step that goes into gathering and augmenting, with mosaic on.

python benchmarks/detect_feed.py [--steps 20]

BCCD at the canvas and with the augmentation that `clearsight train bccd.zip` chooses, as in the training loop: a batch is
gathered, mixed and augmented, then learnt from. A step of a small net is the shorter, and waits the more.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import Any

from common import Figure, save, shared, table

TRIED = (("small", True), ("small", False), ("nano", False))
"""Scales of `yolo`, and whether the backbone's first blocks stay still, as they do where it is pretrained."""


def measured(scale: str, pretrained: bool, steps: int) -> dict[str, Any]:
    """Seconds of a step, and the share of them that it waits for data."""
    import torch

    from clearsight.core.task import Situation
    from clearsight.data.batches import Feed, StoreBatches
    from clearsight.data.cache import prepare
    from clearsight.data.open import open_data
    from clearsight.tasks.detect.task import Detect
    from clearsight.tasks.objects.yolo import Yolo

    data = open_data(str(shared("data", "bccd.zip")))
    samples = data.samples("train")
    task = Detect.from_data(data.info, [sample.image.size() for sample in samples], {}).fitted(samples)
    suggested = task.suggest(Situation(len(samples), "cpu", "a file"))
    strengths = {name: pair[0] for name, pair in suggested.items() if isinstance(pair[0], float)}
    stages = task.pipeline(train=True, augment={**strengths, "mosaic": 1.0})
    store = prepare(samples, stages, where="memory")
    batch = suggested["batch_size"][0]
    source = StoreBatches(store, stages, Feed(batch_size=batch, seed=0, device=torch.device("cpu"), total=10 * steps))
    net = Yolo.build(task, {"scale": scale})
    blocks = net.backbone_blocks()
    for block in blocks[: round(strengths["still"] * len(blocks)) if pretrained else 0]:
        for parameter in block:
            parameter.requires_grad_(False)
    learner = net.learner({}).to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW([p for p in learner.parameters() if p.requires_grad], 1e-4)
    waited, learnt = [], []
    batches = source.start(0)
    for number in range(steps + 2):
        start = time.perf_counter()
        given = next(batches)
        there = time.perf_counter()
        torch.stack(list(learner.training_step(given, "main").values())).sum().backward()
        optimiser.step()
        optimiser.zero_grad()
        if number > 1:  # the first ones warm up
            waited.append(there - start)
            learnt.append(time.perf_counter() - there)
    return {
        "scale": scale,
        "learns": "all but the first blocks" if pretrained else "all",
        "batch": batch,
        "canvas": "{} × {}".format(*task.shape),
        "data s": median(waited),
        "learning s": median(learnt),
        "waits %": 100 * sum(waited) / (sum(waited) + sum(learnt)),
    }


def main() -> None:
    """Measure, print the table, write the JSON."""
    import torch

    from clearsight.core.machine import cores
    from clearsight.engine.runtime import keep_freed_memory

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    steps = parser.parse_args().steps
    keep_freed_memory()
    torch.set_num_threads(cores())
    rows = [measured(scale, pretrained, steps) for scale, pretrained in TRIED]
    table(rows, "A training step on BCCD, every picture a mosaic")
    most = max(row["waits %"] for row in rows)
    figures = [Figure("detection, largest share of a step that waits for data, mosaic on", most, "%", 10)]
    print(save("detect_feed", rows, f"{steps} steps, every picture a mosaic.", figures))


if __name__ == "__main__":
    main()
