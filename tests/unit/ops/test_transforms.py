"""Augmentations by hand."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.ops import transforms as T
from clearsight.ops.random import fold, generator

ONE, ZERO = torch.ones(1), torch.zeros(1)


def ramp(height: int = 4, width: int = 4) -> torch.Tensor:
    return torch.arange(height * width, dtype=torch.float32).reshape(1, 1, height, width) / (height * width)


def test_flip_mirrors_the_chosen() -> None:
    images = torch.cat([ramp(), ramp()])
    flipped = T.flip(images, torch.tensor([True, False]))
    assert torch.equal(flipped[0], images[0].flip(-1)) and torch.equal(flipped[1], images[1])


def test_shift_moves_and_reflects() -> None:
    images = torch.tensor([[[[1, 2, 3, 4]] * 4]], dtype=torch.uint8)
    right = T.shift(images, torch.tensor([1]), torch.tensor([0]))
    assert right[0, 0, 0].tolist() == [2, 1, 2, 3]
    left = T.shift(images, torch.tensor([-2]), torch.tensor([0]))
    assert left[0, 0, 0].tolist() == [3, 4, 3, 2]
    assert right.dtype == torch.uint8


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_shift_is_padding_by_reflection_and_cutting_out_then_mirroring(dtype: torch.dtype) -> None:
    images = torch.randint(256, (25, 3, 7, 9), generator=torch.Generator().manual_seed(0)).to(dtype)
    dx, dy = (grid.flatten() for grid in torch.meshgrid(torch.arange(-2, 3), torch.arange(-2, 3), indexing="xy"))
    mirrored = torch.arange(25) % 3 == 0
    padded = F.pad(images.float(), (2, 2, 2, 2), mode="reflect").to(dtype)
    wanted = torch.stack(
        [padded[i, :, 2 - y : 9 - y, 2 - x : 11 - x] for i, (x, y) in enumerate(zip(dx, dy, strict=True))]
    )
    assert torch.equal(T.shift(images, dx, dy), wanted)
    wanted[mirrored] = wanted[mirrored].flip(-1)
    moved = T.shift(images, dx, dy, mirrored)
    assert torch.equal(moved, wanted) and moved.dtype == dtype and moved.is_contiguous()


def test_scaled_has_memory_of_its_own() -> None:
    for images in (torch.tensor([[0, 51, 255]], dtype=torch.uint8), torch.tensor([[0.0, 0.2, 1.0]])):
        made = T.scaled(images)
        torch.testing.assert_close(made, torch.tensor([[0.0, 0.2, 1.0]]))
        made.zero_()
        assert images[0, 2] > 0


@settings(max_examples=100)
@given(
    aspect=st.floats(0.2, 5),
    area=st.floats(0.05, 1),
    ratio=st.floats(0.75, 1.34),
    across=st.floats(0, 1),
    down=st.floats(0, 1),
)
def test_crops_lie_inside_and_have_their_ratio(
    aspect: float, area: float, ratio: float, across: float, down: float
) -> None:
    x0, y0, w, h = (v.item() for v in T.crop_boxes(*(torch.tensor([v]) for v in (aspect, area, ratio, across, down))))
    assert x0 >= -1e-6 and y0 >= -1e-6 and x0 + w <= 1 + 1e-5 and y0 + h <= 1 + 1e-5
    if w < 1 and h < 1:
        assert w * h == pytest.approx(area, rel=1e-4)
        assert w * aspect / h == pytest.approx(ratio, rel=1e-4)


def test_colour_of_neutral_factors_changes_nothing() -> None:
    images = torch.rand(2, 3, 4, 4)
    ones = torch.ones(2)
    torch.testing.assert_close(T.colour(images, ones, ones, ones), images)


def test_colour_by_hand() -> None:
    images = torch.tensor([0.2, 0.4, 0.6]).reshape(1, 3, 1, 1).expand(1, 3, 2, 2)
    assert torch.allclose(T.colour(images, torch.tensor([0.5]), ONE, ONE)[0, :, 0, 0], torch.tensor([0.1, 0.2, 0.3]))
    grey = 0.299 * 0.2 + 0.587 * 0.4 + 0.114 * 0.6
    assert torch.allclose(T.colour(images, ONE, ONE, ZERO), torch.full((1, 3, 2, 2), grey))


def test_rectangles_by_hand() -> None:
    where = T.rectangles((4, 4), torch.tensor([0.25]), ONE, torch.tensor([0.5]), torch.tensor([0.5]))
    expected = torch.zeros(4, 4, dtype=torch.bool)
    expected[1:3, 1:3] = True
    assert torch.equal(where[0, 0], expected)


def test_erase_greys_what_is_masked() -> None:
    images = ramp()
    where = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    where[..., 0, 0] = True
    erased = T.erase(images, where)
    assert erased[0, 0, 0, 0] == images.mean()
    assert torch.equal(erased[..., 1:, :], images[..., 1:, :])


def test_mixup_and_cutmix_by_hand() -> None:
    images = torch.stack([torch.zeros(1, 2, 2), torch.ones(1, 2, 2)])
    partner = torch.tensor([1, 0])
    assert T.mixup(images, partner, torch.tensor([0.75, 0.75]))[:, 0, 0, 0].tolist() == [0.25, 0.75]
    where = torch.tensor([True, False, False, False]).reshape(1, 1, 2, 2).expand(2, 1, 2, 2)
    mixed, kept = T.cutmix(images, partner, where)
    assert mixed[0, 0].flatten().tolist() == [1, 0, 0, 0]
    assert kept.tolist() == [0.75, 0.75]


def test_draws_depend_on_their_seed_alone() -> None:
    assert torch.equal(T.beta(5, 0.4, generator(1, "a")), T.beta(5, 0.4, generator(1, "a")))
    assert not torch.equal(T.beta(5, 0.4, generator(1, "a")), T.beta(5, 0.4, generator(1, "b")))
    assert fold(1, "2") != fold("1", 2) != fold(12) and 0 <= fold(0) < 2**63
