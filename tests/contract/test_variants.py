"""What nets promise in other shapes than those of the contract suite: they learn, and their exports answer alike."""

from __future__ import annotations

from pathlib import Path

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

VARIANTS = {
    "a head that learns one place an object": ("detect.yolo", {"one_to_one": True}, None, 120),
    "sides that are numbers": ("detect.yolo", {"bins": 0}, None, 120),
    "repeats that are worth less": ("detect.yolo", {}, "soft=0.5", 120),
    "the largest scale": ("detect.yolo", {"scale": "large", "backbone": None, "width": None}, None, 120),
    "masks of finer levels": ("instances.yolo-mask", {"finest": 4, "width": 48}, None, 260),
}
"""By what is special: the net, its options beside those of the suite, settings of the answer, and steps to learn in."""


@pytest.mark.parametrize("what", VARIANTS)
def test_it_learns_eight_images_and_is_exported(what: str, tmp_path: Path) -> None:
    name, options, answer, steps = VARIANTS[what]
    task = make_task(name.split(".")[0])
    torch.manual_seed(0)
    config = {key: value for key, value in {**SMALL[name], **options}.items() if value is not None}
    net = find("nets", name).build(task, config)
    samples = samples_for(task.name)
    plan = make_plan(steps, batch=8, lr=3e-3, schedule="cosine", warmup=0.1)
    train(make_learner(task, net), plan, store_batches(task, samples, 8), tmp_path)
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
