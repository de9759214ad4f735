"""From logits on the canvas to classes of the photograph's pixels, and how far two answers are apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clearsight.core.sample import VOID
from clearsight.tasks.picture.canvas import LetterboxPreprocess
from clearsight.tasks.picture.canvas_sample import on_canvas
from clearsight.tasks.segment import postprocess
from clearsight.tasks.segment.compare import segmentation_difference
from clearsight.tasks.segment.postprocess import SegmentPostprocess

CANVAS = (64, 96)


def frame_of(height: int, width: int) -> torch.Tensor:
    _, frame = LetterboxPreprocess(CANVAS, 3)(torch.zeros(height, width, 3, dtype=torch.uint8))
    return frame


def answer(logits: torch.Tensor, frame: torch.Tensor) -> dict[str, torch.Tensor]:
    return SegmentPostprocess(probabilities=True)({"logits": logits}, frame)


def test_a_photograph_of_the_canvas_size_has_the_classes_of_its_pixels() -> None:
    logits = torch.randn(1, 5, *CANVAS)
    found = answer(logits, frame_of(*CANVAS))
    assert torch.equal(found["mask"], logits.argmax(1).to(torch.uint8))
    torch.testing.assert_close(found["probabilities"], logits.softmax(1))


@pytest.mark.parametrize("times", [2, 3])
def test_a_larger_one_is_enlarged_as_interpolate_does(times: int) -> None:
    logits, size = torch.randn(1, 3, *CANVAS), (times * CANVAS[0], times * CANVAS[1])
    found = answer(logits, frame_of(*size))
    wanted = F.interpolate(logits, size=size, mode="bilinear", align_corners=False)
    torch.testing.assert_close(found["probabilities"], wanted.softmax(1), atol=1e-4, rtol=0)


def test_the_bars_beside_a_photograph_say_nothing() -> None:
    """A square photograph fills the middle two thirds; whatever the bars hold, its answer is that of the middle."""
    logits = torch.full((1, 2, *CANVAS), 0.0)
    logits[:, 1] = 9.0
    logits[:, 1, :, 16:80] = -1.0
    for side in (32, 64, 200):
        found = answer(logits, frame_of(side, side))
        assert found["mask"].shape == (1, side, side)
        assert not found["mask"].any()


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 150), st.integers(1, 150))
def test_of_any_photograph_the_answer_has_its_size_and_keeps_its_large_parts(height: int, width: int) -> None:
    """Classes laid onto the canvas and back are the same wherever a class is wider than what the canvas blends."""
    truth = np.zeros((height, width), np.uint8)
    truth[height // 2 :] = 1
    frame = frame_of(height, width)
    canvas = on_canvas(torch.from_numpy(truth), frame[0], CANVAS, VOID)
    assume((canvas != VOID).any())  # of one thinner than a pixel of the canvas there may be nothing on it
    logits = F.one_hot(canvas.long().clamp(max=2), 3).movedim(-1, 0)[None].float()
    found = SegmentPostprocess(probabilities=False)({"logits": logits}, frame)["mask"][0].numpy()
    assert found.shape == truth.shape and found.dtype == np.uint8
    reach = int(np.ceil(max(height / CANVAS[0], width / CANVAS[1]))) + 1
    away = np.abs(np.arange(height) + 0.5 - height // 2) > reach
    assert (found[away] == truth[away]).all()


def test_strips_answer_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, frame = torch.randn(1, 4, *CANVAS), frame_of(150, 70)
    whole = SegmentPostprocess(probabilities=False)({"logits": logits}, frame)["mask"]
    monkeypatch.setattr(postprocess, "STRIP", 4 * 70 * 7)
    assert torch.equal(SegmentPostprocess(probabilities=False)({"logits": logits}, frame)["mask"], whole)
    assert torch.equal(answer(logits, frame)["mask"], whole)


def test_equal_masks_do_not_differ_and_the_class_that_overlaps_least_counts() -> None:
    one = np.zeros((100, 100), np.uint8)
    one[:20] = 1  # 2,000 pixels
    other = one.copy()
    assert segmentation_difference({"mask": one}, {"mask": other}) == 0
    other[0, :10] = 0
    assert segmentation_difference({"mask": one}, {"mask": other}) == pytest.approx(1e-4)  # IoU 1,990 / 2,000
    other[0, :10] = 2
    assert segmentation_difference({"mask": one}, {"mask": other}) == pytest.approx(0.02)  # a class that only one has


def test_a_pixel_on_a_border_may_be_rounded() -> None:
    one = np.zeros((100, 100), np.uint8)
    one[0, 0] = 1
    assert segmentation_difference({"mask": one}, {"mask": one * 0}) == 0
    one[0, 1] = 1
    assert segmentation_difference({"mask": one}, {"mask": one * 0}) == pytest.approx(0.02)


def test_what_cannot_be_compared_differs_altogether() -> None:
    mask, shares = np.zeros((2, 3), np.uint8), np.zeros((2, 2, 3), np.float32)
    assert segmentation_difference({"mask": mask}, {"mask": mask[:1]}) == float("inf")
    assert segmentation_difference({"mask": mask}, {"mask": mask, "probabilities": shares}) == float("inf")
    both = {"mask": mask, "probabilities": shares}
    assert segmentation_difference(both, both | {"probabilities": shares + 3e-4}) == pytest.approx(3e-4, rel=1e-3)
    assert segmentation_difference(both, both | {"probabilities": shares * np.nan}) == float("inf")


def test_an_exported_graph_goes_class_by_class(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, frame = torch.randn(1, 5, *CANVAS), frame_of(211, 300)
    logits[:, 3] = logits[:, 1]  # of equal ones it is the first
    wanted = SegmentPostprocess(probabilities=False)({"logits": logits}, frame)["mask"]
    enlarged, seen = postprocess._enlarged, []
    monkeypatch.setattr(
        postprocess, "_enlarged", lambda part, *more: seen.append(part.shape[1]) or enlarged(part, *more)
    )
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    found = SegmentPostprocess(probabilities=False)({"logits": logits}, frame)["mask"]
    assert torch.equal(found, wanted) and not (found == 3).any() and seen == [1] * 5
