"""The model card."""

from __future__ import annotations

import pytest

from clearsight.core.artifact import Artifact
from clearsight.core.registry import net_family
from clearsight.core.task import Task
from clearsight.tasks.classify.task import Classify
from clearsight.tasks.detect.task import Detect
from clearsight.verbs.card import model_card


@pytest.mark.parametrize(
    ("task", "net", "config", "shape"),
    [
        (Detect(labels=("a",), size=96, canvas=(64, 96)), "yolo", {"backbone": "test_resnet", "width": 32}, "96×64"),
        (Classify(labels=("a", "b"), size=32), "lenet", {}, "32×32"),
    ],
)
def test_it_says_what_shape_pictures_are_seen_in(
    task: Task[object], net: str, config: dict[str, object], shape: str
) -> None:
    family, _ = net_family(task.name, net)
    assert f"pictures of {shape} pixels" in model_card(Artifact(task, family.build(task, config)))
