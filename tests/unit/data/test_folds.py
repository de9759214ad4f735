"""Folds: every picture once, classes even, groups and copies whole, the same whatever the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.core.errors import InputError
from clearsight.core.sample import ArrayImage, Sample
from clearsight.data.folds import divide_folds

PIXELS = ArrayImage(np.zeros((1, 1, 3), np.uint8))


def samples(labels: list[str], groups: list[str] | None = None) -> list[Sample]:
    return [
        Sample(f"s{i:03}", PIXELS, (label,), extra={"site": groups[i]} if groups else {})
        for i, label in enumerate(labels)
    ]


def own(made: list[Sample]) -> dict[str, str]:
    return {sample.key: f"hash of {sample.key}" for sample in made}


@settings(max_examples=50)
@given(st.lists(st.sampled_from("abc"), min_size=10, max_size=60), st.integers(2, 7), st.randoms())
def test_every_picture_is_in_one_fold_and_classes_are_even(labels: list[str], folds: int, random: object) -> None:
    made = samples(labels)
    parts = divide_folds(made, own(made), folds).parts
    assert sorted(s.key for part in parts.values() for s in part) == [s.key for s in made]
    for label in set(labels):
        counts = [sum(s.labels == (label,) for s in part) for part in parts.values()]
        assert max(counts) - min(counts) <= 1
    sizes = [len(part) for part in parts.values()]
    assert max(sizes) - min(sizes) <= len(set(labels))
    shuffled = list(made)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = divide_folds(shuffled, own(made), folds).parts
    assert {fold: {s.key for s in part} for fold, part in again.items()} == {
        fold: {s.key for s in part} for fold, part in parts.items()
    }


def test_groups_and_copies_stay_together() -> None:
    made = samples(list("aabb") * 6, groups=[f"p{i // 4}" for i in range(24)])
    parts = divide_folds(made, own(made), 3, group="site").parts
    homes = [{s.extra["site"] for s in part} for part in parts.values()]
    assert [len(home) for home in homes] == [2, 2, 2]
    assert not homes[0] & homes[1] | homes[1] & homes[2] | homes[0] & homes[2]
    copies = {sample.key: f"hash {number // 2}" for number, sample in enumerate(made)}
    parts = divide_folds(made, copies, 3).parts
    where = {s.key: fold for fold, part in parts.items() for s in part}
    assert all(where[made[i].key] == where[made[i + 1].key] for i in range(0, 24, 2))


def test_too_few_to_fill_the_folds_is_an_error() -> None:
    made = samples(list("ab"))
    with pytest.raises(InputError, match=r"--folds 3: 2 pictures that differ do not fill so many folds"):
        divide_folds(made, own(made), 3)
