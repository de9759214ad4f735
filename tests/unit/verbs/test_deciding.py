"""What is chosen for a training."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearsight.core.sample import Sample
from clearsight.engine.config import TrainOptions
from clearsight.verbs.deciding import looks
from clearsight.verbs.planning import prepare_run
from clearsight.verbs.roles import Roles
from tests.contract.nets import digits


@pytest.mark.parametrize(
    ("train", "choose", "judge", "every"),
    [(240, 0, 150, 2.1), (240, 0, 60, None), (240, 20, 150, None), (240, 0, 0, None)],
)
def test_looks_are_rarer_where_they_cost_much_and_nothing_is_chosen_on_them(
    train: int, choose: int, judge: int, every: float | None
) -> None:
    sample: Sample = digits(1)[0]
    roles = Roles([sample] * train, [sample] * choose, [sample] * judge, "val", ())
    assert looks(roles).get("eval_every", (None,))[0] == every


@pytest.mark.parametrize(
    ("asked", "answer", "iou"), [("true", None, 1.0), ("true", "iou=0.5", 0.5), ("false", None, 0.65)]
)
def test_a_net_says_how_it_answers_and_the_user_goes_before(
    asked: str, answer: str | None, iou: float, tmp_path: Path
) -> None:
    options = TrainOptions(
        data="shapes:train=8,val=4,side=64",
        task="detect",
        net="yolo",
        net_options=f"backbone=test_resnet,width=16,one_to_one={asked}",
        weights="none",
        answer=answer,
    )
    prepared = prepare_run(options, tmp_path / "run", lambda *_: None, lambda _: None)
    assert prepared.task.iou == iou
