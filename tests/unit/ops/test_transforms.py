"""Augmentations by hand."""

from __future__ import annotations

import math

import pytest
import torch
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


def test_resample_of_the_whole_is_the_picture() -> None:
    images = torch.rand(2, 3, 8, 8)
    whole = (torch.zeros(2), torch.zeros(2), torch.ones(2), torch.ones(2))
    torch.testing.assert_close(T.resample(images, whole, torch.zeros(2), torch.ones(2), 8), images)


def test_resample_of_a_quarter_is_that_quarter_enlarged() -> None:
    images = torch.rand(1, 1, 8, 8)
    box = (torch.tensor([0.5]), torch.tensor([0.0]), torch.tensor([0.5]), torch.tensor([0.5]))
    torch.testing.assert_close(T.resample(images, box, ZERO, ONE, 4), images[..., :4, 4:])


def test_a_quarter_turn_turns_in_the_photographs_own_geometry() -> None:
    """A photograph twice as wide as high, squeezed to a square: its middle square, turned by 90°, is turned exactly."""
    photo = torch.rand(1, 1, 8, 16)
    squeezed = photo[..., ::2]  # aspect 2 squeezed to 8×8 by dropping columns: what follows keeps to those
    box = (torch.tensor([0.25]), torch.tensor([0.0]), torch.tensor([0.5]), torch.tensor([1.0]))
    straight = T.resample(squeezed, box, ZERO, torch.tensor([2.0]), 8)
    turned = T.resample(squeezed, box, torch.tensor([math.pi / 2]), torch.tensor([2.0]), 8)
    torch.testing.assert_close(torch.rot90(turned, -1, (-2, -1)), straight, atol=1e-5, rtol=0)


@settings(max_examples=100, deadline=None)
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
