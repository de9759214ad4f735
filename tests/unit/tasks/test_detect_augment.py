"""Boxes follow pixels: what is painted, augmented and found again must lie where its box says."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from clearsight.core.pipeline import Batch
from clearsight.engine.config import AUGMENTATIONS
from clearsight.ops.random import generator
from clearsight.ops.resize import PAD
from clearsight.tasks.detect.task import Detect
from clearsight.tasks.objects.augment import BoxAugmentation

H, W = 64, 96
GREY = round(PAD * 255)
WHOLE = (1.0, 1.0, 0.0, 0.0, float(W), float(H))
TALL = (1.0, 1.0, -24.0, 0.0, 48.0, 64.0)  # a photograph of 48×64 in the middle of the canvas


def batch(
    boxes: Tensor, round_ones: bool = False, frame: Any = WHOLE, known: bool = True, shape: Any = (H, W)
) -> Batch:
    """A canvas for each of the boxes (B, 4), grey but for a bright rectangle, or ellipse, in its box; M is 3."""
    height, width = shape
    y, x = torch.arange(height)[:, None] + 0.5, torch.arange(width)[None] + 0.5
    images = torch.full((len(boxes), 3, height, width), GREY, dtype=torch.uint8)
    for image, (x1, y1, x2, y2) in zip(images, boxes.tolist(), strict=True):
        if round_ones:
            across, down = (2 * x - x1 - x2) / (x2 - x1), (2 * y - y1 - y2) / (y2 - y1)
            image[:, across**2 + down**2 <= 1] = 255
        else:
            image[:, (x > x1) & (x < x2) & (y > y1) & (y < y2)] = 255
    labels = torch.full((len(boxes), 3), -1)
    labels[:, 1] = torch.arange(len(boxes)) % 4
    placed = torch.zeros(len(boxes), 3, 4)
    placed[:, 1] = boxes
    targets = {"boxes": placed, "labels": labels, "crowd": torch.zeros_like(labels, dtype=torch.bool)}
    targets |= {"known": torch.full((len(boxes),), known), "frame": torch.tensor(frame).expand(len(boxes), 6)}
    return Batch(images, targets, [f"{i}" for i in range(len(boxes))], progress=0.0)


def drawn(count: int, seed: int = 0) -> Tensor:
    """Boxes (count, 4) of whole pixels, 12 to 30 wide and high."""
    draws = torch.Generator().manual_seed(seed)
    size = torch.randint(12, 31, (count, 2), generator=draws)
    low = (torch.rand(count, 2, generator=draws) * (torch.tensor([W, H]) - size)).floor()
    return torch.cat([low, low + size], 1)


def found(images: Tensor, least: float = (1 + PAD) / 2) -> Tensor:
    """Boxes (B, 4) around what is bright; zeros where nothing is."""
    bright = images.mean(1) > least
    boxes = torch.zeros(len(images), 4)
    for row, where in enumerate(bright):
        y, x = where.nonzero(as_tuple=True)
        if len(x):
            boxes[row] = torch.stack([x.min(), y.min(), x.max() + 1, y.max() + 1])
    return boxes


def augmented(strengths: dict[str, float], given: Batch, seed: int = 1) -> Batch:
    return BoxAugmentation(strengths, (H, W))(given, generator(seed))


def compare(made: Batch, whole_only: bool = False, zoom: float = 1.0) -> int:
    """Boxes against what is bright, within a pixel, or where pixels are shown `zoom` times as large within three quarters
    of one; how many there were."""
    places, count = found(made.images), 0
    for box, label, place in zip(made.targets["boxes"][:, 0], made.targets["labels"][:, 0], places, strict=True):
        inside = (box[:2] > 0).all() and box[2] < W and box[3] < H
        if label >= 0 and (inside or not whole_only):
            assert (box - place).abs().max() <= max(1.01, 0.75 * zoom), (box, place)
            count += 1
    return count


MOVING = [
    {"flip": 0.5}, {"upside": 0.5}, {"turn": 0.7}, {"scale": 0.5}, {"shift": 0.3}, {"crop": 0.2},
    {"flip": 0.5, "upside": 0.5, "turn": 0.5, "scale": 0.4, "shift": 0.2, "crop": 0.4},
]  # fmt: skip


@pytest.mark.parametrize("frame", [WHOLE, TALL])
@pytest.mark.parametrize("strengths", MOVING, ids=lambda s: "+".join(s))
def test_boxes_follow_rectangles(strengths: dict[str, float], frame: Any) -> None:
    boxes = drawn(32)
    if frame is TALL:
        boxes[:, 0::2] = (boxes[:, 0::2] / 2 + 24).round()  # inside of the photograph
    given = batch(boxes, frame=frame)
    made = augmented(strengths, given)
    assert compare(made) > 10
    kept = made.targets["boxes"][:, 0][made.targets["labels"][:, 0] >= 0]
    assert not torch.equal(kept, boxes[: len(kept)])  # something moved


@pytest.mark.parametrize(
    "strengths", [{"rotate": 180.0}, {"shear": 20.0}, {"rotate": 30.0, "shear": 10.0, "scale": 0.3}]
)
def test_boxes_follow_round_things_through_turns_and_slants(strengths: dict[str, float]) -> None:
    assert compare(augmented(strengths, batch(drawn(64), round_ones=True)), whole_only=True) > 10


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**30), flip=st.floats(0, 1), upside=st.floats(0, 1), turn=st.floats(0, 1),
    crop=st.floats(0.1, 1), shift=st.floats(0, 0.5), scale=st.floats(0, 0.7),
)  # fmt: skip
def test_boxes_follow_rectangles_through_any_mixture(seed: int, **strengths: float) -> None:
    compare(augmented(strengths, batch(drawn(6, seed)), seed))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**30), rotate=st.floats(0, 180), shear=st.floats(0, 30), scale=st.floats(0, 0.5),
    turn=st.floats(0, 1), flip=st.floats(0, 1), crop=st.floats(0.3, 1),
)  # fmt: skip
def test_boxes_follow_ellipses_through_any_mixture(seed: int, **strengths: float) -> None:
    zoom = (1 + strengths["scale"]) / strengths["crop"] ** 0.5
    compare(augmented(strengths, batch(drawn(6, seed), round_ones=True), seed), whole_only=True, zoom=zoom)


@pytest.mark.parametrize("strengths", [{}, {"crop": 1.0, "flip": 0.0, "rotate": 0.0}, {"mosaic": 1.0, "close": 0.2}])
def test_nothing_asked_leaves_pixels_and_boxes(strengths: dict[str, float]) -> None:
    boxes = drawn(4) + 0.25
    boxes[0, 2:] = boxes[0, :2] + 0.5  # smaller than a pixel, and whole
    given = batch(boxes)
    before = given.images.clone()
    made = augmented(strengths, given)
    assert torch.equal(made.images, before.float() / 255) and torch.equal(given.images, before)
    assert torch.equal(made.targets["boxes"], boxes[:, None])  # trimmed to the largest count
    assert torch.equal(made.targets["labels"], torch.arange(4)[:, None])
    assert made.targets["known"].all() and made.progress == 0.0 and made.keys == given.keys
    assert set(made.targets) == {"boxes", "labels", "crowd", "known"}


def test_pixels_that_come_in_are_grey_and_others_keep_their_values() -> None:
    moved = augmented({"shift": 0.4, "flip": 0.5}, batch(drawn(16)))
    values = torch.tensor([GREY / 255, 1.0])
    near = (moved.images[..., None] - values).abs().amin(-1) < 1e-5
    assert near.float().mean() > 0.9  # between them are edges alone


@pytest.mark.parametrize(
    "strengths",
    [
        MOVING[-1],
        {"colour": 0.3, "blur": 0.5, "noise": 0.1},
        {"mixup": 8.0},
        {"rotate": 10.0, "mixup": 8.0, "noise": 0.1},
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_everything_follows_from_the_seed(strengths: dict[str, float], channels: int) -> None:
    def make(seed: int) -> Batch:
        some = batch(drawn(8))
        some.images = some.images[:, :channels]
        return augmented(strengths, some, seed)

    first, again, other = make(1), make(1), make(2)
    assert torch.equal(first.images, again.images) and not torch.equal(first.images, other.images)
    assert all(torch.equal(first.targets[name], again.targets[name]) for name in first.targets)
    assert first.images.shape == (8, channels, H, W) and first.images.dtype == torch.float32
    assert first.images.min() >= 0 and first.images.max() <= 1


def test_one_augmentation_more_leaves_the_draws_of_the_others() -> None:
    flipped = augmented({"flip": 0.5}, batch(drawn(32)), seed=3).targets["boxes"][:, 0]
    both = augmented({"flip": 0.5, "upside": 1.0}, batch(drawn(32)), seed=3).targets["boxes"][:, 0]
    assert torch.equal(flipped[:, 0::2], both[:, 0::2])


@pytest.mark.parametrize(("name", "amount"), [("flip", 0.3), ("upside", 0.6), ("turn", 0.4)])
def test_probabilities_are_what_they_say(name: str, amount: float) -> None:
    boxes = torch.tensor([[3.0, 5.0, 20.0, 16.0]]).expand(400, 4)
    moved = (augmented({name: amount}, batch(boxes)).targets["boxes"][:, 0] - boxes).abs().amax(1) > 0.5
    assert moved.float().mean().item() == pytest.approx(amount, abs=0.08)


def test_a_quarter_turn_fits_the_photograph_into_the_canvas() -> None:
    """A photograph of 48×64 in the middle of 96×64 becomes one of 64×48, enlarged to 85.3×64; its corner goes along."""
    given = batch(torch.tensor([[24.0, 0.0, 34.0, 12.0]]).expand(40, 4), frame=TALL)
    boxes = augmented({"turn": 1.0}, given).targets["boxes"][:, 0]
    scale, left = 64 / 48, (96 - 64 * 64 / 48) / 2
    anticlockwise = torch.tensor([left, 64 - 10 * scale, left + 12 * scale, 64])  # the top left corner is at the bottom
    clockwise = torch.tensor([96 - left - 12 * scale, 0, 96 - left, 10 * scale])
    ways = [(boxes - wanted).abs().amax(1) < 1e-3 for wanted in (anticlockwise, clockwise)]
    assert (ways[0] | ways[1]).all() and 8 < ways[0].sum() < 32


def test_crops_keep_the_middle_of_an_object_and_the_area_that_they_say() -> None:
    given = batch(drawn(200, 5))
    made = augmented({"crop": 0.3}, given)
    assert (made.targets["labels"] >= 0).all()  # of one object each, none is lost
    middles = (made.targets["boxes"][:, 0, :2] + made.targets["boxes"][:, 0, 2:]) / 2
    assert (middles > 0).all() and (middles < torch.tensor([W, H])).all()
    stage = BoxAugmentation({"crop": 0.3}, (H, W))
    photo = torch.tensor([-W / 2, -H / 2, W / 2, H / 2]).expand(1000, 4)
    none = (torch.zeros(1000, 1, 4), torch.full((1000, 1), -1), torch.zeros(1000, 1, dtype=torch.bool))
    maps = stage._maps(photo, none, generator(2))
    area = maps[:, 0, 0].abs() * maps[:, 1, 1]
    assert 0.29 < area.min() < 0.33 and 0.9 < area.max() <= 1
    ratio = maps[:, 0, 0].abs() / maps[:, 1, 1]
    assert ratio.min() >= 3 / 4 - 1e-4 and ratio.max() <= 4 / 3 + 1e-4
    corners = torch.tensor([[W / 2, H / 2, 1.0], [-W / 2, -H / 2, 1.0]])
    reach = (maps @ corners.T).transpose(1, 2)[..., :2].abs().amax((0, 1))
    assert (reach <= torch.tensor([W / 2, H / 2]) + 1e-3).all()  # nothing beyond the photograph


def test_a_crop_is_drawn_around_real_objects_not_around_crowds_or_padding() -> None:
    given = batch(torch.tensor([[80.0, 50.0, 92.0, 62.0]]).expand(100, 4))
    given.targets["boxes"][:, 2] = torch.tensor([2.0, 2.0, 14.0, 14.0])
    given.targets["labels"][:, 2] = 0
    given.targets["crowd"][:, 2] = True
    made = augmented({"crop": 0.1}, given).targets
    assert ((made["labels"] >= 0) & ~made["crowd"]).any(1).all()


def test_what_hardly_shows_is_dropped_and_the_rest_is_cut_off() -> None:
    boxes = torch.tensor([[W - 10.0, 20.0, W, 40.0]]).expand(300, 4)
    made = augmented({"shift": 0.3}, batch(boxes), 4).targets
    stage = BoxAugmentation({"shift": 0.3}, (H, W))
    lots = stage._maps(
        torch.zeros(300, 4), (torch.zeros(300, 1, 4), torch.full((300, 1), -1), made["crowd"]), generator(4)
    )
    right, low = -lots[:, 0, 2], -lots[:, 1, 2]
    share = (
        (10 - right).clamp(0, 10) / 10 * ((H - (20 + low).clamp(min=0)).clamp(max=20) - (-20 - low).clamp(min=0)) / 20
    )
    kept = made["labels"][:, 0] >= 0
    assert not kept[share < 0.099].any() and kept[(share > 0.101) & (right < 8)].all()
    assert not kept[(right > 8) & (right < 10)].any()  # less than two pixels wide
    assert made["boxes"].min() >= 0 and made["boxes"][..., 2].max() <= W and made["boxes"][..., 3].max() <= H
    assert (made["boxes"][~kept] == 0).all() and (made["labels"][~kept] == -1).all()


def test_a_crowd_stays_as_long_as_some_of_it_shows() -> None:
    boxes = torch.tensor([[0.0, 0.0, W, H]]).expand(50, 4)
    given = batch(boxes)
    given.targets["crowd"][:, 1] = True
    made = augmented({"crop": 0.02}, given).targets
    assert made["crowd"].all() and torch.equal(made["boxes"][:, 0], boxes)


def test_padding_is_moved_to_the_end_and_trimmed() -> None:
    given = batch(drawn(3))
    given.targets["labels"][1] = torch.tensor([2, -1, 3])
    given.targets["boxes"][1] = torch.tensor([[1.0, 1, 5, 5], [0, 0, 0, 0], [10, 10, 30, 30]])
    given.targets["labels"][2] = -1
    made = augmented({}, given).targets
    assert made["labels"].tolist() == [[0, -1], [2, 3], [-1, -1]]
    assert made["boxes"][1].tolist() == [[1.0, 1, 5, 5], [10, 10, 30, 30]] and (made["boxes"][2] == 0).all()


def test_pictures_without_a_box_give_a_row_of_padding() -> None:
    given = batch(drawn(2))
    given.targets["labels"][:] = -1
    for strengths in ({}, {"crop": 0.3, "flip": 0.5, "mixup": 1.0}):
        made = augmented(strengths, given).targets
        assert made["labels"].tolist() == [[-1], [-1]] and (made["boxes"] == 0).all() and not made["crowd"].any()


def test_mixup_keeps_the_boxes_of_both() -> None:
    boxes = drawn(4)
    made, plain = augmented({"mixup": 8.0}, batch(boxes)), augmented({}, batch(boxes))
    assert torch.equal(made.targets["boxes"], torch.stack([boxes, boxes.roll(1, 0)], 1))
    assert made.targets["labels"].tolist() == [[0, 3], [1, 0], [2, 1], [3, 2]]
    weight = made.images[0] - PAD
    own, other = plain.images[0] - PAD, plain.images[3] - PAD
    alone = (own > 0.1) & (other < 0.1)
    shares = (weight[alone] / own[alone]).unique()
    assert shares.max() - shares.min() < 0.02 and 0 < shares.min() < 1


def test_a_mixture_with_a_picture_without_annotation_is_without() -> None:
    given = batch(drawn(4))
    given.targets["known"] = torch.tensor([True, False, True, True])
    given.targets["labels"][1] = -1
    made = augmented({"mixup": 8.0}, given).targets
    assert made["known"].tolist() == [True, False, False, True]
    assert (made["labels"][1:3] == -1).all() and (made["labels"][[0, 3]] >= 0).all()


@pytest.mark.parametrize(("progress", "mixed"), [(0.0, True), (0.79, True), (0.8, False), (1.0, False)])
def test_mixup_ends_before_the_training_does(progress: float, mixed: bool) -> None:
    given = batch(drawn(4))
    given.progress = progress
    made = augmented({"mixup": 8.0, "close": 0.2}, given)
    assert made.targets["labels"].shape[1] == (2 if mixed else 1)


@pytest.mark.parametrize("name", ["crop", "shift", "rotate", "shear", "scale"])
def test_a_training_that_closes_moves_no_photograph(name: str) -> None:
    strength = {"crop": 0.3, "rotate": 20.0, "shear": 20.0}.get(name, 0.3)
    given = batch(drawn(4))
    moved = augmented({name: strength, "close": 0.2}, given, 1)
    given.progress = 0.8
    made = augmented({name: strength, "close": 0.2}, given, 1)
    assert (made.images * 255).round().to(torch.uint8).equal(given.images) and not moved.images.equal(made.images)
    assert made.targets["boxes"].equal(given.targets["boxes"][:, 1:2])  # without the padding


def test_a_training_that_closes_still_mirrors() -> None:
    given = batch(drawn(4))
    given.progress = 0.8
    made = augmented({"flip": 1.0, "close": 0.2}, given)
    assert (made.images * 255).round().to(torch.uint8).flip(-1).equal(given.images)


def test_a_batch_of_one_has_no_partner() -> None:
    assert augmented({"mixup": 8.0}, batch(drawn(1))).targets["labels"].tolist() == [[0]]


@pytest.mark.parametrize("strengths", [{}, {"flip": 0.5, "scale": 0.3, "shift": 0.1}])
def test_of_a_larger_canvas_the_middle_is_shown(strengths: dict[str, float]) -> None:
    """A canvas twice as large that holds the picture in its middle gives what the picture itself does."""
    boxes = drawn(8)
    small = batch(boxes)
    large = batch(boxes + torch.tensor([W, H, W, H]) / 2, shape=(2 * H, 2 * W))
    large.targets["frame"] = small.targets["frame"] - torch.tensor([0, 0, W / 2, H / 2, 0, 0])
    one, other = augmented(strengths, small), augmented(strengths, large)
    torch.testing.assert_close(other.images, one.images, atol=1e-4, rtol=0)
    torch.testing.assert_close(other.targets["boxes"], one.targets["boxes"], atol=1e-3, rtol=0)


def test_every_augmentation_is_done_or_refused() -> None:
    """Each strength that a user may name changes something, or the task says why it does not fit."""
    for name in set(AUGMENTATIONS) - set(Detect.unfitting) - {"close", "mosaic"}:
        made = augmented({name: 0.5}, batch(drawn(8)))
        assert not torch.equal(made.images, augmented({}, batch(drawn(8))).images), name
