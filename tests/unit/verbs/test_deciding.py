"""What is chosen for a training."""

from __future__ import annotations

import pytest

from clearsight.core.sample import Sample
from clearsight.verbs.deciding import looks
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
