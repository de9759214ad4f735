"""Nothing is chosen on what it is judged on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from clearsight.core.errors import InputError
from clearsight.core.sample import ArrayImage, Boxes, Sample
from clearsight.verbs.planning import count_classes
from clearsight.verbs.roles import Roles, assign_roles, checked, teaching

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


def bare(split: str, count: int) -> list[Sample]:
    return [Sample(f"{split}/{i:03}", ArrayImage(PIXELS), extra={"site": "x"}) for i in range(count)]


def test_a_split_without_labels_does_not_judge() -> None:
    needs = frozenset({"labels"})
    train, val, test = some("train", 200), some("val", 10), bare("test", 10)

    def roles_of(choosing: bool = False, **splits: Sequence[Sample]) -> Roles:
        return assign_roles(splits, digests(*splits.values()), share=0.2, choosing=choosing, needs=needs)

    note = "the test split has no labels: it is not judged on, and nothing is chosen on it"
    roles = roles_of(train=train, val=val, test=test)
    assert (roles.train, roles.choose, roles.judge, roles.judged_split) == (train, [], val, "val")
    assert roles.notes[0] == note
    assert not {s.key for s in roles_of(choosing=True, train=train, val=val, test=test).choose} & {s.key for s in val}
    roles = roles_of(train=train, test=test)
    assert roles.judged_split == "held out" and len(roles.train) + len(roles.judge) == 200
    assert roles.notes[:2] == (note, "no split is left to judge on: pictures are held out by a hash of their content")
    roles = roles_of(choosing=True, train=train, val=bare("val", 10), test=some("test", 10))
    assert roles.judged_split == "test" and all(s.key.startswith("train/") for s in roles.choose)
    partly = [*test, *some("test2", 1)]
    assert roles_of(train=train, val=val, test=partly).judge == partly


def test_held_out_pictures_must_have_labels() -> None:
    needs, roles = frozenset({"labels"}), Roles(some("train", 5), [], some("val", 1), "val", ())
    assert checked(roles, needs) is roles
    for judge, choose, purpose in ((bare("x", 2), [], "judge on"), (some("x", 1), bare("x", 2), "choose on")):
        with pytest.raises(InputError, match=f"none of the 2 pictures to {purpose} has labels: annotate more"):
            checked(Roles(roles.train, choose, judge, "held out", ()), needs)


def test_pictures_without_annotations_teach_nothing() -> None:
    needs, train, judge = (
        frozenset({"labels"}),
        [*some("train", 3), *bare("more", 2)],
        [*some("val", 2), *bare("odd", 1)],
    )
    roles = teaching(Roles(train, [], judge, "val", ("so",)), needs)
    assert roles.train == train[:3] and roles.judge == judge
    assert roles.notes == ("so", "left out of training: 2 of 5 pictures, as they have no labels")
    whole = Roles(train[:3], [], judge, "val", ())
    assert teaching(whole, needs) is whole
    none = Roles(train[3:], [], judge, "val", ())
    assert teaching(none, needs) is none  # the checks refuse it, in words of their own


def test_nothing_to_learn_from_is_an_error() -> None:
    with pytest.raises(InputError, match="no training pictures"):
        assign(test=some("test", 5))


def test_a_single_group_cannot_be_divided() -> None:
    samples = [Sample(f"{i}", ArrayImage(PIXELS), ("ab"[i % 2],), extra={"patient": "p"}) for i in range(50)]
    with pytest.raises(InputError, match="no pictures to judge on: there are too few groups of equal patient"):
        assign_roles({"train": samples}, digests(samples), share=0.2, choosing=False, group="patient")


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


def test_classes_are_counted_by_role_and_field() -> None:
    boxes = Boxes(np.zeros((3, 4), np.float32), ("car", "car", "bus"))
    both = Sample("x", ArrayImage(PIXELS), ("night",), boxes)
    roles = Roles([both, both], [], [Sample("y", ArrayImage(PIXELS))], "val", ())
    assert count_classes(roles, "labels") == {"night": {"train": 2}}
    assert count_classes(roles, "boxes") == {"car": {"train": 4}, "bus": {"train": 2}}
