"""Dividing by hash: nothing moves when files are added, copies and groups stay together, shares come out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearsight.core.errors import InputError
from clearsight.core.sample import ArrayImage, Sample
from clearsight.data.splits import SMALL, Division, divide

IMAGE = ArrayImage(np.zeros((1, 1), np.uint8))
SHARES = {"train": 0.7, "val": 0.2, "test": 0.1}


def make(contents: list[tuple[str, int]], **extra: list[str]) -> tuple[list[Sample], dict[str, str]]:
    """Samples of (label, content), with further columns."""
    samples = []
    for n, (label, _) in enumerate(contents):
        columns = {name: values[n] for name, values in extra.items()}
        samples.append(Sample(f"{n}", IMAGE, labels=(label,), extra=columns))
    return samples, {f"{n}": f"digest {content}" for n, (_, content) in enumerate(contents)}


def where(division: Division) -> dict[str, str]:
    """The part of each key."""
    return {sample.key: name for name, part in division.parts.items() for sample in part}


big_classes = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 10_000)), max_size=60).map(
    lambda more: [(label, n) for n in range(SMALL) for label in "ab"] + more
)


@given(big_classes, st.lists(st.tuples(st.sampled_from("abc"), st.integers()), max_size=30))
def test_adding_samples_moves_none_of_a_class_that_is_large(
    contents: list[tuple[str, int]], more: list[tuple[str, int]]
) -> None:
    before = where(divide(*make(contents), SHARES))
    after = where(divide(*make(contents + more), SHARES))
    assert {key: after[key] for key in before} == before


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), max_size=80))
def test_exact_copies_stay_together_and_no_sample_is_lost(contents: list[tuple[str, int]]) -> None:
    samples, digests = make(contents)
    division = divide(samples, digests, SHARES)
    parts = where(division)
    assert sorted(parts) == sorted(sample.key for sample in samples)
    by_content: dict[str, set[str]] = {}
    for key, part in parts.items():
        by_content.setdefault(digests[key], set()).add(part)
    assert all(len(found) == 1 for found in by_content.values())


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.sampled_from("xyz")), min_size=1))
def test_groups_stay_together(rows: list[tuple[str, int, str]]) -> None:
    patients = [patient for _, _, patient in rows]
    samples, digests = make([(label, content) for label, content, _ in rows], patient=patients)
    parts = where(divide(samples, digests, SHARES, group="patient"))
    for patient in set(patients):
        assert len({parts[s.key] for s in samples if s.extra["patient"] == patient}) == 1


@given(st.integers(0, SMALL - 1), st.integers(0, 1000))
def test_small_classes_are_divided_by_rank(size: int, start: int) -> None:
    samples, digests = make([("rare", start + n) for n in range(size)])
    division = divide(samples, digests, {"train": 0.8, "val": 0.2})
    reached = len(division.parts["val"])
    assert abs(reached - 0.2 * size) <= 0.5 + 1e-9
    if size:
        assert division.parts["train"]


@given(st.integers(2, SMALL - 1), st.integers(0, 1000))
def test_few_groups_are_divided_by_rank(groups: int, start: int) -> None:
    """By hash alone, of six patients one run in four would have none to judge on."""
    patients = [f"p{start + n // 30}" for n in range(30 * groups)]
    samples, digests = make([("ab"[n % 2], n) for n in range(30 * groups)], patient=patients)
    division = divide(samples, digests, {"train": 0.8, "val": 0.2}, group="patient")
    reached = len({sample.extra["patient"] for sample in division.parts["val"]})
    assert abs(reached - 0.2 * groups) <= 0.5 + 1e-9 and division.parts["train"]


def test_one_picture_goes_to_the_first_part_even_where_its_share_is_small() -> None:
    division = divide(*make([("rare", 1)]), {"train": 0.3, "test": 0.7})
    assert [len(part) for part in division.parts.values()] == [1, 0]
    assert "test has no picture" not in " ".join(division.notes)  # an empty part lacks everything: said by its share


def test_shares_come_close_and_are_told() -> None:
    division = divide(*make([("ab"[n % 2], n) for n in range(10_000)]), SHARES)
    for name, share in SHARES.items():
        assert len(division.parts[name]) / 10_000 == pytest.approx(share, abs=0.015)  # 3 standard deviations
    counts = {name: len(part) for name, part in division.parts.items()}
    assert division.notes == [
        f"divided by hash of the content: train {counts['train']:,} ({counts['train'] / 100:.1f} %, asked 70 %), "
        f"val {counts['val']:,} ({counts['val'] / 100:.1f} %, asked 20 %), "
        f"test {counts['test']:,} ({counts['test'] / 100:.1f} %, asked 10 %)"
    ]


def test_a_division_stays_what_it_is() -> None:
    """Runs are compared over years: the hash may never change."""
    parts = where(divide(*make([("a", n) for n in range(25)]), {"train": 0.8, "val": 0.2}))
    assert [int(key) for key, part in parts.items() if part == "val"] == [1, 6, 10, 13, 17, 18, 20, 24]


def test_unreadable_samples_go_to_the_first_part_and_are_named() -> None:
    samples, digests = make([("a", n) for n in range(40)])
    del digests["7"]
    division = divide(samples, digests, SHARES)
    assert "7" in {sample.key for sample in division.parts["train"]}
    assert division.notes[0] == "1 picture that cannot be read put into the first part: 7"


def test_a_class_that_a_part_lacks_is_named() -> None:
    division = divide(*make([("a", n) for n in range(30)] + [("rare", 99)]), {"train": 0.8, "val": 0.2})
    assert division.notes[-1] == "val has no picture of rare"


def test_samples_without_a_group_fall_back_on_their_content() -> None:
    samples, digests = make([("a", n) for n in range(30)], site=["x"] * 10 + [""] * 20)
    division = divide(samples, digests, SHARES, group="site")
    assert division.notes[0] == "20 pictures without 'site' divided by their content: 10, 11, 12 and 17 more"
    assert division.notes[1].startswith("divided by hash of site: ")
    with pytest.raises(InputError, match="no sample has the column 'sight' to be grouped by; there is site"):
        divide(samples, digests, SHARES, group="sight")


@pytest.mark.parametrize("shares", [{}, {"train": 0.8}, {"train": 1.2, "val": -0.2}, {"train": float("nan")}])
def test_shares_that_cannot_be(shares: dict[str, float]) -> None:
    with pytest.raises(InputError, match="shares must be 0 or more and add up to 1"):
        divide(*make([("a", 1)]), shares)
