"""What our detector promises in other shapes than that of the contract suite: it learns, and its export answers alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import PIL.Image
import pytest
import torch

from clearsight.core.artifact import Artifact, save
from clearsight.core.registry import find
from clearsight.verbs import export
from clearsight.verbs.views import with_answer
from tests.contract.harness import make_plan, result, store_batches, train
from tests.contract.nets import CASES, SMALL, make_learner, make_task, samples_for

pytestmark = pytest.mark.slow

VARIANTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "a head that learns one place an object": ({"one_to_one": True}, None),
    "sides that are numbers": ({"bins": 0}, None),
    "repeats that are worth less": ({}, "soft=0.5"),
}
"""By what is special: options of `yolo` beside those of the suite, and settings of the answer."""


@pytest.mark.parametrize("what", VARIANTS)
def test_it_learns_eight_images_and_is_exported(what: str, tmp_path: Path) -> None:
    options, answer = VARIANTS[what]
    task = make_task("detect")
    torch.manual_seed(0)
    net = find("nets", "detect.yolo").build(task, {**SMALL["detect.yolo"], **options})
    samples = samples_for(task.name)
    train(make_learner(task, net), make_plan(120, batch=8, lr=3e-3), store_batches(task, samples, 8), tmp_path)
    for settings in (net.answer_settings, answer):
        task = with_answer(task, settings)
    case = CASES[task.name]
    assert result(task, net, samples).values[case.figure] >= case.good

    save(Artifact(task, net), tmp_path / "model", "card")
    (tmp_path / "photos").mkdir()
    for number, sample in enumerate(samples):
        PIL.Image.fromarray(sample.image.load()).save(tmp_path / f"photos/{number}.png")
    model, photos = str(tmp_path / "model"), str(tmp_path / "photos")
    assert export.run(export.Options(model=model, output=tmp_path / "m.onnx", photos=photos)).exit_code == 0
