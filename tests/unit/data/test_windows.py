"""Parts of photographs as samples: pixels, boxes and masks that lie in them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from clearsight.core.errors import BadImage
from clearsight.core.sample import ArrayImage, Boxes, FileImage, Masks, Sample
from clearsight.data.open import open_data
from clearsight.data.windows import WindowImage, windowed
from clearsight.ops.rle import area, from_mask, to_mask

PHOTO = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)


def _rectangle(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros((20, 30), bool)
    mask[y1:y2, x1:x2] = True
    return mask


def _held(*masks: np.ndarray) -> tuple:
    return tuple(from_mask(mask) for mask in masks)


def test_a_part_shows_its_pixels_and_the_boxes_in_it() -> None:
    boxes = Boxes(
        np.array([[2, 3, 8, 9], [8, 2, 12, 6], [9.5, 0, 30, 20], [20, 10, 25, 15], [0, 0, 13, 20]], np.float32),
        ("a", "b", "c", "d", "crowd"),
        crowd=np.array([False, False, False, False, True]),
        said=(20, 30),
        area=np.ones(5),
    )
    sample = Sample("x.png", ArrayImage(PHOTO, "x.png"), boxes=boxes, extra={"camera": "1"})
    (part,) = windowed(sample, [(10, 2, 24, 14)])
    assert part.key == "x.png@10-2-24-14" and part.image.name == "x.png" and part.extra == {"camera": "1"}
    assert part.image.size() == (12, 14)
    np.testing.assert_array_equal(part.image.load(), PHOTO[2:14, 10:24])
    assert part.boxes is not None and part.masks is None
    # a is outside; of b half is left; of c most; of d four by four pixels; the crowd is a region, any part of it counts
    assert part.boxes.labels == ("b", "c", "d", "crowd")
    np.testing.assert_allclose(part.boxes.xyxy, [[0, 0, 2, 4], [0, 0, 14, 12], [10, 8, 14, 12], [0, 0, 3, 12]])
    assert part.boxes.crowd is not None and part.boxes.crowd.tolist() == [False, False, False, True]
    assert part.boxes.said is None and part.boxes.area is None


def test_an_object_cut_to_almost_nothing_is_left_out() -> None:
    boxes = Boxes(np.array([[0, 0, 11, 10], [5, 0, 11.5, 10]], np.float32), ("sliver", "thin"))
    (part,) = windowed(Sample("x", ArrayImage(PHOTO), boxes=boxes), [(10, 0, 30, 20)])
    assert part.boxes is not None and part.boxes.labels == () and part.boxes.xyxy.shape == (0, 4)


def test_masks_are_cut_and_rings_that_show_nothing_left_out() -> None:
    ring = _rectangle(4, 4, 26, 18) & ~_rectangle(6, 6, 24, 16)
    masks = Masks(
        "instances",
        lambda: _held(_rectangle(8, 8, 14, 14), ring, _rectangle(0, 0, 3, 3)),
        ("square", "ring", "corner"),
        crowd=np.array([True, False, False]),
        ignored=lambda: from_mask(_rectangle(11, 9, 13, 12)),
    )
    inner, outer, empty = windowed(
        Sample("x", ArrayImage(PHOTO), masks=masks), [(10, 7, 20, 15), (0, 0, 20, 20), (26, 18, 30, 20)]
    )
    assert inner.masks is not None and inner.masks.labels == ("square",) and inner.masks.ignored is not None
    (square,) = inner.masks.runs()
    np.testing.assert_array_equal(to_mask(square), _rectangle(8, 8, 14, 14)[7:15, 10:20])
    np.testing.assert_array_equal(to_mask(inner.masks.ignored()), _rectangle(11, 9, 13, 12)[7:15, 10:20])
    assert inner.masks.crowd is not None and inner.masks.crowd.tolist() == [True]
    assert outer.masks is not None and outer.masks.labels == ("square", "ring", "corner")
    assert [area(one) for one in outer.masks.runs()] == [36, int(ring[:, :20].sum()), 9]
    assert empty.masks is not None and empty.masks.labels == () and empty.masks.runs() == ()


def test_parts_can_be_sent_to_workers_and_tell_what_they_are_made_of() -> None:
    (sample,) = open_data("shapes:train=1,val=1,side=96").samples("train")
    one, two = windowed(sample, [(0, 0, 64, 64), (32, 32, 96, 96)])
    back = pickle.loads(pickle.dumps(one))
    assert one.masks is not None and back.masks is not None and two.masks is not None
    assert back.masks.labels == one.masks.labels
    for a, b in zip(back.masks.runs(), one.masks.runs(), strict=True):
        np.testing.assert_array_equal(a.counts, b.counts)
    assert repr(one.masks) != repr(two.masks)  # a cache of one is not taken for that of the other


def test_a_picture_that_cannot_be_read_is_named_once(tmp_path: object) -> None:
    with pytest.raises(BadImage, match="is not there") as raised:
        WindowImage(FileImage(tmp_path / "none.png"), (0, 0, 2, 2)).load()  # type: ignore[operator]
    assert raised.value.name.endswith("none.png")
