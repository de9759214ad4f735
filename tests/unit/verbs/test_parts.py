"""Roles of a fold and of a share of the training pictures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from clearsight.core.errors import InputError
from clearsight.core.sample import ArrayImage, Sample
from clearsight.verbs.parts import fold_roles, share_roles
from clearsight.verbs.roles import Roles

PIXELS = ArrayImage(np.zeros((1, 1, 3), np.uint8))


def samples(name: str, count: int) -> list[Sample]:
    return [Sample(f"{name}{i:03}", PIXELS, ("ab"[i % 2],)) for i in range(count)]


SPLITS = {"train": samples("train", 80), "val": samples("val", 20), "test": samples("test", 10)}
DIGESTS = {s.key: f"hash {s.key}" for part in SPLITS.values() for s in part}


def asked(**said: Any) -> Any:
    return SimpleNamespace(**{"fold": 1, "folds": 4, "val": None, "group": None, "train_share": 1.0, "seed": 0, **said})


def test_every_picture_but_those_of_the_test_split_is_judged_once() -> None:
    every = [fold_roles(SPLITS, DIGESTS, asked(fold=fold), choosing=False) for fold in (1, 2, 3, 4)]
    judged = [s.key for roles in every for s in roles.judge]
    assert sorted(judged) == sorted(s.key for name in ("train", "val") for s in SPLITS[name])
    for roles in every:
        keys = roles.keys()
        assert not set(keys["train"]) & set(keys["judge"]) and len(keys["train"]) + len(keys["judge"]) == 100
        assert any("test split stays out of the folds (10 pictures)" in note for note in roles.notes)


def test_choosing_takes_its_pictures_from_those_to_learn_from() -> None:
    roles = fold_roles(SPLITS, DIGESTS, asked(), choosing=True)
    keys = {name: set(found) for name, found in roles.keys().items()}
    assert keys["choose"] and sum(map(len, keys.values())) == 100
    assert not keys["choose"] & (keys["train"] | keys["judge"])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"fold": 5}, "--fold 5: there are 4, the first is 1"),
        ({"folds": None}, "--fold 1: say with --folds how many there are"),
        ({"val": "other"}, "leave --val out"),
    ],
)
def test_a_fold_that_cannot_be_is_refused(said: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        fold_roles(SPLITS, DIGESTS, asked(**said), choosing=False)


def test_shares_are_nested_and_leave_the_judging_pictures_alone() -> None:
    many = samples("many", 400)
    digests = {s.key: f"hash {s.key}" for s in many}
    roles = Roles(many[:300], many[300:350], many[350:], "test", ())
    before: set[str] = set()
    for share in (0.1, 0.2, 0.5, 0.9, 1.0):
        part = share_roles(roles, digests, asked(train_share=share))
        keys = {s.key for s in part.train}
        assert before <= keys and abs(len(keys) - 300 * share) < 40
        assert (part.choose, part.judge) == (roles.choose, roles.judge)
        before = keys
    other = share_roles(roles, digests, asked(train_share=0.2, seed=1))
    assert {s.key for s in other.train} != {s.key for s in share_roles(roles, digests, asked(train_share=0.2)).train}
