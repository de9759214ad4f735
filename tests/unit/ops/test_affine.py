"""Affine maps against hand-composed matrices and torchvision."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms.v2 import functional as V

from clearsight.ops import affine
from clearsight.ops import transforms as T

ONE, ZERO = torch.ones(1), torch.zeros(1)
STRAIGHT = affine.stretch(ONE, 1.0)


def smooth(count: int = 2, side: int = 24) -> Tensor:
    """Pictures without fine detail, so that a place a hundredth of a pixel off makes no great difference."""
    coarse = torch.rand(count, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    return F.interpolate(coarse, (side, side), mode="bicubic").clamp(0, 1)


def test_the_whole_is_the_picture() -> None:
    images = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(affine.resample(images, STRAIGHT.expand(2, 3, 3), 8), images)


def test_a_quarter_is_that_quarter_enlarged() -> None:
    images = torch.rand(1, 1, 8, 8)
    half = torch.tensor([0.5])
    maps = affine.cut(half, ZERO, half, half, ONE, STRAIGHT)
    torch.testing.assert_close(affine.resample(images, maps, 4), images[..., :4, 4:])


def test_a_quarter_turn_turns_in_the_photographs_own_geometry() -> None:
    """A photograph twice as wide as high, squeezed to a square: its middle square, turned by 90°, is turned exactly."""
    photo = torch.rand(1, 1, 8, 16)
    squeezed = photo[..., ::2]  # aspect 2 squeezed to 8×8 by dropping columns: what follows keeps to those
    box = (torch.tensor([0.25]), ZERO, torch.tensor([0.5]), ONE, torch.tensor([2.0]))
    straight = affine.resample(squeezed, affine.cut(*box, STRAIGHT), 8)
    turned = affine.resample(squeezed, affine.cut(*box, affine.turn(torch.tensor([math.pi / 2]))), 8)
    torch.testing.assert_close(turned, torch.rot90(straight, 1, (-2, -1)), atol=1e-5, rtol=0)


def test_whole_moves_and_mirroring_are_those_of_transforms_within_the_border() -> None:
    images = torch.rand(4, 3, 10, 10)
    dx, dy, which = torch.tensor([0, 2, -1, 2]), torch.tensor([1, 0, -2, -1]), torch.tensor([True, False, True, False])
    maps = affine.move(dx / 10, dy / 10) @ affine.mirror(which)
    inner = (..., slice(2, -2), slice(2, -2))
    torch.testing.assert_close(affine.resample(images, maps, 10)[inner], T.shift(images, dx, dy, which)[inner])


@settings(max_examples=60)
@given(
    angle=st.floats(-3, 3), x=st.floats(-0.4, 0.4), y=st.floats(-0.4, 0.4), sx=st.floats(0.5, 2), sy=st.floats(0.5, 2),
    tangent=st.floats(-1, 1), mirrored=st.booleans(),
)  # fmt: skip
def test_composing_is_multiplying_the_matrices_written_by_hand(
    angle: float, x: float, y: float, sx: float, sy: float, tangent: float, mirrored: bool
) -> None:
    cos, sin = math.cos(angle), math.sin(angle)
    by_hand = torch.tensor([[1.0, 0, -2 * x], [0, 1, -2 * y], [0, 0, 1]])
    for rows in (
        [[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]],
        [[1, tangent, 0], [0, 1, 0], [0, 0, 1]],
        [[sx, 0, 0], [0, sy, 0], [0, 0, 1]],
        [[-1 if mirrored else 1, 0, 0], [0, 1, 0], [0, 0, 1]],
    ):
        by_hand = by_hand @ torch.tensor(rows, dtype=torch.float32)
    one = torch.tensor
    maps = affine.move(one([x]), one([y])) @ affine.turn(one([angle])) @ affine.slant(one([tangent]))
    maps = maps @ affine.stretch(one([sx]), one([sy])) @ affine.mirror(one([mirrored]))
    torch.testing.assert_close(maps[0], by_hand, atol=1e-5, rtol=1e-5)
    images = torch.rand(1, 2, 6, 6)
    grid = F.affine_grid(by_hand[None, :2], [1, 2, 6, 6], align_corners=False)
    wanted = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    torch.testing.assert_close(affine.resample(images, maps, 6), wanted, atol=2e-4, rtol=0)


def test_one_resampling_is_two_in_a_row() -> None:
    images, inner = smooth(), (..., slice(6, -6), slice(6, -6))
    first, second = affine.turn(torch.full((2,), 0.3)), affine.move(torch.full((2,), 0.1), -0.2)
    both = affine.resample(affine.resample(images, first, 24), second, 24)[inner]
    assert (affine.resample(images, first @ second, 24)[inner] - both).abs().max() < 0.04
    assert (affine.resample(images, second @ first, 24)[inner] - both).abs().max() > 0.1


@pytest.mark.parametrize("value", [-0.25, 0.125, 0.5])
def test_each_map_is_torchvisions(value: float) -> None:
    """Float pictures, bilinear, black beyond the border."""
    images, amount, nothing = smooth(), torch.full((2,), value), torch.zeros(2)
    degrees, slant = math.degrees(value), math.degrees(math.atan(value))

    def theirs(move: tuple[int, int] = (0, 0), scale: float = 1.0, shear: tuple[float, float] = (0.0, 0.0)) -> Tensor:
        bilinear = V.InterpolationMode.BILINEAR
        return V.affine(images, 0.0, list(move), scale, list(shear), interpolation=bilinear)

    pairs = [
        (affine.turn(amount), V.rotate(images, degrees, V.InterpolationMode.BILINEAR)),
        (affine.slant(amount), theirs(shear=(slant, 0.0))),
        (affine.slant(nothing, amount), theirs(shear=(0.0, slant))),
        (affine.move(amount, 0.0), theirs(move=(round(24 * value), 0))),
        (affine.move(0.0, amount), theirs(move=(0, round(24 * value)))),
        (affine.stretch(1 / (1 + amount), 1 / (1 + amount)), theirs(scale=1 + value)),
    ]
    for maps, wanted in pairs:
        torch.testing.assert_close(affine.resample(images, maps, 24, border="zeros"), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("made", "given"), [((6, 10), (6, 10)), ((5, 9), (8, 4)), ((7, 7), (3, 12))])
def test_rectangles_are_resampled_as_affine_grid_says(made: tuple[int, int], given: tuple[int, int]) -> None:
    images = torch.rand(2, 3, *given)
    maps = affine.turn(torch.tensor([0.3, -1.0])) @ affine.move(torch.tensor([0.1, 0.2]), 0.05)
    grid = F.affine_grid(maps[:, :2], [2, 3, *made], align_corners=False)
    wanted = F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
    torch.testing.assert_close(affine.resample(images, maps, made, border="zeros"), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("turns", [-1, 0, 1, 2, 3, 4])
def test_quarters_in_pixels_turn_rectangles_exactly(turns: int) -> None:
    images = torch.rand(2, 3, 6, 10)
    wanted = torch.rot90(images, turns, (-2, -1))
    maps = affine.from_pixels(affine.quarter(torch.full((2,), turns)), wanted.shape[-2:], (6, 10))
    torch.testing.assert_close(affine.resample(images, maps, wanted.shape[-2:]), wanted, atol=1e-5, rtol=0)


def test_composing_several_is_multiplying_them() -> None:
    maps = torch.rand(3, 5, 3, 3, dtype=torch.float64)
    torch.testing.assert_close(affine.compose(list(maps)), maps[0] @ maps[1] @ maps[2])
    assert torch.equal(affine.compose([maps[0]]), maps[0])


def test_pixels_lead_where_shares_do() -> None:
    """A move by whole pixels, from a picture of 12×20 to one of 6×10 that shows its middle."""
    images = torch.rand(1, 1, 12, 20)
    maps = affine.matrix((ONE, 0.0, 2.0), (0.0, ONE, -1.0))
    shown = affine.resample(images, affine.from_pixels(maps, (6, 10), (12, 20)), (6, 10))
    torch.testing.assert_close(shown, images[..., 2:8, 7:17])


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6))
def test_the_inverse_leads_back(values: list[float]) -> None:
    a, b, c, d, e, f = values
    maps = torch.tensor([[[a, b, c], [d, e, f], [0, 0, 1]]], dtype=torch.float64)
    if abs(a * e - b * d) > 1e-2:
        both = affine.inverse(maps) @ maps
        torch.testing.assert_close(both, torch.eye(3, dtype=torch.float64)[None], atol=1e-6, rtol=0)


@pytest.mark.parametrize("upside", [True, False])
@pytest.mark.parametrize("mirrored", [True, False])
def test_mirrors_stand_upright_and_lie(mirrored: bool, upside: bool) -> None:
    images = torch.rand(1, 1, 4, 4)
    maps = affine.mirror(torch.tensor([mirrored]), torch.tensor([upside]))
    wanted = images.flip([axis for axis, on in ((-1, mirrored), (-2, upside)) if on])
    torch.testing.assert_close(affine.resample(images, maps, 4), wanted)
