"""Pictures and classes moved in step."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from clearsight.ops import affine
from clearsight.ops.resize import PAD
from clearsight.ops.warp import warp_images, warp_indices


def maps_of(seed: int, count: int) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    lots = torch.rand(5, count, generator=draw)
    parts = [
        affine.turn(lots[0] * 6),
        affine.stretch(0.5 + lots[1], 0.5 + lots[2]),
        affine.move(lots[3] - 0.5, lots[4]),
    ]
    return affine.compose(parts)


@given(st.integers(0, 2**30), st.integers(1, 9), st.integers(1, 9))
def test_classes_are_those_that_the_nearest_sampling_gives(seed: int, height: int, width: int) -> None:
    """`grid_sample` in its mode "nearest", of classes as floats, away from where two pixels are equally near."""
    maps = maps_of(seed, 2)
    classes = torch.randint(0, 7, (2, 5, 8), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    found = warp_indices(classes, maps, (height, width), 255)
    grid = affine.places(maps, height, width)
    wanted = F.grid_sample(classes[:, None].float() - 255, grid, "nearest", "zeros", align_corners=False)[:, 0] + 255
    places = (grid + 1) * torch.tensor([8, 5]) / 2
    clear = ((places - places.round()).abs() > 1e-3).all(-1)
    assert found.dtype == torch.uint8
    assert torch.equal(found[clear], wanted.to(torch.uint8)[clear])


def test_pictures_are_grey_and_classes_void_beyond_the_border() -> None:
    maps = affine.move(torch.tensor([0.5]), 0.0)
    images = torch.full((1, 3, 4, 8), 255, dtype=torch.uint8)
    shown, classes = warp_images(images, maps, (4, 8)), warp_indices(images[:, 0] * 0, maps, (4, 8), 9)
    assert torch.allclose(shown[..., :4], torch.tensor(PAD)) and (shown[..., 5:] == 1).all()
    assert (classes[..., :4] == 9).all() and (classes[..., 4:] == 0).all()


def test_where_nothing_moves_every_pixel_stays() -> None:
    images = torch.randint(0, 256, (3, 3, 6, 10), dtype=torch.uint8)
    still = affine.stretch(torch.ones(3), 1.0)
    torch.testing.assert_close(warp_images(images, still, (6, 10)), images / 255, atol=1e-6, rtol=0)
    assert torch.equal(warp_indices(images[:, 0], still, (6, 10), 0), images[:, 0])
