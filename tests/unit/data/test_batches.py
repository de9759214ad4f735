"""Batches: their order is a pure function of seed and number, whoever makes them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_sets import MIXING, PLAIN, RAGGED, again, colours, files, plain, to_example

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Stages
from clearsight.core.sample import Sample
from clearsight.data.batches import (
    Feed,
    FileBatches,
    StoreBatches,
    StreamBatches,
    judge_batches,
    training_batches,
)
from clearsight.data.cache import prepare
from clearsight.data.order import Flow, Order, shuffled
from clearsight.data.store import Store
from clearsight.data.workers import Row

HERE = Path(__file__).parent
CPU = torch.device("cpu")


def make(kind: str, samples: list[Sample], stages: Stages = PLAIN, **options):
    feed = Feed(**{"batch_size": 4, "seed": 3, "device": CPU, "workers": 0, "buffer": 5} | options)
    if kind == "store":
        return StoreBatches(prepare(samples, stages), stages, feed)
    if kind == "files":
        return FileBatches(samples, stages, feed)
    return StreamBatches(partial(again, samples), stages, feed)


KINDS = ("store", "files", "stream")


@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 99), st.integers(0, 12))
def test_an_order_is_epochs_without_a_seam(size, batch_size, seed, start):
    order = Order(size, batch_size, seed)
    drawn = torch.cat([order.batch(number) for number in range(size)]).tolist()  # batch_size epochs
    epochs = [drawn[i : i + size] for i in range(0, len(drawn), size)]
    assert all(sorted(epoch) == list(range(size)) for epoch in epochs)
    fresh = Order(size, batch_size, seed)
    assert fresh.batch(start).tolist() == order.batch(start).tolist()
    follow = torch.cat([order.batch(start + 1 + n) for n in range(size)]).tolist()
    assert list(order.after(start)) == follow[:size]


def test_epochs_and_seeds_are_shuffled_differently():
    orders = [Order(50, 50, seed).batch(epoch).tolist() for seed in (0, 1) for epoch in (0, 1)]
    assert len(set(map(tuple, orders))) == 4 and list(range(50)) not in orders
    assert Order(5, 3, 0, shuffle=False).batch(1).tolist() == [3, 4, 0]


def test_an_empty_set_has_no_order():
    with pytest.raises(ValueError, match="0 samples"):
        Order(0, 4, 0)


@given(st.integers(0, 60), st.integers(1, 20), st.integers(0, 9))
def test_a_shuffle_buffer_gives_every_sample_once(count, buffer, number):
    samples = colours(count)
    order = [sample.key for sample in shuffled(samples, 1, number, buffer)]
    assert sorted(order) == sorted(sample.key for sample in samples)
    assert order == [sample.key for sample in shuffled(samples, 1, number, buffer)]
    if buffer == 1:
        assert order == [sample.key for sample in samples]


def test_a_flow_can_be_looked_ahead():
    flow = Flow(partial(again, colours(5)), seed=0, buffer=3)
    taken = [s.key for _, s in flow.take(4)]
    ahead = [s.key for s in islice(flow.coming(), 4)]
    assert [(number, s.key) for number, s in flow.take(4)] == list(zip([0, 1, 1, 1], ahead, strict=True))
    assert sorted(taken + ahead[:1]) == [f"s{i}" for i in range(5)] and flow.size == 5


@given(st.integers(1, 9), st.integers(1, 12), st.integers(0, 40))
def test_a_flow_that_skips_goes_on_where_one_that_does_not_would_be(size, buffer, skip):
    read = partial(again, colours(size))
    whole = [(number, s.key) for number, s in Flow(read, 2, buffer).take(skip + 15)]
    assert [(number, s.key) for number, s in Flow(read, 2, buffer, skip=skip).take(15)] == whole[skip:]


def test_each_picture_of_a_stream_knows_its_pass():
    batches = make("stream", colours(10), Stages(to_example, "as they are", lambda batch, draw: batch))
    passes = torch.cat([batch.passes for batch in islice(batches.start(0), 10)])
    assert passes.tolist() == [n // 10 for n in range(40)]
    assert next(batches.start(7)).passes.tolist() == [2, 2, 3, 3]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stages", [PLAIN, RAGGED, MIXING], ids=lambda stages: stages.signature)
def test_starting_later_gives_the_same_batches(kind, stages):
    batches = make(kind, colours(10), stages)
    begun = plain(batches.start(0), 9)
    assert plain(batches.start(4), 5) == begun[4:]
    assert plain(make(kind, colours(10), stages).start(7), 2) == begun[7:]
    assert plain(make(kind, colours(10), stages, seed=4).start(0), 9) != begun
    counts = Counter(key for keys, *_ in begun[:5] for key in keys)
    assert set(counts.values()) == {2} and len(counts) == 10  # five batches of four are two epochs of ten
    assert all(len(keys) == 4 for keys, *_ in begun)


@pytest.mark.parametrize("stages", [PLAIN, RAGGED, MIXING], ids=lambda stages: stages.signature)
def test_store_and_files_give_the_same_batches(stages):
    samples = colours(7)
    assert plain(make("store", samples, stages).start(2), 6) == plain(make("files", samples, stages).start(2), 6)


@pytest.mark.parametrize("kind", KINDS)
def test_ranks_take_slices_of_one_batch(kind):
    samples = colours(10)
    single = plain(make(kind, samples, batch_size=6).start(1), 4)
    ranks = [plain(make(kind, samples, batch_size=2, rank=rank, world=3).start(1), 4) for rank in range(3)]
    for number in range(4):
        assert [key for rank in ranks for key in rank[number][0]] == single[number][0]
    draws = [rank[0][1][0] % 1 for rank in ranks]
    assert len(set(draws)) == 3  # every rank augments with numbers of its own


@pytest.mark.parametrize("kind", KINDS)
def test_a_mix_draws_partners_from_the_set(kind):
    batches = make(kind, colours(10), MIXING, batch_size=8).start(0)
    others = torch.cat([next(batches).targets["others"] for _ in range(20)])
    assert others.shape == (160, 2) and set(others.flatten().tolist()) == set(range(10))


@pytest.mark.parametrize("kind", KINDS)
def test_a_mix_knows_where_training_stands(kind):
    batches = make(kind, colours(10), MIXING, total=8).start(2)
    assert [set(next(batches).targets["progress"].tolist()) for _ in range(3)] == [{0.25}, {0.375}, {0.5}]


@pytest.mark.parametrize("kind", ["files", "stream"])
def test_bad_pictures_make_batches_smaller_and_are_listed_once(tmp_path, kind):
    samples = files(tmp_path, 10, broken=(2, 7))
    batches = make(kind, samples)
    taken = plain(batches.start(0), 10)  # four epochs
    counts = Counter(key for keys, *_ in taken for key in keys)
    assert counts == {f"{i:02}.png": 4 for i in range(10) if i not in (2, 7)}
    assert {len(keys) for keys, *_ in taken} <= {2, 3, 4}
    assert sorted(Path(bad.name).name for bad in batches.bad) == ["02.png", "07.png"]
    assert batches.bad[0].reason == "is a text file, not a picture"
    assert plain(batches.start(3), 7) == taken[3:] and len(batches.bad) == 2


@pytest.mark.parametrize("kind", ["files", "stream"])
def test_where_a_whole_batch_is_bad_the_next_picture_stands_in(tmp_path, kind):
    samples = files(tmp_path, 4, broken=(1, 2))
    batches = make(kind, samples, batch_size=1, shuffle=False)
    taken = plain(batches.start(0), 8)
    assert [keys for keys, *_ in taken] == [["00.png"], ["03.png"], ["03.png"], ["03.png"]] * 2
    with pytest.raises(InputError, match=r"pictures in a row cannot be used; the last: .*is a text file"):
        next(make(kind, files(tmp_path / "bad", 3, broken=(0, 1, 2))).start(0))


def test_bad_partners_are_replaced_by_the_picture_itself(tmp_path):
    batches = make("files", files(tmp_path, 4, broken=(1, 2, 3)), MIXING, batch_size=4).start(0)
    assert next(batches).targets["others"].tolist() == [[0, 0]]


def test_a_row_decodes_what_is_asked_for_and_once():
    asked = []

    def make_one(sample):
        asked.append(sample.key)
        return None if sample.key == "s2" else to_example(sample, sample.image.load())

    first, *others = colours(4)
    row = Row(to_example(first, first.image.load()), others, make_one)
    assert len(row) == 4 and row[0].key == "s0" and asked == []
    assert [row[3].key, row[-1].key, row[1].key] == ["s3", "s3", "s1"] and asked == ["s3", "s1"]
    assert [example.key for example in row] == ["s0", "s1", "s0", "s3"]  # the first stands in for what cannot be used
    assert [example.key for example in row[1:3]] == ["s1", "s0"] and asked == ["s3", "s1", "s2"]
    with pytest.raises(IndexError):
        row[4]


def test_a_store_lists_its_bad_pictures(tmp_path):
    batches = make("store", files(tmp_path, 6, broken=(3,)))
    assert batches.size == 5 and [Path(bad.name).name for bad in batches.bad] == ["03.png"]


def test_a_streams_size_is_known_after_a_pass():
    batches = make("stream", colours(10))
    taking = batches.start(0)
    next(taking)
    assert batches.size is None
    plain(taking, 3)
    assert batches.size == 10
    with pytest.raises(InputError, match="stream of samples is empty"):
        next(make("stream", []).start(0))


def test_a_store_that_streams_is_read_from_files():
    store = Store("stream", "", colours(6))
    feed = Feed(batch_size=2, seed=0, device=CPU, workers=0)
    batches = training_batches(store, PLAIN, feed)
    assert isinstance(batches, FileBatches)
    kept = training_batches(prepare(colours(6), PLAIN), PLAIN, feed)
    assert isinstance(kept, StoreBatches)
    assert plain(batches.start(0), 5) == plain(kept.start(0), 5)
    with pytest.raises(TypeError, match="FileBatches"):
        StoreBatches(store, PLAIN, feed)


@pytest.mark.parametrize("kind", KINDS)
def test_the_global_generator_is_left_alone(kind):
    batches = make(kind, colours(5), MIXING)
    torch.manual_seed(0)
    first = torch.rand(3)
    torch.manual_seed(0)
    plain(batches.start(0), 3)
    assert torch.equal(torch.rand(3), first)


@pytest.mark.parametrize("stages", [PLAIN, RAGGED], ids=lambda stages: stages.signature)
def test_judging_is_one_pass_in_order(tmp_path, stages):
    samples, bad = files(tmp_path, 11, broken=(4,)), []
    store = prepare(samples, stages)
    kept = list(judge_batches(store, stages, batch_size=4, device=CPU))
    read = list(judge_batches(samples, stages, batch_size=4, device=CPU, bad=bad))
    assert [len(batch) for batch in kept] == [4, 4, 2]
    assert plain(iter(kept), 3) == plain(iter(read), 3)
    assert [key for batch in kept for key in batch.keys] == [s.key for i, s in enumerate(samples) if i != 4]
    assert [Path(item.name).name for item in bad] == ["04.png"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["files", "stream"])
def test_workers_change_nothing(tmp_path, kind):
    samples = files(tmp_path, 10, broken=(2, 7))
    wanted, found = make(kind, samples, MIXING), []
    expected = plain(wanted.start(3), 7)
    for workers in (1, 2):
        batches = make(kind, samples, MIXING, workers=workers)
        assert plain(batches.start(3), 7) == expected
        assert batches.bad[0].reason == "is a text file, not a picture"
        found.append({bad.name for bad in batches.bad})
    assert all({bad.name for bad in wanted.bad} <= names and len(names) == 2 for names in found)


@pytest.mark.slow
def test_a_workers_error_is_one_sentence(tmp_path):
    batches = make("files", files(tmp_path, 3, broken=(0, 1, 2)), workers=1).start(0)
    with pytest.raises(InputError, match=r"^\d+ pictures in a row cannot be used; the last: [^\n]*$"):
        next(batches)


ORPHANS = """
import sys, time
sys.path.insert(0, sys.argv[1])
import torch
from small_sets import PLAIN, colours
from clearsight.data.batches import Feed, FileBatches
import multiprocessing

if __name__ == "__main__":
    feed = Feed(batch_size=2, seed=0, device=torch.device("cpu"), workers=1)
    batches = FileBatches(colours(9), PLAIN, feed).start(0)
    next(batches)
    print(*[child.pid for child in multiprocessing.active_children()], flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_workers_end_with_a_killed_run(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(ORPHANS)
    with subprocess.Popen([sys.executable, script, HERE], stdout=subprocess.PIPE) as process:
        workers = [int(pid) for pid in process.stdout.readline().split()]
        process.kill()
    assert workers
    end = time.monotonic() + 30
    while any(map(_alive, workers)) and time.monotonic() < end:
        time.sleep(0.2)
    assert not any(map(_alive, workers))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").is_dir() else True
