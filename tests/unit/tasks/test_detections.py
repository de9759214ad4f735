"""A detector's typed answer: picking from it, handing it on, and drawing it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearsight.core.errors import InputError
from clearsight.ops.colours import OKABE_ITO
from clearsight.tasks.detect.prediction import Detection, Detections
from clearsight.tasks.objects import draw
from clearsight.tasks.picture import colours
from clearsight.tasks.picture.draw import SMALLEST

NAMES = ("RBC", "WBC", "platelet")
BOXES = [[10, 20, 50, 60], [100, 20, 140, 80], [30, 120, 90, 180], [0, 0, 5, 5]]


def answer(
    scores: tuple[float, ...] = (0.5, 0.9, 0.2, 0.7), classes: tuple[int, ...] = (0, 1, 0, 2), padding: int = 3
) -> Detections:
    """Boxes of `BOXES` with padding behind, as a postprocess gives them."""
    count = len(scores)
    return Detections.from_arrays(
        {
            "boxes": np.array(BOXES[:count] + [[0, 0, 0, 0]] * padding, np.float32).reshape(-1, 4),
            "scores": np.array([*scores, *[0.0] * padding], np.float32),
            "classes": np.array([*classes, *[-1] * padding], np.float32),
            "shown": np.array([*(score >= 0.5 for score in scores), *[0] * padding], np.float32),
        },
        NAMES,
    )


def test_padding_goes_and_the_best_comes_first() -> None:
    found = answer()
    assert len(found) == 4
    np.testing.assert_allclose(found.scores, [0.9, 0.7, 0.5, 0.2])
    assert found.labels == ("WBC", "platelet", "RBC", "RBC")
    assert found.names == NAMES
    np.testing.assert_array_equal(found.boxes[0], BOXES[1])
    assert (found.boxes.dtype, found.scores.dtype, found.classes.dtype) == (np.float32, np.float32, np.int64)
    assert found.shown.tolist() == [True, True, True, False]


def test_an_answer_may_be_empty() -> None:
    found = answer((), ())
    assert (len(found), list(found), found.headline(), found.labels) == (0, [], "nothing", ())
    assert found.boxes.shape == (0, 4)
    assert found.to_dict() == {"objects": []}
    assert found.files() == {".json": b'{"objects": []}'} and tuple(found.files()) == found.saved
    assert found.to_coco(1) == []
    assert len(found.visible) == len(found.above(0.1)) == len(found[:3]) == len(found[[]]) == 0


def test_where_the_model_does_not_say_what_is_shown_three_tenths_are() -> None:
    final = {"boxes": np.zeros((2, 4)), "scores": np.array([0.31, 0.29]), "classes": np.array([0, 0])}
    assert Detections.from_arrays(final, NAMES).shown.tolist() == [True, False]


def test_picking_by_number_slice_mask_score_and_class() -> None:
    found = answer()
    assert found[0] == Detection((100.0, 20.0, 140.0, 80.0), pytest.approx(0.9), "WBC")
    assert found[-1].label == "RBC"
    assert found[np.int64(1)].label == "platelet"
    assert found[1:3].labels == ("platelet", "RBC")
    assert found[::-1].labels == found.labels  # always the best first
    assert found[found.classes == 0].labels == ("RBC", "RBC")
    assert found[[True, False, False, True]].labels == ("WBC", "RBC")
    assert found[[2, 0]].labels == ("WBC", "RBC")
    assert found.above(0.5).labels == ("WBC", "platelet", "RBC")
    assert found.of("RBC", "WBC").labels == ("WBC", "RBC", "RBC")
    assert found.above(0.6).of("RBC").labels == ()
    assert found.visible.labels == ("WBC", "platelet", "RBC")
    assert [one.label for one in found] == list(found.labels)
    with pytest.raises(IndexError):
        found[4]


def test_a_class_that_is_not_known_is_named() -> None:
    with pytest.raises(InputError, match=r"no class 'T cell'.*RBC, WBC, platelet"):
        answer().of("T cell")


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1, width=32)), max_size=30), st.integers(0, 5))
def test_nothing_is_lost_or_mixed_up(rows: list[tuple[int, float]], padding: int) -> None:
    boxes = np.array([[n, n, n + 1, n + 1] for n in range(len(rows) + padding)], np.float32).reshape(-1, 4)
    final = {
        "boxes": boxes,
        "scores": np.array([score for _, score in rows] + [0.0] * padding, np.float32),
        "classes": np.array([kind for kind, _ in rows] + [-1] * padding),
    }
    found = Detections.from_arrays(final, NAMES)
    assert (np.diff(found.scores) <= 0).all()
    assert {(int(one.box[0]), NAMES.index(one.label), one.score) for one in found} == {
        (n, kind, score) for n, (kind, score) in enumerate(rows)
    }


def test_what_does_not_fit_is_refused() -> None:
    good = {"boxes": np.zeros((2, 4)), "scores": np.zeros(2), "classes": np.zeros(2)}
    for wrong in ({"boxes": np.zeros((2, 5))}, {"scores": np.zeros((2, 1))}):
        with pytest.raises(ValueError, match="are needed"):
            Detections.from_arrays({**good, **wrong}, NAMES)
    with pytest.raises(ValueError, match="from 0 to 2"):
        Detections.from_arrays({**good, "classes": np.array([0, 3])}, NAMES)


def test_plain_values() -> None:
    plain = answer().to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["objects"][1] == {
        "label": "platelet",
        "score": pytest.approx(0.7),
        "box": [0.0, 0.0, 5.0, 5.0],
        "shown": True,
    }
    assert [row["shown"] for row in plain["objects"]] == [True, True, True, False]


def test_rows_of_a_coco_file() -> None:
    rows = answer().to_coco(image_id=7)
    assert rows[0] == {
        "image_id": 7,
        "category_id": 2,
        "bbox": [100.0, 20.0, 40.0, 60.0],
        "score": pytest.approx(0.9),
    }
    assert json.loads(json.dumps(rows)) == rows
    numbers = {"RBC": 10, "WBC": 30, "platelet": 20}
    assert [row["category_id"] for row in answer().to_coco(7, numbers)] == [30, 20, 10, 10]
    with pytest.raises(InputError, match="no number for WBC"):
        answer().to_coco(7, {"RBC": 1, "platelet": 2})


def test_coco_tools_read_them() -> None:
    from pycocotools.coco import COCO

    known = COCO()
    known.dataset = {"images": [{"id": 7}], "categories": [{"id": k, "name": n} for k, n in enumerate(NAMES, 1)]}
    known.dataset["annotations"] = []
    known.createIndex()
    assert len(known.loadRes(answer().to_coco(7)).getAnnIds()) == 4


@pytest.mark.filterwarnings("ignore:OpenCV")
def test_supervision_takes_them_over() -> None:
    theirs = answer().to_supervision()
    np.testing.assert_array_equal(theirs.xyxy, answer().boxes)
    np.testing.assert_array_equal(theirs.confidence, answer().scores)
    np.testing.assert_array_equal(theirs.class_id, [1, 2, 0, 0])
    assert theirs.data["class_name"].tolist() == list(answer().labels)
    assert len(answer((), ()).to_supervision()) == 0


def test_the_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(InputError, match=r"clearsight\[supervision\]"):
        answer().to_supervision()


def test_a_headline_counts_what_is_shown() -> None:
    found = answer((0.5, 0.9, 0.2, 0.7), (0, 1, 0, 0))
    assert found.headline() == "2 RBC, 1 WBC"
    assert repr(found) == "Detections(2 RBC, 1 WBC)"
    assert found.counts == {"RBC": 2, "WBC": 1}
    assert answer((0.1, 0.2), (0, 1)).headline() == "nothing"


def test_every_class_has_a_colour_of_its_own_and_they_go_on_for_ever() -> None:
    found = np.array([colours.colour_of(k) for k in range(colours.MOST)])
    apart = np.abs(found[:, None] - found[None]).max(-1) + 999 * np.eye(len(found))
    assert apart.min() >= 20 and found.max(1).min() > 30  # nor is any taken for the black of nothing
    assert colours.colour_of(0) == OKABE_ITO[0]
    assert colours.colour_of(colours.MOST) == colours.colour_of(0)


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    def luminance(colour: tuple[int, int, int]) -> float:
        parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_names_can_be_read_on_every_colour() -> None:
    for k in range(colours.MOST):
        colour = colours.colour_of(k)
        assert contrast(colour, colours.ink_on(colour)) >= 3.9


def test_a_frame_lies_outside_of_its_box_and_leaves_the_object_alone() -> None:
    photo = np.full((400, 600, 3), 200, np.uint8)
    photo[150:250, 200:330] = (9, 99, 199)
    final = {"boxes": np.array([[200, 150, 330, 250]]), "scores": np.array([0.9]), "classes": np.array([1])}
    drawing = np.asarray(Detections.from_arrays(final, NAMES).draw(photo))
    assert drawing.shape == photo.shape
    np.testing.assert_array_equal(drawing[150:250, 200:330], photo[150:250, 200:330])
    colour = colours.colour_of(1)
    assert (drawing[200, 195:200] == colour).all(axis=1).any()
    assert (drawing[200, 330:335] == colour).all(axis=1).any()
    assert (drawing[120:150] == colour).all(axis=2).sum() > 300  # the name above


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (20, 900), (700, 4), (480, 640), (2000, 1500)])
def test_pictures_of_any_size_take_boxes_of_any_kind(size: tuple[int, int]) -> None:
    height, width = size
    odd = [[0, 0, width, height], [-50, -50, 10, 10], [width - 1, height - 1, width + 90, height + 90]]
    odd += [[5, 5, 5, 5], [width + 10, 0, width + 20, 9], [width / 2, height / 2, width / 2 + 0.1, height / 2 + 0.1]]
    final = {"boxes": np.array(odd), "scores": np.full(6, 0.9), "classes": np.array([0, 1, 2, 0, 1, 2])}
    drawing = Detections.from_arrays(final, NAMES).draw(np.zeros((*size, 3), np.uint8))
    times = max(1, -(-SMALLEST // max(size)))
    assert drawing.width >= width * times
    assert drawing.height >= height * times
    assert (np.asarray(drawing) > 0).any()


def test_many_objects_are_named_by_a_legend_and_few_beside_them() -> None:
    photo = np.zeros((300, 400, 3), np.uint8)
    corners = np.array([[x, y] for x in range(5, 380, 20) for y in range(5, 280, 20)], np.float32)
    final = {
        "boxes": np.concatenate([corners, corners + 16], axis=1),
        "scores": np.full(len(corners), 0.9),
        "classes": np.arange(len(corners)) % 3,
    }
    many = Detections.from_arrays(final, NAMES)
    assert many.draw(photo).height > 300
    assert many[:1].draw(photo).height == 300
    drawing = np.asarray(many.draw(photo))
    for x, y in corners.astype(int):
        assert (drawing[y : y + 16, x : x + 16] == 0).all()
    band = drawing[300:].reshape(-1, 3)
    for k in range(3):
        assert (band == colours.colour_of(k)).all(axis=1).any()


def test_a_legend_of_many_classes_wraps() -> None:
    photo, names = np.zeros((300, 300, 3), np.uint8), tuple(f"a class with a long name {k}" for k in range(30))
    final = {"boxes": np.tile([[0, 0, 300, 300]], (30, 1)), "scores": np.full(30, 0.9), "classes": np.arange(30)}
    one = Detections.from_arrays({k: v[:1] for k, v in final.items()}, names)
    wide = Detections.from_arrays(final, names).draw(photo)
    assert wide.height > 300 + 30 * 12
    assert wide.width == 300 == one.draw(photo).width


def test_only_what_is_shown_is_drawn() -> None:
    photo = np.zeros((300, 400, 3), np.uint8)
    assert (np.asarray(answer((0.4, 0.3), (0, 1)).draw(photo)) == 0).all()
    assert (np.asarray(answer((0.6, 0.3), (0, 1)).draw(photo)) > 0).any()


def test_names_find_a_place_or_there_is_none() -> None:
    above, below = (10.0, 50.0, 60.0, 90.0), (10.0, 2.0, 60.0, 40.0)
    assert draw.place_tags([(40, 12)], [above], (200, 200), 2) == [(8.0, 36.0, 48.0, 48.0)]
    assert draw.place_tags([(40, 12)], [below], (200, 200), 2) == [(8.0, 42.0, 48.0, 54.0)]
    inside = (0.0, 0.0, 200.0, 200.0)
    assert draw.place_tags([(40, 12)], [inside], (200, 200), 2) == [(0.0, 0.0, 40.0, 12.0)]
    assert draw.place_tags([(40, 12)], [(0.0, 0.0, 20.0, 20.0)], (20, 20), 2) is None
    crowded = [(10.0, 50.0, 60.0, 90.0), (10.0, 36.0, 60.0, 48.0)]
    places = draw.place_tags([(40, 12)] * 2, crowded, (200, 200), 2)
    assert places is not None
    assert places[0][1] == 92.0  # above it another object would be hidden


def test_no_torch_is_imported() -> None:
    import subprocess
    import sys

    code = (
        "import sys, numpy as np; from clearsight.tasks.detect.prediction import Detections as D; "
        "D(np.ones((1, 4), 'f4'), np.ones(1, 'f4'), np.zeros(1, int), np.ones(1, bool), ('a',)).draw(np.zeros((9, 9, 3), 'u1')); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
