"""Masks on grids pasted onto photographs: against scipy's interpolation, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from clearsight.ops.paste import INSIDE, paste
from clearsight.ops.rle import area, to_mask


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**30),
    cells=st.integers(1, 9),
    corner=st.tuples(st.floats(-20, 50), st.floats(-20, 50)),
    size=st.tuples(st.floats(0.2, 60), st.floats(0.2, 60)),
)
def test_it_is_scipy_s_interpolation_within_the_box(
    seed: int, cells: int, corner: tuple[float, float], size: tuple[float, float]
) -> None:
    grid = np.random.default_rng(seed).random((cells, cells)).astype(np.float32)
    (x, y), (width, height) = corner, size
    found = to_mask(paste(grid, np.array([x, y, x + width, y + height]), 30, 40))
    down, across = np.arange(30) + 0.5, np.arange(40) + 0.5
    rows, columns = (down - y) / height * cells - 0.5, (across - x) / width * cells - 0.5
    at = np.meshgrid(rows, columns, indexing="ij")
    values = map_coordinates(grid.astype(np.float64), at, order=1, mode="nearest")
    inside = ((down >= y) & (down <= y + height))[:, None] & ((across >= x) & (across <= x + width))
    clear = np.abs(values - INSIDE) > 1e-4  # at a half rounding decides
    assert found.shape == (30, 40)
    np.testing.assert_array_equal(found[clear], (inside & (values > INSIDE))[clear])


def test_a_full_grid_covers_the_pixels_whose_middles_lie_in_its_box() -> None:
    found = to_mask(paste(np.ones((4, 4)), np.array([1.4, 0.6, 3.6, 2.5]), 4, 6))
    expected = np.zeros((4, 6), bool)
    expected[1:3, 1:4] = True  # middles from 1.5 to 3.5 across; 1.5 and 2.5 down
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "place", [[0, 0, 0, 0], [5, 5, 4, 4], [-9, 0, -1, 3], [50, 50, 60, 60], [2.6, 0, 3.4, 4], [0, 0, np.nan, 4]]
)
def test_a_box_without_a_pixel_s_middle_gives_an_empty_mask(place: list[float]) -> None:
    found = paste(np.ones((4, 4)), np.array(place), 4, 6)
    assert (found.height, found.width, area(found)) == (4, 6, 0)


def test_halves_of_a_grid_meet_in_the_middle_of_the_box() -> None:
    grid = np.zeros((4, 4))
    grid[:, 2:] = 1
    found = to_mask(paste(grid, np.array([10, 0, 30, 8]), 8, 40))
    assert found[:, 20:30].all() and found.sum() == 80
