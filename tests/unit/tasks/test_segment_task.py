"""The task `segment`: what data it fits, what it learns from a sample, and what its loss counts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import DataInfo
from clearsight.core.sample import VOID, ArrayImage, Masks, Sample
from clearsight.core.task import Situation
from clearsight.engine.config import TrainOptions
from clearsight.ops.rle import Runs, from_mask
from clearsight.tasks.segment.task import Segment
from clearsight.tasks.segment.truth import class_map
from clearsight.tasks.segment.weights import count_pixels
from clearsight.verbs.views import with_answer, with_views

LABELS = ("background", "road", "sky")
MASK = np.array([[0, 2, 2, 2], [1, 1, VOID, 2]], np.uint8)


def semantic(mask: np.ndarray = MASK, labels: tuple[str, ...] = LABELS, key: str = "a") -> Sample:
    photo = ArrayImage(np.zeros((*mask.shape, 3), np.uint8), key)
    return Sample(key, photo, masks=Masks("semantic", partial(np.copy, mask), labels))


def objects(masks: list[np.ndarray], labels: tuple[str, ...], **more: Any) -> Sample:
    runs = tuple(from_mask(mask) for mask in masks)
    photo = ArrayImage(np.zeros((*masks[0].shape, 3), np.uint8), "a")
    return Sample("a", photo, masks=Masks("instances", partial(tuple[Runs, ...], runs), labels, **more))


def info(labels: tuple[str, ...] = LABELS, instances: bool = False) -> DataInfo:
    return DataInfo("x", {"train": 9}, labels, frozenset({"masks"}), instances=instances)


def test_masks_of_objects_get_a_background() -> None:
    assert Segment.from_data(info(), [], {}).labels == LABELS
    assert Segment.from_data(info(("cat", "dog"), instances=True), [], {}).labels == ("background", "cat", "dog")
    assert Segment.from_data(info(LABELS, instances=True), [], {}).labels == LABELS
    assert Segment.suits(info()) and not Segment.suits(info(instances=True))


def test_the_canvas_has_the_photographs_shape_and_the_task_knows_the_scale() -> None:
    task = Segment.from_data(info(), [(360, 480)] * 5, {})
    assert (task.size, task.shape, task.scale) == (480, (384, 480), 1.0)
    task = Segment.from_data(info(), [(1200, 1600)] * 5, {"size": 320})
    assert (task.shape, task.scale) == ((256, 320), 5.0)  # the canvas is a little higher than the photograph
    assert Segment.from_data(info(), [(100, 300), (300, 100)], {}).shape == (320, 320)


@pytest.mark.parametrize(
    ("labels", "options", "words"),
    [
        (("only",), {}, "from 2 to 255 classes apart; the data has 1, 'only'"),
        (tuple(map(str, range(256))), {}, "from 2 to 255 classes apart; the data has 256"),
        (LABELS, {"size": 100}, "--size 100: give a multiple of 32, such as 96"),
        (LABELS, {"fit": "crop"}, "--fit crop: segment sees photographs whole, in their shape; leave it out"),
    ],
)
def test_what_it_cannot_do_is_refused(labels: tuple[str, ...], options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Segment.from_data(info(labels), [(64, 64)], options)


def test_without_a_mask_there_is_nothing_to_learn() -> None:
    task = Segment(labels=LABELS, size=32)
    assert task.fitted([semantic()]) is task
    with pytest.raises(InputError, match="no training picture has a mask"):
        task.fitted([replace(semantic(), masks=None)])


def test_classes_go_by_name() -> None:
    found = class_map(semantic(), ("sky", "road", "background"), (2, 4))
    assert found is not None
    assert found.tolist() == [[2, 0, 0, 0], [1, 1, VOID, 0]]


def test_a_class_that_the_model_does_not_know_is_refused_where_a_pixel_has_it() -> None:
    with pytest.raises(InputError, match="a has pixels labelled 'sky', which the model does not know; it knows backgr"):
        class_map(semantic(), LABELS[:2], (2, 4))
    no_sky = np.where(MASK == 2, 0, MASK)
    assert class_map(semantic(no_sky), LABELS[:2], (2, 4)) is not None
    with pytest.raises(InputError, match="a has pixels labelled 'cow'"):
        class_map(objects([MASK == 1], ("cow",)), LABELS, (2, 4))


def test_a_mask_of_another_size_than_the_photograph_is_a_bad_picture() -> None:
    with pytest.raises(BadImage, match="a mask is 4×2 pixels and the photograph 5×2; resize neither or both"):
        class_map(semantic(), LABELS, (2, 5))
    with pytest.raises(BadImage, match="a mask is 4×2 pixels and the photograph 5×2; resize neither or both"):
        class_map(objects([MASK == 1], ("road",)), LABELS, (2, 5))


def test_objects_are_painted_on_the_background_and_crowds_are_void() -> None:
    both = [MASK == 2, np.array([[0, 1, 0, 0], [0, 1, 0, 0]], bool)]
    found = class_map(objects(both, ("sky", "road")), LABELS, (2, 4))
    assert found is not None and found.tolist() == [[0, 1, 2, 2], [0, 1, 0, 2]]
    found = class_map(objects(both, ("sky", "road"), crowd=np.array([True, False])), LABELS, (2, 4))
    assert found is not None and found.tolist() == [[0, 1, VOID, VOID], [0, 1, 0, VOID]]
    border = partial(from_mask, np.eye(2, 4, dtype=bool))
    found = class_map(objects(both, ("sky", "road"), ignored=border), LABELS, (2, 4))
    assert found is not None and found.tolist() == [[VOID, 1, 2, 2], [0, VOID, 0, 2]]


def test_a_sample_has_the_classes_of_its_canvas() -> None:
    """A photograph of 2 × 4 pixels on a canvas of 32 × 32: each pixel is 8 wide, with bars above and below."""
    task = Segment(labels=LABELS, size=32)
    sample = semantic()
    example = task.pipeline(train=False).sample(sample, sample.image.load())
    mask = example.target["mask"]
    assert (mask[:8] == VOID).all() and (mask[24:] == VOID).all()
    assert torch.equal(mask[8:24:8, ::8][:, :4], torch.from_numpy(MASK))
    assert (mask[8:16, 8:] == 2).all() and (mask[16:24, :16] == 1).all()
    assert example.target["known"] and example.image.shape == (3, 32, 32)
    bare = task.pipeline(train=True).sample(replace(sample, masks=None), sample.image.load())
    assert not bare.target["known"] and (bare.target["mask"] == VOID).all()


def test_both_pipelines_share_a_cache() -> None:
    task = Segment(labels=LABELS, size=32)
    assert task.pipeline(train=True).signature == task.pipeline(train=False).signature
    assert task.pipeline(train=True).signature != Segment(labels=LABELS[::-1], size=32).pipeline(train=True).signature


def test_pixels_are_counted_by_class_and_by_the_pictures_that_show_it() -> None:
    other = semantic(np.array([[1, 1]], np.uint8), key="b")
    pixels, shown = count_pixels([semantic(), other, replace(other, masks=None)], LABELS)
    assert pixels.tolist() == [1, 4, 4 - 0]
    assert shown.tolist() == [7, 9, 7]


def test_class_weights_change_the_loss_as_they_say() -> None:
    task = Segment(labels=LABELS, size=32)
    logits, mask = torch.randn(1, 3, 2, 4), torch.from_numpy(MASK)[None]
    made = {
        scheme: task.loss_options({"loss": "ce", "class_weights": scheme}, [semantic()])["criterion"](logits, mask)
        for scheme in ("none", "balanced", "root")
    }
    weights = torch.tensor([2.0, 1.0, 0.5])  # of frequencies 1/7, 2/7 and 4/7 the median over each
    each = torch.nn.functional.cross_entropy(logits, mask.long(), weights, ignore_index=VOID)
    plain = torch.nn.functional.cross_entropy(logits, mask.long(), ignore_index=VOID)
    torch.testing.assert_close(made["balanced"], each)
    torch.testing.assert_close(made["none"], plain)
    roots = torch.tensor([2**0.5, 1.0, 2**-0.5])  # of 1, 2 and 4 pixels
    torch.testing.assert_close(
        made["root"], torch.nn.functional.cross_entropy(logits, mask.long(), roots, ignore_index=VOID)
    )
    with pytest.raises(InputError, match=r"--class-weights effective: .*; say root or balanced"):
        task.loss_options({"class_weights": "effective"}, [semantic()])


def test_a_loss_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="--loss bce does not fit masks"):
        Segment(labels=LABELS, size=32).loss_options({"loss": "bce"}, [])


def test_how_it_answers_may_be_changed() -> None:
    task = Segment(labels=LABELS, size=32)
    assert task.finals() == ("mask",)
    assert with_answer(task, "probabilities=true").finals() == ("mask", "probabilities")
    assert with_views(task, "flip").tta == "flip"  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="--tta flip_shift: segment does not average such views; say none or flip"):
        with_views(task, "flip_shift")


def test_what_it_suggests_are_options_that_fit() -> None:
    task = Segment(labels=LABELS, size=32)
    for weights in (None, "some.safetensors"):
        for recipe in ("quick", "balanced", "best"):
            said = task.suggest(Situation(300, "cpu", weights, recipe))
            TrainOptions(data="x", **{name: value for name, (value, _) in said.items()})
            assert not said.keys() & task.unfitting.keys()
            assert all(why for _, why in said.values())


def test_while_training_watches_answers_are_without_probabilities() -> None:
    task = Segment(labels=("a", "b"), size=64, probabilities=True)
    watched = task.watched()
    assert watched.finals() == ("mask",) and not watched.postprocess().probabilities
    assert task.finals() == ("mask", "probabilities")
