"""The task of objects with masks: what the data decides, what a sample becomes, how answers are taken to the photograph
and compared."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import DataInfo
from clearsight.core.sample import ArrayImage, Boxes, Masks, Sample
from clearsight.ops.owners import NOBODY, UNJUDGED
from clearsight.ops.rle import Runs, from_mask
from clearsight.tasks.instances.compare import LACKING, instances_difference
from clearsight.tasks.instances.pipeline import InstanceSample
from clearsight.tasks.instances.task import FindInstances
from clearsight.tasks.objects.compare import PIXELS

INFO = DataInfo("none", {"train": 3}, ("a", "b"), frozenset({"masks", "boxes"}), instances=True)
TASK = FindInstances(labels=("a", "b"), size=64, canvas=(32, 64), mask_size=4)
PIXELS_OF = np.zeros((40, 40, 3), np.uint8)


def block(x1: int, y1: int, x2: int, y2: int, side: int = 40) -> Runs:
    mask = np.zeros((side, side), bool)
    mask[y1:y2, x1:x2] = True
    return from_mask(mask)


def given(*runs: Runs, labels: Any = None, **more: Any) -> Sample:
    masks = Masks("instances", partial(tuple, runs), ("a",) * len(runs) if labels is None else labels, **more)
    return Sample("x", ArrayImage(PIXELS_OF), masks=masks)


def sample(one: Sample) -> Any:
    return InstanceSample(TASK.preprocess(), TASK.labels)(one, PIXELS_OF)


def test_masks_of_objects_call_for_it_and_others_do_not() -> None:
    from clearsight.tasks.detect.task import Detect

    assert FindInstances.suits(INFO) and not Detect.suits(INFO)
    boxes = DataInfo("none", {"train": 3}, ("a",), frozenset({"boxes"}))
    assert Detect.suits(boxes) and not FindInstances.suits(boxes)
    assert FindInstances.from_data(INFO, [(480, 640)] * 3, {}).shape == (384, 512)
    with pytest.raises(InputError, match="train --task segment"):
        FindInstances.from_data(DataInfo("none", {}, ("a",), frozenset({"masks"})), [], {})


def test_of_mixed_sizes_few_are_shrunk() -> None:
    from clearsight.tasks.detect.task import Detect
    from clearsight.tasks.segment.task import Segment

    sizes = [(256, 256)] * 60 + [(360, 360)] * 35 + [(1040, 1388)] * 5  # as of the nuclei of a data science bowl
    assert FindInstances.from_data(INFO, sizes, {}).size == 384
    assert Segment.from_data(INFO, sizes, {}).size == 384
    assert Detect.from_data(INFO, sizes, {}).size == 256
    assert FindInstances.from_data(INFO, [(1040, 1388)] * 9, {}).size == 512


def test_answers_hold_as_many_objects_as_training_pictures_do() -> None:
    def fitted(count: int, **said: Any) -> FindInstances:
        task = FindInstances(labels=("a",), size=64, **said)
        return task.fitted([given(*[block(0, 0, 2, 2)] * each) for each in (1, count)])

    assert (fitted(12).keep, fitted(12).candidates) == (100, 1000)
    assert (fitted(369).keep, fitted(369).candidates) == (500, 5000)  # 1.25 times as many, in hundreds
    assert fitted(2000).keep == 1000
    assert (fitted(369, keep=50).keep, fitted(369, keep=50, candidates=90).candidates) == (50, 90)
    with pytest.raises(InputError, match="no training picture has a mask of an object"):
        TASK.fitted([given(), Sample("y", ArrayImage(PIXELS_OF))])


def test_the_settings_it_refuses_are_options() -> None:
    from clearsight.engine.config import TrainOptions

    assert FindInstances.unfitting.keys() <= TrainOptions.model_fields.keys()
    assert "mixup" in FindInstances.unfitting


def test_masks_lie_on_the_canvas_as_the_photograph_does() -> None:
    example = sample(given(block(0, 0, 20, 10), block(10, 5, 15, 15), labels=("b", "a")))
    # 40 px of height on 32: a scale of 0.8, and 16 px of grey at either side
    np.testing.assert_allclose(example.target["boxes"], [[16, 0, 32, 8], [24, 4, 28, 12]], atol=1e-4)
    assert example.target["labels"].tolist() == [1, 0] and bool(example.target["known"])
    expected = np.full((32, 64), NOBODY)
    expected[:8, 16:32] = 0
    expected[4:12, 24:28] = 1
    np.testing.assert_array_equal(example.target["owners"], expected)


def test_crowds_own_nothing_and_borders_are_unjudged() -> None:
    ignored = partial(block, 20, 0, 30, 40)
    example = sample(given(block(0, 0, 40, 20), block(0, 20, 25, 40), crowd=np.array([True, False]), ignored=ignored))
    owned, target = example.target["owners"], example.target
    assert (owned[16:, 16:36] == 1).all() and (owned[:16, 16:32] == NOBODY).all()
    assert (owned[:16, 32:40] == UNJUDGED).all() and (owned[16:, 36:40] == UNJUDGED).all()
    assert target["crowd"].tolist() == [True, False] and target["labels"].tolist() == [0, 0]


def test_bare_pictures_empty_masks_and_unfit_ones() -> None:
    bare = sample(Sample("x", ArrayImage(PIXELS_OF), boxes=Boxes(np.zeros((1, 4), np.float32), ("a",))))
    assert not bool(bare.target["known"]) and bare.target["boxes"].shape == (0, 4)
    assert bool(sample(given()).target["known"])
    empty = sample(given(block(0, 0, 0, 0)))
    assert empty.target["labels"].tolist() == [-1] and (empty.target["owners"] == NOBODY).all()
    with pytest.raises(BadImage, match="a mask is 41×41 pixels and the photograph 40×40; resize neither or both"):
        sample(given(block(0, 0, 3, 3, 41)))
    with pytest.raises(InputError, match="x has a mask labelled 'z'"):
        sample(given(block(0, 0, 3, 3), labels=("z",)))


def outputs() -> dict[str, torch.Tensor]:
    """One object on the canvas, half of it on the photograph, and padding."""
    masks = torch.zeros(1, 2, 4, 4)
    masks[0, 0, :, 2:] = 1
    return {
        "boxes": torch.tensor([[[12.0, 8.0, 20.0, 16.0], [1.0, 2.0, 3.0, 4.0]]]),
        "scores": torch.tensor([[0.8, 0.0]]),
        "classes": torch.tensor([[1, -1]]),
        "mask_boxes": torch.tensor([[[12.0, 8.0, 20.0, 18.0], [1.0, 2.0, 3.0, 4.0]]]),  # deeper than the box
        "masks": masks,
    }


def test_an_answer_is_taken_to_the_photograph() -> None:
    frame = torch.tensor([[1.25, 1.25, -20.0, 0.0, 40.0, 40.0]])
    finals = TASK.postprocess()(outputs(), frame)
    assert set(finals) == set(TASK.finals())
    np.testing.assert_allclose(finals["mask_boxes"][0], [[-5, 10, 5, 22.5], [0, 0, 0, 0]])
    np.testing.assert_allclose(finals["boxes"][0], [[0, 10, 5, 20], [0, 0, 0, 0]])
    found = TASK.wrap({name: value[0].numpy() for name, value in finals.items()})
    assert len(found) == 1 and found.labels == ("b",) and found.areas.tolist() == [65]
    assert (found.masks[0].height, found.masks[0].width) == (40, 40)


def final(masks: np.ndarray[Any, Any], box: tuple[float, ...] = (0, 0, 40, 40)) -> dict[str, np.ndarray[Any, Any]]:
    """One object and padding."""
    boxes = np.array([box, (0, 0, 0, 0)], np.float32)
    return {
        "boxes": boxes,
        "mask_boxes": boxes,
        "scores": np.array([0.9, 0], np.float32),
        "classes": np.array([0, -1], np.float32),
        "masks": np.stack([masks, masks * 0]).astype(np.float32),
        "extent": np.array([40, 40], np.float32),
    }


def test_answers_are_compared_by_boxes_and_by_what_masks_cover() -> None:
    grid = np.full((40, 40), 0.2)  # a cell is a pixel
    grid[:20] = 0.9
    same = final(grid)
    assert instances_difference(same, same, 0.001) == 0
    moved = final(grid, (0.5, 0, 40, 40))
    assert instances_difference(same, moved, 0.001) >= 0.5 / PIXELS
    other = grid.copy()
    other[0, 0] = 0.1  # one of 800 pixels
    assert instances_difference(same, final(other), 0.001) == pytest.approx(1 / 800 / LACKING)
    other[0, :4] = 0.1
    assert instances_difference(same, final(other), 0.001) == pytest.approx(0.005 / LACKING) == pytest.approx(1e-4)
    other[:20] = 0.1
    assert instances_difference(same, final(other), 0.001) == pytest.approx(1 / LACKING)


def test_pixels_at_a_half_may_fall_on_either_side() -> None:
    above, below = np.full((4, 4), 0.50001), np.full((4, 4), 0.49999)
    assert instances_difference(final(above), final(below), 0.001) == pytest.approx(2e-5, rel=1e-2)
    assert instances_difference(final(np.zeros((4, 4))), final(np.full((4, 4), 0.4)), 0.001) == 0  # both empty


def test_what_is_to_be_learnt_is_drawn_over_the_picture() -> None:
    import PIL.Image

    from clearsight.tasks.instances.preview import UNJUDGED as GREY
    from clearsight.tasks.picture.colours import colour_of

    ignored = partial(block, 0, 30, 40, 40)
    target = sample(given(block(0, 0, 20, 20), labels=("b",), ignored=ignored)).target
    drawn = np.asarray(TASK.draw_targets(PIL.Image.new("RGB", (128, 64)), target, 2.0))
    assert drawn.shape == (64, 128, 3)
    # the object lies at 16 to 32 across and 0 to 16 down, here twice as large; within its outline 0.45 of its colour
    np.testing.assert_array_equal(drawn[16, 48], np.rint(0.45 * np.array(colour_of(1))))
    np.testing.assert_array_equal(drawn[58, 60], np.rint(0.45 * np.array(GREY)))
    assert not drawn[16, 100].any()
