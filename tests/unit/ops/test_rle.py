"""Run lengths against pycocotools, and what is no run lengths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from pycocotools import mask as coco

from clearsight.ops import rle
from clearsight.ops.rle import Runs
from clearsight.ops.rle_text import read_counts, write_counts

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))
MASKS = SHAPES.flatmap(lambda shape: npst.arrays(bool, shape))
SETS = SHAPES.flatmap(
    lambda shape: st.tuples(*(st.lists(npst.arrays(bool, shape), min_size=1, max_size=4) for _ in range(2)))
)


def reference(mask: Any) -> dict[str, Any]:
    return dict(coco.encode(np.asfortranarray(mask.astype(np.uint8))))


@given(MASKS)
@settings(deadline=None)
def test_one_mask_is_as_pycocotools_has_it(mask: Any) -> None:
    runs, wanted = rle.from_mask(mask), reference(mask)
    text = rle.to_coco(runs)
    assert text == {"size": wanted["size"], "counts": wanted["counts"].decode()}
    assert runs.counts.dtype == np.uint32
    np.testing.assert_array_equal(rle.to_mask(runs), mask)
    for again in (text, wanted, {"size": wanted["size"], "counts": runs.counts.tolist()}):
        np.testing.assert_array_equal(rle.from_coco(again).counts, runs.counts)
    x, y, wide, high = coco.toBbox(wanted)
    assert rle.box(runs).tolist() == [x, y, x + wide, y + high]
    assert rle.area(runs) == coco.area(wanted)


@given(SETS)
@settings(deadline=None)
def test_masks_together_are_as_pycocotools_has_them(sets: tuple[list[Any], list[Any]]) -> None:
    found, truth = ([rle.from_mask(mask) for mask in masks] for masks in sets)
    ours, theirs = ([reference(mask) for mask in masks] for masks in sets)
    crowd = [index % 2 for index in range(len(truth))]
    np.testing.assert_array_equal(rle.iou_matrix(found, truth), coco.iou(ours, theirs, [0] * len(truth)))
    np.testing.assert_array_equal(rle.iou_matrix(found, truth, np.array(crowd)), coco.iou(ours, theirs, crowd))
    whole = coco.merge(ours)
    assert rle.to_coco(rle.union(found))["counts"] == whole["counts"].decode()


@given(MASKS, SHAPES, st.integers(-6, 12), st.integers(-6, 12))
@settings(deadline=None)
def test_a_window_is_the_mask_around_it(mask: Any, shape: tuple[int, int], top: int, left: int) -> None:
    height, width = shape
    whole = np.zeros((height + 24, width + 24), bool)
    whole[top + 12 : top + 12 + mask.shape[0], left + 12 : left + 12 + mask.shape[1]] = mask[
        : height + 12 - top, : width + 12 - left
    ]
    runs = rle.from_window(mask, top, left, height, width)
    np.testing.assert_array_equal(rle.to_mask(runs), whole[12 : 12 + height, 12 : 12 + width])
    np.testing.assert_array_equal(runs.counts, rle.from_mask(rle.to_mask(runs)).counts)


@given(SHAPES.flatmap(lambda shape: npst.arrays(np.int16, shape, elements=st.integers(-1, 3))))
@settings(deadline=None)
def test_a_map_gives_the_mask_of_each_value(indices: Any) -> None:
    for value, runs in zip((2, 0, 9), rle.from_indices(indices, (2, 0, 9)), strict=True):
        np.testing.assert_array_equal(runs.counts, rle.from_mask(indices == value).counts)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=9))
def test_any_length_survives_its_text(lengths: list[int]) -> None:
    counts = np.array(lengths, np.uint32)
    assert read_counts(write_counts(counts)).tolist() == lengths


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        counts = read_counts(text)
    except ValueError as error:
        assert str(error).startswith("has run lengths")
    else:
        assert (counts >= 0).all()


def test_runs_of_no_pixel_are_none() -> None:
    runs = Runs(2, 3, np.array([1, 0, 1, 2, 2, 0], np.uint32))
    assert rle.box(runs).tolist() == [1, 0, 2, 2]
    assert rle.union([runs]).counts.tolist() == [2, 2, 2]


def test_an_empty_mask_overlaps_nothing() -> None:
    empty, full = (rle.from_mask(np.full((3, 2), value)) for value in (False, True))
    assert rle.iou_matrix([empty, full], [empty, full]).tolist() == [[0, 0], [0, 1]]
    assert rle.box(empty).tolist() == [0, 0, 0, 0]
    assert rle.iou_matrix([], [full]).shape == (0, 1)


@pytest.mark.parametrize(
    ("mapping", "what"),
    [
        ({"counts": [4]}, "without a size"),
        ({"size": [2, 2.0], "counts": [4]}, "without a size"),
        ({"size": [2, -2], "counts": [4]}, "without a size"),
        ({"size": [2, 2]}, "neither text nor a list"),
        ({"size": [2, 2], "counts": [5, -1]}, "neither text nor a list"),
        ({"size": [2, 2], "counts": [1, 2]}, "of 3 pixels in all for 2 x 2 = 4"),
        ({"size": [3, 2], "counts": "31"}, "of 4 pixels in all"),
        ({"size": [2, 2], "counts": "é"}, "damaged"),
        ({"size": [2, 2], "counts": "P"}, "cut short"),
        ({"size": [2, 2], "counts": "o" * 9 + "0"}, "damaged"),
    ],
)
def test_what_is_no_mask_is_refused_in_words(mapping: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        rle.from_coco(mapping)


def test_masks_of_different_sizes_do_not_meet() -> None:
    small, large = (rle.from_mask(np.ones(shape, bool)) for shape in ((2, 2), (3, 2)))
    with pytest.raises(ValueError, match="one size"):
        rle.iou_matrix([small], [large])
    with pytest.raises(ValueError, match="one size"):
        rle.union([small, large])
    with pytest.raises(ValueError, match="no masks"):
        rle.union([])
