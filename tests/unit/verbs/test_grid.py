"""The grid of augmented samples where canvases are no squares and targets can be drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clearsight.core.sample import ArrayImage, Boxes, Masks, Sample
from clearsight.tasks.detect.task import Detect
from clearsight.tasks.picture.colours import colour_of
from clearsight.verbs import grid
from clearsight.verbs.grid import CAPTION, GAP, LARGEST, VARIANTS, augmented_grid


def sample(number: int, boxes: list[list[float]] | None) -> Sample:
    """A black photograph of 96×64, its boxes of the classes "a", "b", "a" …"""
    found = None
    if boxes is not None:
        labels = tuple("ab"[i % 2] for i in range(len(boxes)))
        found = Boxes(np.array(boxes, np.float32).reshape(-1, 4), labels)
    return Sample(f"{number}.png", ArrayImage(np.zeros((64, 96, 3), np.uint8), f"{number}.png"), boxes=found)


def coloured(tile: np.ndarray, number: int) -> list[int] | None:
    """x1, y1, x2, y2 of what has the colour of a class above the names in the lowest rows."""
    y, x = (tile[:-14] == np.array(colour_of(number))).all(-1).nonzero()
    return [x.min(), y.min(), x.max() + 1, y.max() + 1] if len(x) else None


def test_tiles_have_the_shape_of_the_canvas_and_show_the_boxes_of_the_targets() -> None:
    task = Detect(labels=("a", "b"), size=96, canvas=(64, 96))
    samples = [sample(0, [[10, 8, 40, 40], [50, 20, 80, 44]]), sample(1, []), sample(2, None)]
    grid = np.asarray(augmented_grid(task, samples, strengths={"flip": 1.0}))
    across, down = 96 + GAP, 64 + GAP + CAPTION
    assert grid.shape == (GAP + CAPTION + 3 * down, GAP + across * (VARIANTS + 1), 3)
    shown = []
    for row in range(3):
        top = GAP + CAPTION + row * down + CAPTION
        tiles = [grid[top : top + 64, GAP + column * across :][:, :96] for column in range(VARIANTS + 1)]
        shown.append([[coloured(tile, number) for number in (0, 1)] for tile in tiles])
    full = next(row for row in shown if row[0][0])
    assert full[0] == [[9, 7, 41, 41], [49, 19, 81, 45]]  # a frame lies around its box
    assert all(tile == [[55, 7, 87, 41], [15, 19, 47, 45]] for tile in full[1:])  # mirrored in step
    assert sum(tile == [None, None] for row in shown for tile in row) == 2 * (VARIANTS + 1)


@pytest.mark.parametrize(
    ("canvas", "tile"), [((640, 480), (LARGEST, 240)), ((32, 64), (64, 128)), ((320, 320), (320, 320))]
)
def test_large_canvases_are_shown_smaller_and_small_ones_larger(canvas: tuple[int, int], tile: tuple[int, int]) -> None:
    task = Detect(labels=("a", "b"), size=max(canvas), canvas=canvas)
    grid = augmented_grid(task, [sample(0, [[10, 8, 40, 40]])], strengths={})
    assert grid.size == (GAP + (tile[1] + GAP) * (VARIANTS + 1), GAP + CAPTION + tile[0] + GAP + CAPTION)


def test_rows_are_spread_over_the_classes_of_masks_and_named_by_them() -> None:
    """Objects may be annotated by their masks alone."""
    labels = [("a",) if number < 40 else ("b", "a", "b") for number in range(42)]
    samples = [
        replace(sample(number, None), masks=Masks("instances", tuple, each)) for number, each in enumerate(labels)
    ]
    assert [grid._classes(one) for one, _ in grid._choose(samples)] == [("a",)] * 4 + [("a", "b")] * 2


def test_mixtures_are_shown_as_at_the_beginning_of_a_training() -> None:
    """With `close`, mixtures end before a training does; the grid shows them."""
    task = Detect(labels=("a", "b"), size=96, canvas=(64, 96))
    samples = [sample(i, [[10, 8, 40, 40]]) for i in range(4)]
    plain = np.asarray(augmented_grid(task, samples))[GAP + CAPTION :]
    mixed = np.asarray(augmented_grid(task, samples, strengths={"mosaic": 1.0, "close": 0.5}))[GAP + 2 * CAPTION :]
    judged, first = mixed[:64, GAP : GAP + 96], mixed[:64, 2 * GAP + 96 :][:, :96]
    assert (judged == plain[:64, GAP : GAP + 96]).all() and (judged != first).any()
