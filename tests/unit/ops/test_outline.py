"""Outlines of masks along the edges of their pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import label

from clearsight.ops.outline import polygons


def filled(ring: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The pixels whose middles a closed path runs round, by the winding of its lines: the sum of the angles."""
    found = np.zeros(shape, bool)
    for y, x in np.ndindex(shape):
        corners = ring - (x + 0.5, y + 0.5)
        angles = np.arctan2(corners[:, 1], corners[:, 0])
        steps = np.diff(np.append(angles, angles[0]))
        found[y, x] = abs(((steps + np.pi) % (2 * np.pi) - np.pi).sum()) > np.pi
    return found


def test_a_ring_with_a_spot_in_it_and_one_beside_it() -> None:
    mask = np.zeros((5, 7), bool)
    mask[0:5, 0:5] = True
    mask[1:4, 1:4] = False
    mask[2, 2] = True
    mask[4, 5] = True
    mask[0, 6] = True
    ring, spot, corner = (
        [[0, 0], [5, 0], [5, 4], [6, 4], [6, 5], [0, 5]],
        [[2, 2], [3, 2], [3, 3], [2, 3]],
        [[6, 0], [7, 0], [7, 1], [6, 1]],
    )
    found = polygons(mask)
    assert [len(part) for part in found] == [2, 1, 1]
    assert found[0][0].tolist() == ring
    assert sorted(found[0][1].tolist()) == [[1, 1], [1, 4], [4, 1], [4, 4]]
    assert [found[1][0].tolist(), found[2][0].tolist()] == [corner, spot]


def test_pixels_that_touch_by_a_corner_are_apart_and_holes_that_do_are_one() -> None:
    assert len(polygons(np.eye(3, dtype=bool))) == 3
    holes = np.ones((4, 4), bool)
    holes[1, 1] = holes[2, 2] = False
    (part,) = polygons(holes)
    assert [len(ring) for ring in part] == [4, 8]


def test_nothing_has_no_outline() -> None:
    assert polygons(np.zeros((3, 4), bool)) == []
    assert polygons(np.zeros((0, 0), bool)) == []


@given(arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 7))))
def test_outlines_without_their_holes_are_the_mask_and_one_for_each_part(mask: np.ndarray) -> None:
    found = polygons(mask)
    assert len(found) == label(mask)[1]
    count = np.zeros(mask.shape, int)
    for outer, *holes in found:
        count += filled(outer, mask.shape)
        for hole in holes:
            count -= filled(hole, mask.shape)
    assert (count == mask).all()
