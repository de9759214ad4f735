"""A segmenter looks at a large photograph in tiles: with torch, exported, and by the command's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from clearsight.core.artifact import Artifact
from clearsight.core.errors import InputError
from clearsight.core.registry import net_family
from clearsight.deploy.onnx import export
from clearsight.deploy.predictor import OnnxPredictor
from clearsight.engine.predictor import Predictor
from clearsight.ops.tiling import parts_at
from clearsight.tasks.segment.prediction import Segmentation
from clearsight.tasks.segment.task import Segment

LABELS = ("ground", "wood", "water")
SHAPE = (64, 96)


def made(**fields: Any) -> tuple[Segment, Any]:
    """A task whose canvas is small, and a net of random weights that tells its classes about as often."""
    task = Segment(labels=LABELS, size=96, canvas=SHAPE, **fields)
    family, config = net_family("segment", "lite")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        net = family.build(task, {**config, "width": 24}).eval()
    return task, net


@pytest.mark.parametrize(("scale", "tiles"), [(1.0, "auto"), (2.5, "auto"), (1.0, 2)])
def test_its_answer_is_that_of_its_tiles_blended(scale: float, tiles: Any, make_picture: Any) -> None:
    """A photograph that is small enough is looked at as a whole, as without tiles."""
    task, net = made(scale=scale)
    photos = [make_picture(330, 250, 1), make_picture(50, 80, 2), make_picture(200, 500, 3)]
    telling = Predictor(task.model_copy(update={"probabilities": True}), net)
    plain = list(Predictor(task, net)(photos))
    for photo, whole, found in zip(photos, plain, Predictor(task, net, tiles=tiles)(photos), strict=True):
        height, width = photo.shape[:2]
        assert isinstance(found, Segmentation) and found.mask.shape == (height, width) and found.probabilities is None
        if tiles == "auto" and height == 50:
            np.testing.assert_array_equal(found.mask, whole.mask)  # type: ignore[attr-defined]
            continue
        at = scale if tiles == "auto" else max(height / 64, width / 96) / 1.75
        parts = parts_at((height, width), SHAPE, at, 0.25)
        from clearsight.engine.tiles import shown

        answers = list(telling(shown(photo, part) for part in parts))
        places = [(0, 0, width, height), *(part.window for part in parts)]
        wanted = Segmentation.merged(answers, places, {})  # type: ignore[arg-type]
        assert len(parts) > 1 and (found.mask == wanted.mask).mean() > 0.9999
        assert len(np.unique(found.mask)) > 1


@pytest.mark.slow
def test_an_exported_one_answers_alike_and_says_what_it_lacks(make_picture: Any) -> None:
    task, net = made(scale=1.5, probabilities=True)
    photo = make_picture(300, 400, 4)
    content = export(Artifact(task, net))
    (one,), (other,) = OnnxPredictor(content, tiles="auto")([photo]), Predictor(task, net, tiles="auto")([photo])
    assert one.probabilities is None and one.mask.shape == (300, 400)  # type: ignore[attr-defined]
    assert (one.mask == other.mask).mean() > 0.9995  # type: ignore[attr-defined]


@pytest.mark.slow
def test_one_that_was_exported_without_probabilities_is_refused(make_picture: Any) -> None:
    task, net = made()
    content = export(Artifact(task, net))
    (found,) = OnnxPredictor(content)([make_picture(70, 90, 5)])
    assert isinstance(found, Segmentation) and found.probabilities is None
    with pytest.raises(InputError, match=r"cannot be put together as it was exported.*--answer probabilities=true$"):
        OnnxPredictor(content, tiles=3)


@pytest.mark.parametrize(("labels", "together"), [(3, 8), (200, 6), (255, 4)])
def test_a_batch_is_bounded_by_what_is_said_of_its_pixels(labels: int, together: int, make_picture: Any) -> None:
    from clearsight.engine import predictor as module

    task = Segment(labels=tuple(map(str, range(labels))), size=160)
    family, config = net_family("segment", "lite")
    made_of = Predictor(task, family.build(task, {**config, "width": 24}), batch_size=8)
    seen: list[int] = []
    made_of._batch = lambda photos: [seen.append(len(photos))] * len(photos)  # type: ignore[assignment, func-returns-value]
    assert len(list(made_of([make_picture(20, 30, 6)] * 17))) == 17
    assert seen[0] == together and together * labels * 160**2 <= module.DENSE
