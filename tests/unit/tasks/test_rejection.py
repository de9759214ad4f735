"""A classifier that may say "none of these"."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import torch

from clearsight.core.errors import InputError
from clearsight.core.options import parse
from clearsight.core.sample import ArrayImage, Sample
from clearsight.core.task import Situation
from clearsight.tasks.classify.metric import ClassifyMetric
from clearsight.tasks.classify.prediction import Classification
from clearsight.tasks.classify.task import Classify

LABELS = ("ant", "bee", "cat")
LOGITS = torch.tensor([[4.0, 0.0, 0.0], [1.0, 1.0, 1.0], [9.0, 8.0, 0.0]])
FRAME = torch.zeros(3, 6)


def test_scores_are_the_energy_and_the_largest_probability() -> None:
    task = Classify(labels=LABELS, size=16, temperature=2.0)
    scores = task.rejection_scores({"logits": LOGITS})
    np.testing.assert_allclose(scores["energy"], np.log(np.exp(LOGITS.numpy()).sum(1)), rtol=1e-6)
    np.testing.assert_allclose(scores["probability"], (LOGITS / 2).softmax(1).max(1).values, rtol=1e-6)


@pytest.mark.parametrize(("score", "below", "rejected"), [("energy", 3.0, [0, 1, 0]), ("probability", 0.6, [0, 1, 0])])
def test_a_task_with_a_threshold_rejects_what_lies_below(score: str, below: float, rejected: list[int]) -> None:
    bare = Classify(labels=LABELS, size=16)
    assert bare.finals() == ("probabilities",)
    assert "rejected" not in bare.postprocess()({"logits": LOGITS}, FRAME)
    task = bare.rejecting(score, below)
    assert task.finals() == ("probabilities", "rejected") and task.rejecting(None, None) == bare
    finals = task.postprocess()({"logits": LOGITS}, FRAME)
    assert finals["rejected"].dtype == torch.bool and finals["rejected"].tolist() == [bool(no) for no in rejected]
    below_all = task.rejection_scores({"logits": LOGITS})[score] < below
    assert torch.equal(below_all, finals["rejected"])


def test_a_task_without_scores_says_so() -> None:
    from tests.contract.toys import FindBox

    box = FindBox(labels=("bright",), size=16)
    assert box.rejection_scores({}) == {}
    with pytest.raises(InputError, match="cannot reject a picture"):
        box.rejecting("energy", 1.0)


def prediction(label: int, rejected: bool | None) -> Classification:
    return Classification(np.eye(3, dtype=np.float32)[label] * 0.7 + 0.1, LABELS, rejected)


def test_a_prediction_says_that_it_is_none_of_them() -> None:
    none, bee = prediction(1, True), prediction(1, False)
    assert (none.headline(), bee.headline()) == ("none of these (bee 0.80)", "bee 0.80")
    assert none.to_dict()["rejected"] is True and "rejected" not in prediction(1, None).to_dict()
    arrays = {"probabilities": none.probabilities, "rejected": np.bool_(True)}
    assert Classification.from_arrays(arrays, LABELS).rejected is True
    assert Classification.from_arrays({"probabilities": none.probabilities}, LABELS).rejected is None
    photo = np.zeros((300, 300, 3), np.uint8)
    drawn = none.draw(photo), bee.draw(photo)
    assert isinstance(drawn[0], PIL.Image.Image) and drawn[0].height > drawn[1].height


def test_coverage_and_the_accuracy_of_the_answered_by_hand() -> None:
    pixels = ArrayImage(np.zeros((1, 1, 3), np.uint8))
    truth, answered, rejected = ("ant", "bee", "cat", "ant"), (0, 1, 0, 1), (False, False, True, False)
    samples = [Sample(str(i), pixels, (label,)) for i, label in enumerate(truth)]
    metric = ClassifyMetric(LABELS)
    metric.update([prediction(i, no) for i, no in zip(answered, rejected, strict=True)], samples)
    result = metric.result(resamples=200)
    assert result.values["accuracy"] == 0.5
    assert result.values["coverage"] == 0.75 and result.values["selective_accuracy"] == pytest.approx(2 / 3)
    assert result.intervals["coverage"][0] <= 0.75 <= result.intervals["coverage"][1]
    metric = ClassifyMetric(LABELS)
    metric.update([prediction(i, None) for i in answered], samples)
    assert "coverage" not in metric.result(resamples=0).values


def test_going_on_moves_the_whole_of_a_net_that_was_not_pretrained() -> None:
    from clearsight.core.registry import find
    from clearsight.engine.config import TrainOptions
    from clearsight.verbs.parent import fine_tuning, is_ours, seen_alike

    task = Classify(labels=LABELS, size=16, channels=1)
    situation = Situation(500, "cpu", "runs/old")
    plain = fine_tuning(task, find("nets", "classify.feedforward").build(task, {}), situation)
    assert plain["freeze"][0] == 0 and plain["lr"] == task.suggest(situation)["lr"]
    assert plain["flip"][0] == 0  # writing is not mirrored, though photographs are when a net is fine-tuned
    deep = find("nets", "classify.timm").build(task, {"model": "test_resnet"})
    assert fine_tuning(task, deep, situation) == task.suggest(situation)
    assert [is_ours(word) for word in (None, "none", "download", "a.safetensors", "b.pth", "runs/old")] == [
        *[False] * 5,
        True,
    ]
    assert seen_alike(None, {"size": None}) == {"size": None}
    assert parse(TrainOptions, {"data": "x", "weights": "runs/old"}).weights == "runs/old"
