"""Settings of the answer that a model gives, changed when training is over."""

from __future__ import annotations

import pytest

from clearsight.core.errors import InputError
from clearsight.tasks.classify.task import Classify
from clearsight.tasks.detect.task import Detect
from clearsight.verbs.views import with_answer

TASK = Detect(labels=("a", "b"), size=64)


def test_settings_go_into_the_task() -> None:
    task = with_answer(TASK, "iou=0.5, soft=0.3, keep=300, thresholds=[0.2, 0.4]")
    assert (task.iou, task.soft, task.keep, task.thresholds) == (0.5, 0.3, 300, (0.2, 0.4))
    assert with_answer(TASK, None) is TASK
    assert task.postprocess().thresholds.tolist() == pytest.approx([0.2, 0.4])  # type: ignore[union-attr, operator]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("labels=[x, y]", "detect has no such setting 'labels'; it has floor, iou, keep, soft, thresholds"),
        ("iou=2", "iou: input should be less than or equal to 1"),
        ("keep=many", "keep: input should be a valid integer"),
        ("thresholds=[0.5]", "2 classes need as many thresholds"),
        ("iou", "--answer: 'iou' is no setting"),
    ],
)
def test_what_does_not_go_is_refused_in_a_sentence(said: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        with_answer(TASK, said)


def test_a_task_without_such_settings_says_so() -> None:
    with pytest.raises(InputError, match="classify has no such setting 'iou'; it has none"):
        with_answer(Classify(labels=("a", "b"), size=16), "iou=0.5")
