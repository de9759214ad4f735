"""Detections of tiles put together: at seams, in corners, larger than the overlap; every object counts once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.ops.tiling import tile_size, windows
from clearsight.tasks.detect.prediction import Detections

HEIGHT, WIDTH = 600, 1000
WHOLE = (0, 0, WIDTH, HEIGHT)
LEFT, RIGHT = (0, 0, 600, 600), (400, 0, 1000, 600)  # they share 400 to 600
NAMES = ("cat", "dog")
Box = tuple[float, float, float, float]


def found(*rows: tuple[Box, float] | tuple[Box, float, int]) -> Detections:
    """Detections of (box, score) or (box, score, class), in pixels of their part."""
    boxes = np.array([row[0] for row in rows], np.float32).reshape(-1, 4)
    classes = np.array([row[2] if len(row) == 3 else 0 for row in rows], np.int64)
    scores = np.array([row[1] for row in rows], np.float32)
    return Detections(boxes, scores, classes, scores >= 0.3, NAMES)


def merged(*parts: Detections, places: Any = (WHOLE, LEFT, RIGHT)) -> list[tuple[tuple[float, ...], float, int]]:
    made = Detections.merged(parts, places, {})
    rows = zip(made.boxes.round().tolist(), made.scores.tolist(), made.classes.tolist(), strict=True)
    return [(tuple(box), round(score, 2), number) for box, score, number in rows]


def test_places_are_moved_to_the_photograph() -> None:
    made = merged(found(), found(((10, 20, 50, 60), 0.8)), found(((300, 20, 350, 60), 0.9, 1)))
    assert made == [((700, 20, 750, 60), 0.9, 1), ((10, 20, 50, 60), 0.8, 0)]


def test_what_all_see_counts_once_and_the_surest_look_stays() -> None:
    made = merged(
        found(((480, 100, 520, 140), 0.5)), found(((481, 101, 521, 141), 0.9)), found(((79, 99, 121, 140), 0.7))
    )
    assert made == [((481, 101, 521, 141), 0.9, 0)]


def test_classes_do_not_take_each_others_place() -> None:
    made = merged(found(((480, 100, 520, 140), 0.5, 1)), found(((480, 100, 520, 140), 0.9)), found())
    assert [row[1:] for row in made] == [(0.9, 0), (0.5, 1)]


def test_two_that_one_part_tells_apart_stay_two() -> None:
    """What a part's own answer lets stand, as soft suppression or a net without any does, is not taken away here."""
    made = merged(found(), found(((100, 100, 200, 200), 0.9), ((110, 100, 210, 200), 0.8)), found())
    assert len(made) == 2


def test_a_piece_goes_where_the_neighbour_sees_the_whole() -> None:
    """From 560 to 640: the left one sees half of it, surer than the right one is of the whole."""
    made = merged(found(), found(((560, 100, 600, 180), 0.95)), found(((160, 100, 240, 180), 0.6)))
    assert made == [((560, 100, 640, 180), 0.6, 0)]


def test_a_piece_goes_though_its_edge_is_a_pixel_off() -> None:
    made = merged(found(), found(((560, 100, 596, 180), 0.95)), found(((160, 100, 240, 180), 0.6)))
    assert made == [((560, 100, 640, 180), 0.6, 0)]


def test_what_ends_at_the_border_of_the_photograph_is_whole() -> None:
    made = merged(found(), found(((0, 0, 40, 40), 0.9)), found(((560, 560, 600, 600), 0.8)))
    assert [row[0] for row in made] == [(0, 0, 40, 40), (960, 560, 1000, 600)]


def test_pieces_of_what_is_larger_than_the_overlap_go_for_the_whole_photographs_look() -> None:
    pieces = (found(((300, 100, 600, 300), 0.9)), found(((0, 100, 350, 300), 0.8)))
    assert merged(found(((300, 100, 750, 300), 0.7)), *pieces) == [((300, 100, 750, 300), 0.7, 0)]


def test_a_doubtful_look_at_the_whole_does_not_take_the_place_of_sure_pieces() -> None:
    pieces = (found(((300, 100, 600, 300), 0.9)), found(((0, 102, 350, 300), 0.8)))
    made = merged(found(((200, 0, 800, 500), 0.1)), *pieces)
    assert made[0] == ((300, 100, 750, 300), 0.9, 0)  # joined
    assert [row[1] for row in made] == [0.9, 0.1]


