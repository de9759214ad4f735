"""The best pairs of place and class."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from clearsight.ops.candidates import best_candidates


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 4), st.integers(1, 20))
def test_they_are_those_that_sorting_everything_finds(seed: int, places: int, classes: int, most: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    boxes, scores = torch.rand(2, places, 4, generator=draw), torch.rand(2, places, classes, generator=draw)
    found = best_candidates(boxes, scores, most)
    count = min(most, places * classes)
    assert found["boxes"].shape == (2, count, 4)
    for row in range(2):
        order = scores[row].flatten().argsort(descending=True)[:count]
        assert torch.equal(found["scores"][row], scores[row].flatten()[order])
        assert torch.equal(found["classes"][row], order % classes)
        assert torch.equal(found["boxes"][row], boxes[row, order // classes])


def test_scores_pass_the_gradient_on() -> None:
    scores = torch.rand(1, 5, 2, requires_grad=True)
    best_candidates(torch.rand(1, 5, 4), scores, 3)["scores"][0, 0].backward()
    assert scores.grad is not None and scores.grad.sum() == 1
    assert scores.grad.flatten()[scores.flatten().argmax()] == 1
