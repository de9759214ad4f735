"""Parts of large pictures that are learnt from besides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import clearsight
from clearsight.core.errors import InputError
from clearsight.core.sample import ArrayImage, Boxes, FileImage, Sample
from clearsight.engine.config import TrainOptions
from clearsight.engine.plan import Plan
from clearsight.tasks.detect.task import Detect
from clearsight.verbs.planning import prepare_run
from clearsight.verbs.roles import Roles
from clearsight.verbs.taught import taught
from clearsight.verbs.train import TrainOutcome, run

TASK = Detect(labels=("a",), size=160)


def _sample(key: str, height: int, width: int) -> Sample:
    boxes = Boxes(np.array([[4, 4, 30, 30]], np.float32), ("a",))
    return Sample(key, ArrayImage(np.zeros((height, width, 3), np.uint8), key), boxes=boxes)


@pytest.mark.parametrize(("parts", "large"), [(None, 0), ("off", 0), ("auto", 9), ("2", 4)])
def test_large_pictures_are_learnt_from_in_parts_as_tiles_show_them(parts: str | None, large: int) -> None:
    roles = Roles([_sample("small", 160, 160), _sample("large", 360, 360)], [], [], "val", ())
    found = taught(roles, TASK, parts)
    assert [sample.key for sample in found[:2]] == ["small", "large"]
    of_large = [sample for sample in found[2:] if sample.key.startswith("large@")]
    assert len(of_large) == large and (parts == "2" or len(found) == 2 + large)
    seen = np.zeros((360, 360), bool)
    for part in of_large:
        x1, y1, x2, y2 = map(int, part.key.split("@")[1].split("-"))
        seen[y1:y2, x1:x2] = True
    assert seen.all() or not large


def test_a_picture_that_cannot_be_read_has_no_parts(tmp_path: Path) -> None:
    roles = Roles([Sample("x", FileImage(tmp_path / "none.png"))], [], [], "val", ())
    assert taught(roles, TASK, "auto") == roles.train


def test_the_plan_counts_parts_in_its_passes(tmp_path: Path) -> None:
    options = TrainOptions(
        data="shapes:train=6,val=2,side=384",
        task="detect",
        net="yolo",
        net_options="backbone=test_resnet,width=16",
        weights="none",
        size=160,
        parts="auto",
        batch_size=4,
        epochs=2,
    )
    said: list[str] = []
    plan = prepare_run(options, tmp_path / "run", lambda *_: None, said.append).plan
    parts = len(taught(Roles([_sample("x", 384, 384)] * 6, [], [], "val", ()), TASK, "auto")) - 6
    assert parts >= 54 and f"{parts} parts of large pictures are learnt from besides" in said
    assert plan.total_steps == -(-2 * (6 + parts) // 4)


def test_objects_are_learnt_in_parts_to_the_end(tmp_path: Path) -> None:
    options = TrainOptions(
        data="shapes:train=4,val=2,side=192",
        task="instances",
        net_options="backbone=test_resnet,width=16",
        weights="none",
        size=64,
        parts="2",
        steps=2,
        batch_size=4,
        runs=str(tmp_path),
        name="run",
    )
    outcome = run(options)
    assert isinstance(outcome, TrainOutcome)
    assert outcome.result is not None and outcome.result.count == 2
    assert Plan.load(tmp_path / "run" / "plan.yaml").settings["parts"] == "2"


@pytest.mark.parametrize(("task", "reason"), [("segment", "--crop and --train-size"), ("classify", "as a whole")])
def test_tasks_without_objects_refuse_parts(task: str, reason: str, tmp_path: Path) -> None:
    data = "digits" if task == "classify" else "shapes:train=4,val=2,side=64"
    with pytest.raises(InputError, match=f"--parts does not fit {task}.*{reason}"):
        clearsight.train(data, task=task, weights="none", parts="auto", runs=str(tmp_path))