def test_pieces_that_the_whole_missed_are_joined() -> None:
    made = merged(found(), found(((300, 100, 600, 300), 0.9)), found(((0, 95, 350, 305), 0.8)))
    assert made == [((300, 95, 750, 305), 0.9, 0)]


def test_pieces_of_two_objects_are_not_joined() -> None:
    """Two long ones side by side, of which either tile sees one only: beside each other, and of two classes."""
    made = merged(found(), found(((300, 100, 600, 200), 0.9)), found(((0, 210, 350, 300), 0.8)))
    assert len(made) == 2
    assert len(merged(found(), found(((300, 100, 600, 300), 0.9)), found(((0, 100, 350, 300), 0.8, 1)))) == 2


def test_two_pieces_in_one_tile_are_two_objects() -> None:
    """Side by side across the seam: each is joined to its own other piece."""
    left = found(((300, 100, 600, 200), 0.9), ((300, 210, 600, 300), 0.85))
    right = found(((0, 100, 350, 200), 0.8), ((0, 210, 350, 300), 0.7))
    assert [row[0] for row in merged(found(), left, right)] == [(300, 100, 750, 200), (300, 210, 750, 300)]


def test_pieces_of_one_object_in_four_tiles_become_one() -> None:
    tiles = windows(1000, 1000, (600, 600))
    box = (250.0, 250.0, 800.0, 800.0)
    parts = [found((local(box, tile), 0.9 - i / 50)) for i, tile in enumerate(tiles)]
    made = merged(found(), *parts, places=((0, 0, 1000, 1000), *tiles))
    assert made == [(box, 0.9, 0)]


def test_nothing_found_is_nothing() -> None:
    made = Detections.merged([found(), found(), found()], (WHOLE, LEFT, RIGHT), {})
    assert len(made) == 0 and made.boxes.shape == (0, 4) and made.names == NAMES


def test_the_surest_comes_first_and_what_is_shown_goes_along() -> None:
    made = Detections.merged(
        [found(((900, 500, 950, 550), 0.2)), found(((10, 10, 50, 50), 0.4)), found(((300, 20, 350, 60), 0.9))],
        (WHOLE, LEFT, RIGHT),
        {},
    )
    assert made.scores.tolist() == pytest.approx([0.9, 0.4, 0.2]) and made.shown.tolist() == [True, True, False]


def local(box: Box, window: tuple[int, int, int, int]) -> Box:
    """A box, cut by a window, in its pixels."""
    x1, y1, x2, y2 = window
    a, b, c, d = max(box[0], x1), max(box[1], y1), min(box[2], x2), min(box[3], y2)
    return a - x1, b - y1, c - x1, d - y1


@settings(max_examples=80)
@given(
    objects=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 6), st.integers(40, 390), st.integers(40, 390)), max_size=12
    ),
    along=st.integers(2, 7),
    seed=st.integers(0, 2**30),
    smallest=st.sampled_from([0, 100, 10_000]),
)
def test_a_perfect_detector_counts_every_object_once(
    objects: list[tuple[int, int, int, int]], along: int, seed: int, smallest: int
) -> None:
    """Objects on a grid of 400 pixels, which so touch no other one; each part sees all of it that it shows a fifth of,
    some pixels off, with any score; the whole sees none below a size, or none at all."""
    draw = np.random.default_rng(seed)
    height, width = 2800, 4000
    truth: dict[tuple[int, int], Box] = {}
    for column, row, wide, high in objects:
        x, y = 400 * column + draw.uniform(0, 395 - wide), 400 * row + draw.uniform(0, 395 - high)
        truth[column, row] = (x, y, x + wide, y + high)
    tile = tile_size((height, width), (640, 640), along)
    assert tile is not None
    places = [(0, 0, width, height), *windows(height, width, tile)]
    parts = []
    for number, place in enumerate(places):
        rows = []
        for box in truth.values():
            a, b, c, d = local(box, place)
            area = (box[2] - box[0]) * (box[3] - box[1])
            if c <= a or d <= b or (c - a) * (d - b) < 0.2 * area or (number == 0 and area < smallest**2):
                continue
            off = draw.uniform(-1, 1, 4)
            rows.append(((a + off[0], b + off[1], c + off[2], d + off[3]), float(draw.uniform(0.55, 1))))
        parts.append(found(*rows))
    made = Detections.merged(parts, places, {})
    assert len(made) == len(truth)
    for box in truth.values():
        apart = np.abs(made.boxes - np.array(box)).max(1)
        assert apart.min() < 4
