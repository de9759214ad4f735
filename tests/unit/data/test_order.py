"""Whole epochs and weighted draws, as functions of seed and position."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_sets import PLAIN, colours, plain

from clearsight.data.batches import Feed, FileBatches, StoreBatches
from clearsight.data.cache import prepare
from clearsight.data.order import Order

CPU = torch.device("cpu")


@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 99))
def test_a_whole_epoch_is_cut_by_itself(size, batch_size, seed):
    order = Order(size, batch_size, seed, whole=True)
    assert order.per_epoch == -(-size // batch_size)
    for epoch in range(3):
        batches = [order.batch(epoch * order.per_epoch + number) for number in range(order.per_epoch)]
        lengths = list(map(len, batches))
        assert max(lengths) <= batch_size and max(lengths) - min(lengths) <= 1
        assert torch.cat(batches).tolist() == order.epoch(epoch).tolist()
        assert sorted(order.epoch(epoch).tolist()) == list(range(size))
        assert order.passes(epoch * order.per_epoch).tolist() == [epoch] * lengths[0]
    follow = torch.cat([order.batch(1 + number) for number in range(2 * order.per_epoch)]).tolist()
    assert list(order.after(0)) == follow[:size]


def test_draws_follow_the_weights_and_start_anywhere():
    weights = torch.tensor([0.0, 1.0, 1.0, 6.0])
    order = Order(4, 3, seed=2, weights=weights)
    drawn = torch.cat([order.batch(number) for number in range(2000)])
    share = drawn.bincount(minlength=4) / len(drawn)
    assert share[0] == 0 and torch.allclose(share, weights / 8, atol=0.02)
    assert Order(4, 3, seed=2, weights=weights).batch(777).tolist() == drawn.view(-1, 3)[777].tolist()
    assert len(order.epoch(5)) == 4


@pytest.mark.parametrize("weights", [[1.0, 1.0], [1.0, -1.0, 1.0], [0.0, 0.0, 0.0], [1.0, float("nan"), 1.0]])
def test_weights_that_make_no_sense_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        Order(3, 2, 0, weights=torch.tensor(weights))


@pytest.mark.parametrize("more", [{"whole": True}, {"weights": torch.tensor([1.0, 0, 0, 1, 1, 1, 1, 1, 1, 5])}])
def test_store_and_files_draw_the_same(more):
    samples = colours(10)
    feed = Feed(batch_size=4, seed=3, device=CPU, workers=0, **more)
    store = StoreBatches(prepare(samples, PLAIN), PLAIN, feed)
    files = FileBatches(samples, PLAIN, feed)
    begun = plain(store.start(0), 9)
    assert plain(files.start(2), 7) == begun[2:]
    ranks = [
        plain(StoreBatches(prepare(samples, PLAIN), PLAIN, replace(feed, batch_size=2, rank=r, world=2)).start(0), 9)
        for r in range(2)
    ]
    assert [a[0] + b[0] for a, b in zip(*ranks, strict=True)] == [keys for keys, *_ in begun]
