"""Tiles cover a photograph, overlap by as much as they say, and are as many as asked."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearsight.ops.tiling import FINE, OVERLAP, tile_size, windows

SIDE = st.integers(1, 5000)


def test_two_rows_of_three_by_hand() -> None:
    assert windows(100, 220, (60, 80), 0.125) == [
        (0, 0, 80, 60), (70, 0, 150, 60), (140, 0, 220, 60), (0, 40, 80, 100), (70, 40, 150, 100), (140, 40, 220, 100),
    ]  # fmt: skip
    assert windows(50, 70, (60, 80)) == [(0, 0, 70, 50)]
    assert windows(50, 81, (60, 80)) == [(0, 0, 80, 50), (1, 0, 81, 50)]


@given(height=SIDE, width=SIDE, high=st.integers(20, 900), wide=st.integers(20, 900), overlap=st.floats(0, 0.6))
def test_they_cover_the_photograph_and_overlap(height: int, width: int, high: int, wide: int, overlap: float) -> None:
    found = windows(height, width, (high, wide), overlap)
    columns, rows = sorted({(w[0], w[2]) for w in found}), sorted({(w[1], w[3]) for w in found})
    assert len(found) == len(columns) * len(rows) == len(set(found))
    for spans, length, side in ((columns, width, wide), (rows, height, high)):
        assert spans[0][0] == 0 and spans[-1][1] == length
        assert all(end - start == min(side, length) for start, end in spans)
        shared = [first[1] - second[0] for first, second in pairwise(spans)]
        assert all(one >= overlap * side - 1e-9 for one in shared)
        assert not shared or max(shared) - min(shared) <= 1  # evenly
        fewer = len(spans) - 1  # one tile less would not do
        assert len(spans) == 1 or min(side, length) * fewer - max(0, fewer - 1) * overlap * side < length + fewer


@given(
    height=st.integers(200, 9000), width=st.integers(200, 9000), along=st.integers(2, 12),
    canvas=st.sampled_from([(416, 416), (320, 640), (640, 480)]),
)  # fmt: skip
def test_there_are_as_many_along_as_asked(height: int, width: int, along: int, canvas: tuple[int, int]) -> None:
    tile = tile_size((height, width), canvas, along)
    assert tile is not None
    found = windows(height, width, tile)
    columns, rows = len({w[0] for w in found}), len({w[1] for w in found})
    most = columns if width / canvas[1] >= height / canvas[0] else rows
    assert along <= most <= along + 1
    assert tile[1] / tile[0] == pytest.approx(canvas[1] / canvas[0], rel=0.05)


@pytest.mark.parametrize(
    ("photo", "canvas", "tile"),
    [
        ((640, 640), (640, 640), None),
        ((1279, 1000), (640, 640), None),  # less than twice as large
        ((1280, 960), (640, 640), (493, 493)),  # 3 of 493 along 1280: shown a little larger than they are
        ((6000, 4000), (640, 640), (732, 732)),  # ten along: 8.2 times as large as in the whole, not 9.4 times
        ((100, 3000), (320, 416), (550, 715)),
    ],
)
def test_what_is_chosen_by_itself(
    photo: tuple[int, int], canvas: tuple[int, int], tile: tuple[int, int] | None
) -> None:
    assert tile_size(photo, canvas) == tile


@given(height=st.integers(64, 20000), width=st.integers(64, 20000), canvas=st.sampled_from([(416, 416), (320, 640)]))
def test_no_size_is_lost_between_tiles_and_the_whole(height: int, width: int, canvas: tuple[int, int]) -> None:
    """What just does not fit into the overlap is still found in the whole, but for the rounding of counts to whole ones."""
    tile = tile_size((height, width), canvas)
    shrunk = max(height / canvas[0], width / canvas[1])
    if tile is None:
        assert shrunk < 2
        return
    assert shrunk >= 2
    just_cut = OVERLAP * min(tile)  # pixels of the photograph
    assert just_cut / shrunk >= 0.75 * FINE
    assert max(tile[0] / canvas[0], tile[1] / canvas[1]) > 0.7  # never enlarged by much


@pytest.mark.parametrize("along", [1, 0])
def test_one_tile_is_the_whole(along: int) -> None:
    assert tile_size((5000, 5000), (640, 640), along) is None
