"""The detection task: what the data decides, what becomes of candidates, how answers are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import batched_nms

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Answered
from clearsight.core.reader import DataInfo
from clearsight.core.sample import ArrayImage, Boxes, Sample
from clearsight.core.task import Situation
from clearsight.ops.geometry import canvas_to_photo
from clearsight.tasks.detect.pipeline import DetectSample
from clearsight.tasks.detect.task import Detect
from clearsight.tasks.objects.compare import PIXELS, objects_difference

INFO = DataInfo("none", {"train": 3}, ("a", "b"), frozenset({"boxes"}))
TASK = Detect(labels=("a", "b"), size=64, canvas=(32, 64))
FRAME = torch.tensor([[10.0, 10.0, 0.0, 0.0, 640.0, 320.0]])  # a photograph ten times as large


def outputs(boxes: Any, scores: Any, classes: Any) -> dict[str, torch.Tensor]:
    return {
        "boxes": torch.tensor([boxes], dtype=torch.float32),
        "scores": torch.tensor([scores], dtype=torch.float32),
        "classes": torch.tensor([classes]),
    }


def answer(task: Detect, given: dict[str, torch.Tensor]) -> Any:
    finals = task.postprocess()(given, FRAME)
    assert {name: tuple(value.shape) for name, value in finals.items()} == {
        "boxes": (1, task.keep, 4),
        **dict.fromkeys(("scores", "classes", "shown"), (1, task.keep)),
    }
    return task.wrap({name: value[0].numpy() for name, value in finals.items()})


def test_photographs_of_one_shape_get_a_canvas_of_that_shape() -> None:
    task = Detect.from_data(INFO, [(480, 640)] * 5, {})
    assert task.shape == (384, 512) and task.size == 512
    assert Detect.from_data(INFO, [(640, 480)] * 5, {"size": 416}).shape == (416, 320)
    assert Detect.from_data(INFO, [(640, 480), (480, 640)], {"size": 416}).shape == (416, 416)
    assert Detect.from_data(INFO, [(100, 90)], {}).shape == (128, 128)  # 115 px would be as good as square
    assert Detect.from_data(INFO, [], {}).shape == (512, 512)


def test_what_does_not_go_is_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match="--size 100: give a multiple of 32, such as 96"):
        Detect.from_data(INFO, [], {"size": 100})
    with pytest.raises(InputError, match=r"^--fit crop: detect sees photographs whole"):
        Detect.from_data(INFO, [], {"fit": "crop"})
    with pytest.raises(InputError, match=r"^--share 0\.8: detect sees photographs whole"):
        Detect.from_data(INFO, [], {"share": 0.8})
    assert Detect.from_data(INFO, [], {"fit": "letterbox", "share": 1.0}).size == 512
    with pytest.raises(InputError, match="no picture has a box; annotate some, or name another --task"):
        Detect.from_data(DataInfo("none", {}, (), frozenset({"boxes"})), [], {})
    with pytest.raises(InputError, match="no training picture has a box"):
        TASK.fitted([Sample("x", ArrayImage(np.zeros((4, 4, 3), np.uint8)))])
    with pytest.raises(ValueError, match="multiples of 32"):
        Detect(labels=("a",), size=64, canvas=(30, 64))
    with pytest.raises(ValueError, match="thresholds"):
        Detect(labels=("a",), size=64, thresholds=(0.5, 0.5))


def test_the_settings_it_suggests_are_options_and_have_reasons() -> None:
    from clearsight.engine.config import TrainOptions

    for situation in (Situation(200, "cpu", "file"), Situation(50_000, "cuda", None, "best")):
        suggested = TASK.suggest(situation)
        assert suggested.keys() <= TrainOptions.model_fields.keys()
        assert all(reason for _, reason in suggested.values())
    assert Detect.unfitting.keys() <= TrainOptions.model_fields.keys()
    assert not Detect.unfitting.keys() & TASK.suggest(Situation(200, "cpu", "file")).keys()


def test_a_sample_lies_on_the_canvas_as_the_photograph_does() -> None:
    boxes = Boxes(np.array([[-5, 0, 20, 10], [30, 10, 40, 20]], np.float32), ("b", "a"), np.array([False, True]))
    pixels = np.zeros((40, 40, 3), np.uint8)
    example = DetectSample(TASK.preprocess(), TASK.labels)(Sample("x", ArrayImage(pixels), boxes=boxes), pixels)
    assert tuple(example.image.shape) == (3, 32, 64)
    # 40 px of height on 32: a scale of 0.8, and 16 px of grey at either side
    expected = [[16.0, 0.0, 32.0, 8.0], [40.0, 8.0, 48.0, 16.0]]
    np.testing.assert_allclose(example.target["boxes"].numpy(), expected, atol=1e-4)
    assert example.target["labels"].tolist() == [1, 0] and example.target["crowd"].tolist() == [False, True]
    assert bool(example.target["known"])
    bare = DetectSample(TASK.preprocess(), TASK.labels)(Sample("x", ArrayImage(pixels)), pixels)
    assert not bool(bare.target["known"]) and bare.target["boxes"].shape == (0, 4)


def test_boxes_outside_teach_nothing_and_unknown_labels_are_refused() -> None:
    sample = DetectSample(TASK.preprocess(), TASK.labels)
    pixels = np.zeros((40, 40, 3), np.uint8)
    outside = Boxes(np.array([[50, 0, 60, 10]], np.float32), ("a",))
    assert sample(Sample("x", ArrayImage(pixels), boxes=outside), pixels).target["labels"].tolist() == [-1]
    with pytest.raises(InputError, match="x has a box labelled 'z'"):
        sample(Sample("x", ArrayImage(pixels), boxes=Boxes(outside.xyxy, ("z",))), pixels)


def test_the_better_of_two_boxes_of_a_class_stays() -> None:
    box, shifted = [0.0, 0.0, 10.0, 10.0], [1.0, 0.0, 11.0, 10.0]  # IoU 9 / 11
    found = answer(TASK, outputs([box, shifted, shifted], [0.5, 0.9, 0.4], [0, 0, 1]))
    assert found.scores.tolist() == pytest.approx([0.9, 0.4])
    assert found.labels == ("a", "b")
    np.testing.assert_allclose(found.boxes, [[10, 0, 110, 100]] * 2, atol=1e-3)
    assert found.shown.tolist() == [True, True]
    gentle = answer(TASK.model_copy(update={"iou": 0.9}), outputs([box, shifted], [0.5, 0.9], [0, 0]))
    assert len(gentle) == 2
    every = answer(TASK.model_copy(update={"iou": 1.0}), outputs([box, box], [0.5, 0.9], [0, 0]))
    assert len(every) == 2


def test_scores_below_the_floor_and_boxes_beyond_the_photograph_are_cut() -> None:
    found = answer(TASK, outputs([[-5.0, -5.0, 100.0, 100.0], [0.0, 0.0, 5.0, 5.0]], [0.9, 0.0005], [0, 1]))
    assert len(found) == 1
    np.testing.assert_allclose(found.boxes, [[0, 0, 640, 320]])


def test_thresholds_say_what_is_shown() -> None:
    task = TASK.model_copy(update={"thresholds": (0.5, 0.1)})
    found = answer(task, outputs([[0.0, 0.0, 5.0, 5.0], [20.0, 0.0, 25.0, 5.0]], [0.4, 0.2], [0, 1]))
    assert found.shown.tolist() == [False, True]


def test_soft_suppression_by_hand() -> None:
    box, shifted, away = [0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 15.0, 10.0], [40.0, 0.0, 50.0, 10.0]
    task = TASK.model_copy(update={"soft": 0.5})
    found = answer(task, outputs([box, shifted, away], [0.9, 0.8, 0.3], [0, 0, 0]))
    # the second overlaps the first by 1/3: 0.8 · exp(−(1/3)² / 0.5)
    assert found.scores.tolist() == pytest.approx([0.9, 0.8 * np.exp(-2 / 9), 0.3], rel=1e-5)


@given(st.integers(0, 10_000))
@settings(deadline=None)
def test_suppression_is_that_of_torchvision(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    low = torch.rand(1, 40, 2, generator=draw) * torch.tensor([50.0, 20.0])
    boxes = torch.cat([low, low + 2 + 10 * torch.rand(1, 40, 2, generator=draw)], -1).clamp(max=32)
    scores, classes = torch.rand(1, 40, generator=draw), torch.randint(0, 2, (1, 40), generator=draw)
    found = answer(TASK, {"boxes": boxes, "scores": scores, "classes": classes})
    kept = batched_nms(boxes[0], scores[0], classes[0], TASK.iou)
    kept = kept[scores[0, kept] >= TASK.floor]
    expected = canvas_to_photo(boxes[0, kept].reshape(-1, 2), FRAME[0]).reshape(-1, 4)
    np.testing.assert_allclose(found.boxes, expected.numpy(), atol=1e-3)
    np.testing.assert_allclose(found.scores, scores[0, kept].numpy())


def finals(boxes: Any, scores: Any, classes: Any) -> dict[str, np.ndarray[Any, Any]]:
    return {
        "boxes": np.array(boxes, np.float32).reshape(-1, 4),
        "scores": np.array(scores, np.float32),
        "classes": np.array(classes, np.float32),
    }


def test_answers_are_compared_box_by_box() -> None:
    one = finals([[0, 0, 9, 9], [20, 20, 30, 30], [0, 0, 0, 0]], [0.9, 0.9, 0.0], [0, 1, -1])
    assert objects_difference(one, one, 0.001) == 0
    turned = finals([[20, 20, 30, 30], [0, 0, 9, 9], [0, 0, 0, 0]], [0.9, 0.9, 0.0], [1, 0, -1])
    assert objects_difference(one, turned, 0.001) == 0  # equal scores may come in any order
    moved = finals([[0, 0, 9.5, 9], [20, 20, 30, 30], [0, 0, 0, 0]], [0.9, 0.9, 0.0], [0, 1, -1])
    assert objects_difference(one, moved, 0.001) == pytest.approx(0.5 / PIXELS) == pytest.approx(1e-4)
    other_class = finals([[0, 0, 9, 9], [20, 20, 30, 30], [0, 0, 0, 0]], [0.9, 0.9, 0.0], [1, 1, -1])
    assert objects_difference(one, other_class, 0.001) > 0.001


def test_a_box_that_only_one_answer_has_counts_by_its_score() -> None:
    one = finals([[0, 0, 9, 9], [20, 20, 30, 30]], [0.9, 0.00105], [0, 1])
    other = finals([[0, 0, 9, 9], [0, 0, 0, 0]], [0.9, 0.0], [0, -1])
    assert objects_difference(one, other, 0.001) == pytest.approx(0.00005, rel=1e-3)  # at the floor: rounding
    one["scores"][1] = 0.4
    assert objects_difference(one, other, 0.001) == pytest.approx(0.399, rel=1e-3)
    assert objects_difference(one, {**other, "scores": np.array([np.nan, 0])}, 0.001) == float("inf")
    assert objects_difference(one, {"boxes": one["boxes"]}, 0.001) == float("inf")


def test_a_box_is_the_counterpart_of_one_alone() -> None:
    twice = finals([[0, 0, 9, 9], [0, 0, 9, 9], [0, 0, 0, 0]], [0.9, 0.9, 0.0], [0, 0, -1])
    once = finals([[0, 0, 9, 9], [0, 0, 0, 0], [0, 0, 0, 0]], [0.9, 0.0, 0.0], [0, -1, -1])
    assert objects_difference(twice, once, 0.001) == objects_difference(once, twice, 0.001) == pytest.approx(0.899)


def test_thresholds_are_fitted_to_pictures_held_out() -> None:
    pixels = np.zeros((320, 640, 3), np.uint8)
    truth = Boxes(np.array([[0, 0, 50, 50], [200, 0, 250, 50]], np.float32), ("a", "a"))
    samples = [Sample("x", ArrayImage(pixels), boxes=truth)]
    given_ = outputs(
        [[0.0, 0.0, 5.0, 5.0], [20.0, 0.0, 25.0, 5.0], [50.0, 20.0, 60.0, 30.0]], [0.8, 0.6, 0.2], [0, 0, 0]
    )
    unknown = Answered(given_, FRAME, [Sample("y", ArrayImage(pixels))])
    fitted = TASK.calibrated([Answered(given_, FRAME, samples), unknown])
    assert 0.2 < fitted.thresholds[0] <= 0.6  # both objects, and not what is wrong
    assert TASK.calibrated([unknown]) is TASK
