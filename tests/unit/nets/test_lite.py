"""The parts of our small segmentation net."""

from __future__ import annotations

import pytest
import torch

from clearsight.nets.lite import STRIDES, Body, Context, Ladder, TwoReaches


def test_the_body_gives_its_levels() -> None:
    levels = Body(1)(torch.rand(2, 1, 64, 96))
    assert [tuple(level.shape) for level in levels] == [
        (2, channels, 64 // stride, 96 // stride) for channels, stride in zip(Body.channels, STRIDES, strict=True)
    ]


@pytest.mark.parametrize("reach", [1, 2, 8])
def test_a_block_looks_as_far_as_it_says(reach: int) -> None:
    """What changes at the middle of the output depends on pixels near it and those at its reach, and no others."""
    torch.manual_seed(0)
    block = TwoReaches(64, reach).eval()
    x = torch.rand(1, 64, 21, 21, requires_grad=True)
    block(x)[..., 10, 10].sum().backward()
    assert x.grad is not None
    rows, columns = x.grad[0].abs().sum(0).nonzero().T - 10
    assert {abs(int(each)) for each in (*rows, *columns)} == {0, 1, reach}


def test_every_place_knows_of_the_whole_picture() -> None:
    torch.manual_seed(0)
    context = Context(6, 8).eval()
    x = torch.rand(1, 6, 9, 12, requires_grad=True)
    context(x)[..., 0, 0].sum().backward()
    assert x.grad is not None and (x.grad.abs().sum(1) > 0).all()


def test_the_ladder_has_fewer_channels_the_finer_the_level_and_leads_from_the_coarsest_to_the_finest() -> None:
    torch.manual_seed(0)
    ladder = Ladder((4, 6, 8, 10), 24).eval()
    assert ladder.widths == [12, 16, 24, 24]
    channels = {4: 1, 6: 2, 8: 4, 10: 8}
    levels = [torch.rand(1, c, 32 // s, 64 // s, requires_grad=True) for c, s in channels.items()]
    found = ladder(levels)
    assert [tuple(level.shape) for level in found] == [(1, 12, 32, 64), (1, 16, 16, 32), (1, 24, 8, 16), (1, 24, 4, 8)]
    found[0].sum().backward()
    assert all(level.grad is not None and level.grad.any() for level in levels)
