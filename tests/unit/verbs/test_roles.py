"""Nothing is chosen on what it is judged on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from clearsight.core.errors import InputError
from clearsight.core.sample import ArrayImage, Sample
from clearsight.verbs.roles import assign_roles

PIXELS = np.zeros((1, 1, 3), np.uint8)


def some(split: str, count: int) -> list[Sample]:
    return [Sample(f"{split}/{i:03}", ArrayImage(PIXELS), ("ab"[i % 2],)) for i in range(count)]


def digests(*parts: Sequence[Sample]) -> dict[str, str]:
    return {s.key: f"{hash(s.key):x}" for part in parts for s in part}


def assign(choosing: bool = False, other: Sequence[Sample] | None = None, **splits: Sequence[Sample]):  # type: ignore[no-untyped-def]
    return assign_roles(splits, digests(*splits.values()), share=0.2, choosing=choosing, other=other)


def test_three_splits_keep_their_roles() -> None:
    train, val, test = some("train", 50), some("val", 10), some("test", 10)
    roles = assign(train=train, val=val, test=test)
    assert (roles.train, roles.choose, roles.judge, roles.judged_split) == (train, val, test, "test")


@pytest.mark.parametrize("held", ["val", "test"])
def test_two_splits_choose_nothing_unless_asked(held: str) -> None:
    train, other = some("train", 200), some(held, 10)
    roles = assign(**{"train": train, held: other})
    assert (roles.train, roles.choose, roles.judge) == (train, [], other)
    roles = assign(choosing=True, **{"train": train, held: other})
    assert roles.judge == other and 5 <= len(roles.choose) <= 40
    assert not {s.key for s in roles.choose} & {s.key for s in roles.train}
    assert len(roles.choose) + len(roles.train) == 200


def test_one_split_is_divided_and_nothing_lost() -> None:
    train = some("train", 300)
    roles = assign(train=train, choosing=True)
    keys = [key for part in roles.keys().values() for key in part]
    assert sorted(keys) == sorted(s.key for s in train)
    assert len(set(keys)) == 300 and all(roles.keys().values())


def test_pictures_from_elsewhere_judge() -> None:
    train, other = some("train", 50), some("far", 5)
    roles = assign(train=train, other=other)
    assert (roles.train, roles.judge) == (train, other)


def test_nothing_to_learn_from_is_an_error() -> None:
    with pytest.raises(InputError, match="no training pictures"):
        assign(test=some("test", 5))


def test_a_group_stays_on_one_side_of_every_division() -> None:
    samples = [
        Sample(f"{i:03}", ArrayImage(PIXELS), ("ab"[i % 2],), extra={"patient": f"p{i // 4}"} if i < 280 else {})
        for i in range(300)
    ]
    roles = assign_roles({"train": samples}, digests(samples), share=0.2, choosing=True, group="patient")
    sides = [{s.extra["patient"] for s in part if s.extra} for part in (roles.train, roles.choose, roles.judge)]
    assert all(sides) and sum(map(len, sides)) == len(set.union(*sides)) == 70
    assert any("held out by a hash of their patient" in note for note in roles.notes)
    assert any("20 pictures without 'patient' divided by their content" in note for note in roles.notes)
