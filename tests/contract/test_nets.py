"""What every net must do, for every net there is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from clearsight.core.artifact import Artifact, load, save
from clearsight.core.net import Net
from clearsight.core.pipeline import Batch
from clearsight.core.sample import Array
from clearsight.core.task import Task
from clearsight.engine.predictor import Predictor
from tests.contract.harness import make_plan, result, store_batches, train
from tests.contract.nets import (
    ALL,
    CASES,
    GOOD,
    OVERFIT,
    STEPS,
    TAPLESS,
    make_learner,
    make_net,
    make_task,
    marked,
    samples_for,
)

every = pytest.mark.parametrize("name", ALL)
every_at_length = pytest.mark.parametrize("name", marked(ALL))


@cache
def learnt(name: str, fit: str | None) -> tuple[Task[Any], Net]:
    """The net after it has learnt eight pictures by heart."""
    task = make_task(name.split(".")[0], **({} if fit is None else {"fit": fit}))
    net = make_net(name, task)
    plan = make_plan(STEPS.get(name, 120), batch=8, lr=3e-3)
    batches = store_batches(task, samples_for(task.name), 8)
    net.prepare(batch.images for batch in islice(batches.start(0), 1))  # as the verb does
    with TemporaryDirectory() as folder:
        train(make_learner(task, net), plan, batches, Path(folder))
    return task, net


@pytest.mark.parametrize(("name", "fit"), marked(OVERFIT))
def test_it_overfits_eight_images(name: str, fit: str | None) -> None:
    task, net = learnt(name, fit)
    case = CASES[task.name]
    reached, good = result(task, net, samples_for(task.name)).values[case.figure], GOOD.get(name, case.good)
    assert reached >= good if task.metric().higher_is_better else reached <= good


@every
def test_its_outputs_are_those_of_the_task_whatever_the_mode(name: str) -> None:
    task = make_task(name.split(".")[0])
    net = make_net(name, task)
    images = torch.rand(3, task.channels, *task.shape)
    sizes = {"B": 3, "K": len(task.labels), "4": 4}
    for mode in (True, False):
        outputs = net.train(mode)(images)
        assert outputs.keys() == task.outputs.keys()
        for key, shape in task.outputs.items():
            for letter, length in zip(shape.split(), outputs[key].shape, strict=True):
                assert sizes.setdefault(letter, length) == length


@every
def test_a_batch_equals_its_singles_and_shapes_may_differ(name: str) -> None:
    task = make_task(name.split(".")[0])
    predictor = Predictor(task, make_net(name, task), batch_size=8)
    photos = [s.image.load() for s in samples_for(task.name)]
    assert len({photo.shape for photo in photos}) > 1
    _, together = predictor.finals(photos)
    for row, photo in enumerate(photos):
        _, (alone,) = predictor.finals([photo])
        assert together[row].keys() == alone.keys() >= set(task.finals())
        assert task.difference(together[row], alone) < 1e-5


@every
def test_unannotated_samples_give_zero_loss_with_a_gradient(name: str) -> None:
    from dataclasses import replace

    task = make_task(name.split(".")[0])
    bare = [replace(s, labels=None, boxes=None, masks=None, values=None) for s in samples_for(task.name, 4)]
    net = make_net(name, task)
    batch = next(store_batches(task, bare, 4).start(0))
    total = torch.stack(list(make_learner(task, net).training_step(batch, "main").values())).sum()
    total.backward()
    assert total == 0
    gradients = [p.grad for p in net.parameters() if p.grad is not None]
    assert gradients and not any(gradient.any() for gradient in gradients)


@every
def test_taps_are_modules_of_the_net(name: str) -> None:
    task = make_task(name.split(".")[0])
    net = make_net(name, task)
    own, taps = dict(net.named_modules()), net.feature_taps()
    assert bool(taps) == (name.partition(".")[2] not in TAPLESS)
    for tap in taps:
        assert own[tap.name] is tap.module


@every
def test_the_question_is_a_scalar_with_a_gradient(name: str) -> None:
    task = make_task(name.split(".")[0])
    net = make_net(name, task)
    photo = samples_for(task.name)[0].image.load()
    prediction = next(iter(Predictor(task, net)([photo])))
    canvas, _ = task.preprocess()(torch.from_numpy(photo))
    canvas.requires_grad_(True)
    question = task.question(prediction)
    assert question is not None
    question(net(canvas)).backward()
    assert canvas.grad is not None and canvas.grad.abs().sum() > 0


@every_at_length
def test_exported_equals_original(name: str, tmp_path: Path) -> None:
    from clearsight.verbs import export

    task, net = learnt(name, CASES[name.split(".")[0]].fits[-1])
    photos = [sample.image.load() for sample in samples_for(task.name)]
    assert spread(Predictor(task, net).finals(photos)[1]) > 0.1
    save(Artifact(task, net), tmp_path / "model", "card")
    (tmp_path / "photos").mkdir()
    for number, photo in enumerate(photos):
        PIL.Image.fromarray(photo).save(tmp_path / f"photos/{number}.png")
    outcome = export.run(
        export.Options(model=str(tmp_path / "model"), output=tmp_path / "m.onnx", photos=str(tmp_path / "photos"))
    )
    assert outcome.exit_code == 0
    assert (tmp_path / "m.onnx").is_file()


def spread(answers: Sequence[Mapping[str, Array]]) -> float:
    """How far what answers say first, such as probabilities, is apart; of objects their scores, within each answer. Where these
    are alike, as before training, an export may lack any object: each lies at the edge of being answered at all."""
    if "scores" in answers[0]:
        return min(float(np.ptp(finals["scores"])) for finals in answers)
    return float(np.ptp(np.concatenate([next(iter(finals.values())).ravel() for finals in answers])))


ANSWER = """
import sys, numpy as np
from clearsight.core.artifact import load
from clearsight.engine.predictor import Predictor
for line in sys.stdin:
    model, photos, to = line.rstrip().split("|")
    model = load(model)
    _, found = Predictor(model.task, model.net).finals(list(np.load(photos)))
    np.savez(to, **{key: np.stack([finals[key] for finals in found]) for key in model.task.finals()})
    print(to, flush=True)
