"""Named changes of pixels: what each draws, in which order, and that nothing asked draws nothing."""

from __future__ import annotations

import pytest
import torch

from clearsight.ops import filters
from clearsight.ops import transforms as T
from clearsight.ops.jitter import BLUR, jitter


def pictures() -> torch.Tensor:
    return torch.rand(6, 3, 12, 20, generator=torch.Generator().manual_seed(0))


def test_nothing_asked_draws_nothing() -> None:
    draw, images = torch.Generator().manual_seed(3), pictures()
    before = draw.get_state()
    assert jitter(images, {"colour": 0.0, "flip": 1.0}, 20, draw) is images
    assert torch.equal(draw.get_state(), before)


def test_it_is_colour_then_blur_then_noise_by_the_functions_of_their_own() -> None:
    """Drawn by hand in the same order, on pictures that are no squares."""
    made = jitter(pictures(), {"noise": 0.2, "colour": 0.3, "blur": 0.5}, 200, torch.Generator().manual_seed(3))
    draw, wanted = torch.Generator().manual_seed(3), pictures()
    wanted = T.colour(wanted, *(T.uniform(6, 0.7, 1.3, draw) for _ in range(3)))
    rows = T.chance(6, 0.5, draw).nonzero()[:, 0]
    sigma = T.uniform(6, 0.01, BLUR * 200, draw)
    assert 0 < len(rows) < 6
    wanted[rows] = filters.blur(wanted[rows], sigma[rows])
    wanted = filters.noise(wanted, torch.randn(wanted.shape, generator=draw), T.uniform(6, 0, 0.2, draw))
    torch.testing.assert_close(made, wanted)


@pytest.mark.parametrize(("progress", "close", "over"), [(0.9, 0.1, True), (0.89, 0.1, False), (1.0, 0.0, False)])
def test_mixing_closes_for_the_last_share(progress: float, close: float, over: bool) -> None:
    assert T.closed(progress, close) == over


def test_quarter_turns_of_squares() -> None:
    images = torch.rand(3, 1, 4, 4)
    made = T.quarter_turns(images, torch.tensor([-1, 0, 1]))
    wanted = [images[0].rot90(-1, (-2, -1)), images[1], images[2].rot90(1, (-2, -1))]
    assert torch.equal(made, torch.stack(wanted))
