"""Streams of parts: shares by hash, heads, counts, and the order of a pass."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import pytest
from small_sets import colours

from clearsight.core.sample import Sample
from clearsight.data.sample_stream import SampleStream


@dataclass(frozen=True)
class Slice:
    """A part of a small set."""

    start: int
    stop: int
    nbytes: int = 0
    name: str = "slice"

    def samples(self):
        return iter(colours(self.stop)[self.start :])


def stream(*sizes: int, nbytes: int = 10) -> SampleStream:
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    return SampleStream(tuple(Slice(end - size, end, nbytes * size) for size, end in zip(sizes, ends, strict=True)))


def keys(samples) -> list[str]:
    return [sample.key for sample in samples]


def test_shares_divide_a_stream_and_adding_moves_nothing():
    whole = stream(90, 60)
    train, judge = whole.within(0, 0.8), whole.within(0.8, 1)
    assert sorted(keys(train) + keys(judge)) == sorted(keys(whole)) and 15 < len(keys(judge)) < 45
    assert set(keys(judge)) <= set(keys(stream(90, 60, 50).within(0.8, 1)))
    inner, aside = train.within(0, 0.9, salt="choose"), train.within(0.9, 1, salt="choose")
    assert sorted(keys(inner) + keys(aside)) == sorted(keys(train)) and len(keys(aside)) > 3
    assert [sample.key for sample in whole if train.holds(sample)] == keys(train)


def test_a_group_stays_together():
    samples = [Sample(str(n), colours(1)[0].image, extra={"day": n // 10 if n < 90 else None}) for n in range(100)]

    @dataclass(frozen=True)
    class Days(Slice):
        def samples(self):
            return iter(samples)

    kept = list(SampleStream((Days(0, 0),)).within(0, 0.5, group="day"))
    counts = {day: sum(s.extra["day"] == day for s in kept) for day in range(9)}
    assert set(counts.values()) == {0, 10} and 0 < sum(s.extra["day"] is None for s in kept) < 10


def test_a_head_comes_from_all_over():
    assert keys(stream(5, 5, 5).head(6)) == ["s0", "s1", "s5", "s6", "s10", "s11"]
    assert keys(stream(1, 5).head(4)) == ["s0", "s1", "s2"]
    assert len(stream(*[3] * 10).head(4)) == 4 and keys(stream(2).head(9)) == ["s0", "s1"]


@pytest.mark.parametrize(
    ("made", "budget", "expected"),
    [
        (stream(5, 7, 8), 100, (20, True)),
        (stream(5, 7, 8), 20, (20, True)),
        (stream(5, 7, 8), 5, (20, False)),  # five in 50 bytes, so fifteen in 150
        (stream(30, nbytes=0), 100, (30, True)),
        (stream(30, nbytes=0), 10, (None, False)),
        (stream(30, 30, nbytes=0), 10, (None, False)),
    ],
)
def test_counting_ends_in_an_estimate(made, budget, expected):
    assert made.count(budget) == expected


def test_a_pass_takes_the_parts_in_an_order_of_its_own():
    read = stream(*[2] * 8).reader(seed=1)
    passes = [keys(read(number)) for number in range(4)]
    assert all(sorted(order) == sorted(passes[0]) for order in passes) and len(set(map(tuple, passes))) == 4
    assert keys(read(2)) == passes[2] and keys(stream(*[2] * 8).reader(seed=2)(0)) != passes[0]
    assert all(int(b[1:]) == int(a[1:]) + 1 for a, b in zip(passes[1][::2], passes[1][1::2], strict=True))


def test_changes_are_made_one_after_another():
    def renamed(sample):
        return Sample(sample.key + "!", sample.image) if sample.key != "s1" else None

    assert keys(SampleStream((Slice(0, 3),), (renamed, renamed))) == ["s0!!", "s2!!"]
    assert list(chain(SampleStream(()))) == []