"""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Callable[[Path], Path]]:
    """What has the model of a folder answer its photos, in a process that knows of models no more than their folders."""
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # as here: how sums are shared out shows in the last bit
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": one_thread}
    with subprocess.Popen([sys.executable, "-c", ANSWER], **pipes) as process:
        assert process.stdin and process.stdout
        told, heard = process.stdin, process.stdout

        def answer(folder: Path) -> Path:
            to = folder / "answers.npz"
            print(folder / "model", folder / "photos.npy", to, sep="|", file=told, flush=True)
            assert heard.readline().rstrip() == str(to)
            return to

        yield answer


@every_at_length
def test_saved_and_loaded_in_another_process_it_answers_the_same(
    name: str, tmp_path: Path, elsewhere: Callable[[Path], Path]
) -> None:
    task = make_task(name.split(".")[0])
    net = make_net(name, task)
    save(Artifact(task, net), tmp_path / "model", "card")
    photos = np.random.default_rng(0).integers(0, 256, (4, 40, 30, 3), dtype=np.uint8)
    np.save(tmp_path / "photos.npy", photos)
    found = np.load(elsewhere(tmp_path))
    _, here = Predictor(task, load(tmp_path / "model").net).finals(list(photos))
    _, original = Predictor(task, net).finals(list(photos))
    for key in task.finals():
        np.testing.assert_array_equal(found[key], np.stack([finals[key] for finals in here]))
        np.testing.assert_array_equal(found[key], np.stack([finals[key] for finals in original]))


@every
def test_a_step_leaves_the_batch_as_it_was(name: str) -> None:
    task = make_task(name.split(".")[0])
    batch = next(store_batches(task, samples_for(task.name), 4).start(0))
    images = batch.images.clone()
    make_learner(task, make_net(name, task)).training_step(Batch(batch.images, batch.targets, batch.keys), "main")
    assert torch.equal(images, batch.images)
