"""What every detector must do on photographs of blood cells: learn eight windows of them by heart, small platelets too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clearsight.core.registry import names
from clearsight.core.sample import ArrayImage, Sample
from clearsight.data.open import open_data
from clearsight.tasks.detect.task import Detect
from tests.contract.harness import make_plan, result, store_batches, train
from tests.contract.nets import STEPS, make_learner, make_net

pytestmark = [pytest.mark.data, pytest.mark.slow]

WIDTH, HEIGHT = 240, 180
"""Pixels cut out of each photograph."""

SIZE = 128
"""Longer side of the canvas: platelets are some 15 pixels wide on it."""

MORE = {"detect.ssd": 2, "detect.dfine": 3}
"""How many times the steps that suffice for drawn scenes are needed for cells; by default once."""


def cut(sample: Sample, number: int) -> Sample:
    """The part of a photograph around its smallest object, or in every other one around its largest, and the objects of
    which most is in it."""
    assert sample.boxes is not None
    boxes = sample.boxes.xyxy
    (height, width), area = sample.image.size(), (boxes[:, 2:] - boxes[:, :2]).prod(1)
    across, down = (boxes[:, :2] + boxes[:, 2:])[area.argmax() if number % 2 else area.argmin()] / 2
    x = int(np.clip(across - WIDTH / 2, 0, width - WIDTH))
    y = int(np.clip(down - HEIGHT / 2, 0, height - HEIGHT))
    seen = (boxes - [x, y, x, y]).clip(0, [WIDTH, HEIGHT, WIDTH, HEIGHT]).astype(np.float32)
    rows = np.flatnonzero((seen[:, 2:] - seen[:, :2]).prod(1) > area / 2).tolist()
    kept = sample.boxes.rows(rows, tuple(sample.boxes.labels[row] for row in rows))
    pixels = sample.image.load()[y : y + HEIGHT, x : x + WIDTH]
    return Sample(
        sample.key, ArrayImage(pixels, sample.key), boxes=replace(kept, xyxy=seen[rows], said=None, area=None)
    )


@pytest.mark.parametrize("name", [name for name in names("nets") if name.startswith("detect.")])
def test_it_overfits_eight_windows_of_blood_cells(name: str, shared: Path, tmp_path: Path) -> None:
    data = open_data(str(shared / "data" / "bccd.zip"))
    samples = [cut(sample, number) for number, sample in enumerate(data.samples("train")[:8])]
    assert {label for sample in samples if sample.boxes for label in sample.boxes.labels} == set(data.info.labels)
    task = Detect.from_data(data.info, [sample.image.size() for sample in samples], {"size": SIZE})
    net = make_net(name, task)
    steps = MORE.get(name, 1) * STEPS.get(name, 120)
    plan = make_plan(steps, batch=8, lr=3e-3, schedule="cosine", warmup=0.05)
    train(make_learner(task, net), plan, store_batches(task, samples, 8), tmp_path)
    assert result(task, net, samples).values["map50"] >= 0.95
