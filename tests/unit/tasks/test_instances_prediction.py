"""Objects with masks as an answer: picking from it, handing it on, putting parts together, drawing it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from clearsight.ops.colours import OKABE_ITO
from clearsight.ops.rle import Runs, area, from_mask, to_mask
from clearsight.tasks.instances.draw import colours_of, overlaid
from clearsight.tasks.instances.grids import Grids
from clearsight.tasks.instances.prediction import Instances
from clearsight.tasks.picture.colours import colour_of

NAMES = ("cell", "debris")
HEIGHT, WIDTH = 60, 80


def block(x1: int, y1: int, x2: int, y2: int, height: int = HEIGHT, width: int = WIDTH) -> Runs:
    mask = np.zeros((height, width), bool)
    mask[y1:y2, x1:x2] = True
    return from_mask(mask)


def final(boxes: Any, scores: Any, classes: Any, extent: tuple[int, int] = (HEIGHT, WIDTH)) -> dict[str, Any]:
    """Final arrays with full masks, of which the last row is padding."""
    places = np.array([*boxes, [0, 0, 0, 0]], np.float32)
    inside = np.clip(places, 0, np.array([extent[1], extent[0]] * 2))
    return {
        "boxes": inside,
        "mask_boxes": places,
        "scores": np.array([*scores, 0], np.float32),
        "classes": np.array([*classes, -1], np.float32),
        "shown": np.array([*(score >= 0.5 for score in scores), 0], np.float32),
        "masks": np.ones((len(places), 4, 4), np.float32),
        "extent": np.array(extent, np.float32),
    }


def answer(*boxes: tuple[int, int, int, int], scores: Any = None, classes: Any = None, **more: Any) -> Instances:
    scores = [0.9 - 0.1 * i for i in range(len(boxes))] if scores is None else scores
    classes = [0] * len(boxes) if classes is None else classes
    return Instances.from_arrays(final(boxes, scores, classes, **more), NAMES)


def test_masks_are_pasted_when_asked_for_and_follow_their_objects() -> None:
    found = answer((0, 0, 10, 10), (20, 5, 30, 25), (-10, 50, 10, 70), scores=(0.3, 0.9, 0.6))
    assert isinstance(found.masks, Grids) and not found.masks._pasted
    assert found.scores.tolist() == pytest.approx([0.9, 0.6, 0.3])
    assert found.areas.tolist() == [200, 100, 100]  # the second: what lies on the photograph
    np.testing.assert_allclose(found.boxes[1], [0, 50, 10, 60])
    np.testing.assert_array_equal(to_mask(found.masks[0]), to_mask(block(20, 5, 30, 25)))
    assert [area(one.mask) for one in found[1:]] == [100, 100]
    assert found[found.scores < 0.5].areas.tolist() == [100] and len(found.visible) == 2
    assert found[[2, 0]].areas.tolist() == [200, 100]  # the best first, whatever the order asked for
    assert found[0].label == "cell" and found[0].mask is found.masks[0]
    assert found.masks[-1] is found.masks[2]
    with pytest.raises(IndexError):
        found.masks[3]


def test_runs_serve_as_masks_as_well() -> None:
    columns = np.array([[0, 0, 9, 9], [5, 5, 9, 9]], np.float32), np.array([0.2, 0.8], np.float32), np.array([0, 1])
    found = Instances(*columns, np.ones(2, bool), NAMES, masks=(block(0, 0, 9, 9), block(5, 5, 9, 9)))
    assert found.areas.tolist() == [16, 81] and found.labels == ("debris", "cell")
    assert found[found.classes == 0].areas.tolist() == [81]
    with pytest.raises(ValueError, match="2 objects need as many masks"):
        Instances(*columns, np.ones(2, bool), NAMES, masks=())


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools' own
def test_rows_for_coco_are_read_by_pycocotools() -> None:
    from pycocotools import mask as coco

    found = answer((0, 0, 10, 10), (20, 5, 30, 25), classes=(1, 0))
    rows = found.to_coco(7, {"cell": 3, "debris": 5})
    assert [row["category_id"] for row in rows] == [5, 3] and {row["image_id"] for row in rows} == {7}
    for row, mask in zip(rows, found.masks, strict=True):
        np.testing.assert_array_equal(coco.decode(row["segmentation"]).astype(bool), to_mask(mask))
    words = json.loads(json.dumps(found.to_dict()))["objects"]
    assert words[0]["area"] == 100 and words[0]["mask"]["size"] == [HEIGHT, WIDTH]
    assert found.headline() == "1 cell, 1 debris"  # as often: in the order of the names


@pytest.mark.filterwarnings("ignore:OpenCV:UserWarning")  # supervision does without it
def test_supervision_takes_the_masks() -> None:
    found = answer((0, 0, 10, 10), (20, 5, 30, 25)).to_supervision()
    assert found.mask.shape == (2, HEIGHT, WIDTH) and found.mask.sum() == 300
    assert answer().to_supervision().mask is None


def test_pieces_of_one_object_are_joined_and_others_stay() -> None:
    """A photograph 200 wide, in two tiles that share 20 columns; a bar is cut in both, a blob lies in the second alone."""
    windows = [(0, 0, 200, 60), (0, 0, 110, 60), (90, 0, 200, 60)]
    whole = answer(scores=(), extent=(60, 200))
    left = answer((20, 10, 110, 20), extent=(60, 110))
    right = answer((0, 10, 80, 20), (85, 40, 95, 50), scores=(0.7, 0.8), extent=(60, 110))
    found = Instances.merged(iter([whole, left, right]), windows, {})
    assert len(found) == 2
    np.testing.assert_allclose(found.boxes, [[20, 10, 170, 20], [175, 40, 185, 50]])
    np.testing.assert_array_equal(to_mask(found.masks[0]), to_mask(block(20, 10, 170, 20, 60, 200)))
    np.testing.assert_array_equal(to_mask(found.masks[1]), to_mask(block(175, 40, 185, 50, 60, 200)))


def test_an_object_that_a_tile_and_the_whole_see_counts_once() -> None:
    windows = [(0, 0, 200, 60), (0, 0, 110, 60)]
    whole, tile = answer((30, 10, 50, 30), extent=(60, 200)), answer((31, 10, 50, 30), scores=(0.95,), extent=(60, 110))
    found = Instances.merged([whole, tile], windows, {})
    assert len(found) == 1 and found.areas.tolist() == [19 * 20]  # the surer one's mask


def test_fills_and_outlines_by_hand() -> None:
    owner = np.full((20, 30), -1)
    owner[5:15, 5:15], owner[5:15, 15:25] = 0, 1
    photo = np.full((20, 30, 3), 100, np.uint8)
    red, blue = (200, 0, 0), (0, 0, 200)
    drawn = overlaid(photo, owner, [red, blue], 2)
    assert (drawn[0] == 100).all() and (drawn[owner < 0] == 100).all()
    assert (drawn[5:7, 5:15] == red).all() and (drawn[5:15, 13:15] == red).all() and (drawn[5:15, 15:17] == blue).all()
    np.testing.assert_array_equal(drawn[10, 10], [145, 55, 55])  # 0.55 of the photograph and 0.45 of the colour


def test_neighbours_of_one_class_have_other_colours_and_classes_their_own() -> None:
    squares = np.array([[x, y, x + 10, y + 10] for x in range(0, 60, 10) for y in range(0, 50, 10)], np.float32)
    count = len(squares)
    scores, classes, masks = np.full(count, 0.9, np.float32), np.zeros(count, int), [block(0, 0, 1, 1)] * count
    one = Instances(squares, scores, classes, np.ones(count, bool), ("cell",), masks=masks)
    colours = colours_of(one)
    assert set(colours) <= set(OKABE_ITO)
    beside = [(i, j) for i in range(count) for j in range(i) if np.abs(squares[i, :2] - squares[j, :2]).sum() == 10]
    assert len(beside) == 49 and all(colours[i] != colours[j] for i, j in beside)
    assert colours_of(answer((0, 0, 9, 9), (20, 20, 29, 29), classes=(1, 0))) == [colour_of(1), colour_of(0)]


@pytest.mark.parametrize("size", [(1, 1), (9, 300), (300, 400)])
def test_pictures_of_any_size_are_drawn(size: tuple[int, int]) -> None:
    boxes = [(0, 0, size[1], size[0]), (-5, -5, 3, 3), (size[1] - 1, 0, size[1] + 9, 5), (7, 7, 7, 7)]
    drawing = answer(*boxes, scores=(0.9,) * 4, extent=size).draw(np.zeros((*size, 3), np.uint8))
    assert drawing.width >= size[1] and drawing.height >= size[0]
    assert (np.asarray(drawing) > 0).any()


def test_many_objects_are_counted_in_a_legend() -> None:
    boxes = [(x, y, x + 8, y + 8) for x in range(5, 380, 10) for y in range(5, 280, 10)]
    photo = np.zeros((300, 400, 3), np.uint8)
    found = answer(*boxes, scores=(0.9,) * len(boxes), classes=[i % 2 for i in range(len(boxes))], extent=(300, 400))
    drawing = np.asarray(found.draw(photo))
    assert drawing.shape[0] > 300
    band = drawing[300:].reshape(-1, 3)
    assert all((band == colour_of(k)).all(axis=1).any() for k in range(2))


def test_no_torch_is_imported() -> None:
    code = (
        "import sys, numpy as np; from clearsight.tasks.instances.prediction import Instances as I; "
        "f = {'boxes': np.ones((1, 4)) * [0, 0, 5, 5], 'mask_boxes': np.ones((1, 4)) * [0, 0, 5, 5], 'scores': np.ones(1), "
        "'classes': np.zeros(1), 'shown': np.ones(1), 'masks': np.ones((1, 4, 4)), 'extent': np.array([9, 9])}; "
        "I.from_arrays(f, ('a',)).draw(np.zeros((9, 9, 3), 'u1')); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
