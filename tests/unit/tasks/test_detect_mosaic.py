"""Mosaics: four pictures meet in a point, uncut pixels, boxes in step; single pictures lie beside them in a batch."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.core.pipeline import Example, stack
from clearsight.ops.random import generator
from clearsight.ops.resize import PAD
from clearsight.tasks.objects.augment import BoxAugmentation
from clearsight.tasks.objects.mosaic import MIXED, Mosaic, collate

H, W = 64, 96
GREY = round(PAD * 255)


def example(
    key: str, box: tuple[int, int, int, int], photo: tuple[int, int] = (H, W), known: bool = True, value: int = 255
) -> Example:
    """A photograph (height, width) of value 0 in the middle of its canvas, with one rectangle of `value`, a box that is
    in pixels of the photograph; of two rows of boxes it is the second."""
    height, width = photo
    dy, dx = (H - height) // 2, (W - width) // 2
    image = torch.full((3, H, W), GREY, dtype=torch.uint8)
    image[:, dy : dy + height, dx : dx + width] = 0
    x1, y1, x2, y2 = box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy
    image[:, y1:y2, x1:x2] = value
    target = {
        "boxes": torch.tensor([[0.0, 0, 0, 0], [x1, y1, x2, y2]]) * known,
        "labels": torch.tensor([-1, int(key) if known else -1]),
        "crowd": torch.zeros(2, dtype=torch.bool),
        "known": torch.tensor(known),
        "frame": torch.tensor([1.0, 1.0, -dx, -dy, width, height]),
    }
    return Example(key, image, target)


def four(**options: Any) -> list[Example]:
    boxes = [(10, 8, 40, 30), (50, 20, 70, 60), (5, 30, 45, 50), (60, 5, 90, 40)]
    return [example(str(i), box, **options) for i, box in enumerate(boxes)]


def bright(image: torch.Tensor, value: int) -> torch.Tensor:
    """The box (4,) around pixels of a value."""
    y, x = (image == value).all(0).nonzero(as_tuple=True)
    return torch.stack([x.min(), y.min(), x.max() + 1, y.max() + 1]).float() if len(x) else torch.zeros(4)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**30),
    photos=st.lists(st.tuples(st.integers(45, H), st.integers(60, W)), min_size=4, max_size=4),
    draw=st.data(),
)
def test_boxes_follow_pixels_into_the_mosaic(seed: int, photos: list[tuple[int, int]], draw: st.DataObject) -> None:
    examples = []
    for number, (height, width) in enumerate(photos):
        height, width = height // 2 * 2, width // 2 * 2
        x, y = draw.draw(st.integers(0, width - 12)), draw.draw(st.integers(0, height - 12))
        examples.append(example(str(number), (x, y, x + 12, y + 12), (height, width), value=255 - number))
    made = Mosaic((H, W), 1.0)(examples, generator(seed), 0.0)
    assert made.key == "0" and made.image.shape == (3, 2 * H, 2 * W) and made.image.dtype == torch.uint8
    assert made.target["labels"].shape == (8,) and (made.target["labels"][::2] == -1).all()
    for number in range(4):
        place, label = bright(made.image, 255 - number), made.target["labels"][2 * number + 1]
        if label >= 0:
            assert label == number and torch.equal(made.target["boxes"][2 * number + 1], place)
        else:  # no more than a tenth, or than two pixels, is left
            width, height = (place[2:] - place[:2]).tolist()
            assert width * height < 14.4 or min(width, height) < 2


def test_four_photographs_meet_in_a_point_of_the_middle() -> None:
    """Whole photographs, no bars: their corners touch, and all around is grey."""
    whole = [example(str(i), (0, 0, 60, 40), (40, 60), value=200 + i) for i in range(4)]
    centres = set()
    for seed in range(60):
        made = Mosaic((H, W), 1.0)(whole, generator(seed), 0.0).image
        places = [bright(made, 200 + i) for i in range(4)]
        x, y = places[0][2:].tolist()
        centres.add((x, y))
        assert W / 2 <= x < 3 * W / 2 and H / 2 <= y < 3 * H / 2
        assert places[1][[0, 3]].tolist() == [x, y] and places[2][[2, 1]].tolist() == [x, y]
        assert places[3][:2].tolist() == [x, y]
        covered = sum(((p[2:] - p[:2]).prod().item() for p in places), 0.0)
        assert (made == GREY).all(0).sum() == 4 * H * W - covered
    assert len(centres) > 55


def test_the_middle_of_it_is_its_photograph() -> None:
    made = Mosaic((H, W), 1.0)(four(), generator(0), 0.0)
    assert made.target["frame"].tolist() == [1, 1, -W / 2, -H / 2, W, H]


@pytest.mark.parametrize(("progress", "mosaic"), [(0.0, True), (0.84, True), (0.85, False), (1.0, False)])
def test_it_ends_before_the_training_does(progress: float, mosaic: bool) -> None:
    examples = four()
    made = Mosaic((H, W), 1.0, 0.15)(examples, generator(0), progress)
    assert (made is not examples[0]) == mosaic


def test_it_comes_as_often_as_asked_and_repeats() -> None:
    examples = four()
    stage = Mosaic((H, W), 0.3)
    large = [stage(examples, generator(seed), 0.5).image.shape[1] == 2 * H for seed in range(300)]
    assert sum(large) / 300 == pytest.approx(0.3, abs=0.08)
    one, other = (Mosaic((H, W), 1.0)(examples, generator(9), 0.5) for _ in range(2))
    assert torch.equal(one.image, other.image) and torch.equal(one.target["boxes"], other.target["boxes"])


def test_what_is_not_annotated_is_in_no_mosaic() -> None:
    examples = four()
    examples[2] = example("2", (0, 0, 40, 30), known=False, value=77)
    made = Mosaic((H, W), 1.0)(examples, generator(1), 0.0)
    assert not (made.image == 77).any() and made.target["known"]
    assert set(made.target["labels"].tolist()) == {-1, 0, 1, 3}
    alone = [examples[2], *examples[:2], examples[3]]
    assert Mosaic((H, W), 1.0)(alone, generator(1), 0.0) is examples[2]


def test_the_examples_stay_as_they_were() -> None:
    examples = four()
    before = [(e.image.clone(), e.target["boxes"].clone()) for e in examples]
    Mosaic((H, W), 1.0)(examples, generator(1), 0.0)
    for e, (image, boxes) in zip(examples, before, strict=True):
        assert torch.equal(e.image, image) and torch.equal(e.target["boxes"], boxes)


def test_single_pictures_lie_in_the_middle_beside_mosaics_and_look_the_same() -> None:
    examples, nothing = four(), BoxAugmentation({}, (H, W))
    mosaic = Mosaic((H, W), 1.0)(examples, generator(0), 0.0)
    mixed = collate([examples[1], mosaic, examples[3]])
    assert mixed.images.shape == (3, 3, 2 * H, 2 * W) and mixed.targets["labels"].shape == (3, 8)
    made, alone = nothing(mixed, generator(0)), nothing(collate([examples[1], examples[3]]), generator(0))
    assert torch.equal(made.images[[0, 2]], alone.images)
    assert torch.equal(made.targets["boxes"][[0, 2], 0], alone.targets["boxes"][:, 0])
    assert made.targets["labels"][[0, 2], 0].tolist() == [1, 3]
    moving = BoxAugmentation({"crop": 0.4, "turn": 0.5, "flip": 0.5, "scale": 0.3}, (H, W))
    beside = moving(collate([examples[1], examples[3], mosaic]), generator(3))
    lone = BoxAugmentation(moving.strengths, (H, W))(collate([examples[1], examples[3], examples[0]]), generator(3))
    torch.testing.assert_close(beside.images[:2], lone.images[:2], atol=1e-4, rtol=0)
    torch.testing.assert_close(beside.targets["boxes"][:2, 0], lone.targets["boxes"][:2, 0], atol=1e-3, rtol=0)


def test_a_frame_that_moves_along_says_where_the_photograph_lies() -> None:
    """By a frame of another scale: two pixels of the photograph for one of the canvas."""
    small = example("0", (0, 0, 20, 20))
    small.target["frame"][:] = torch.tensor([2.0, 2.0, -20.0, 0.0, 152.0, 128.0])  # x from 10 to 86
    from clearsight.ops.box_geometry import place

    moved = collate([small, Mosaic((H, W), 1.0)(four(), generator(0), 0.0)])
    assert place(moved.targets["frame"])[0].tolist() == [10 + W / 2, H / 2, 86 + W / 2, H + H / 2]


def bare(key: str, rows: int) -> Example:
    """An example with so many boxes, all of them the same."""
    one = example(key, (10, 8, 40, 30))
    target = {
        **one.target,
        "boxes": one.target["boxes"][1:].repeat(rows, 1),
        "labels": one.target["labels"][1:].repeat(rows),
    }
    return Example(key, one.image, {**target, "crowd": torch.zeros(rows, dtype=torch.bool)})


def test_pictures_of_unequal_counts_meet_in_mosaics_and_batches() -> None:
    examples = [bare(str(i), rows) for i, rows in enumerate((2, 0, 3, 1))]
    made = collate(examples)
    assert made.targets["labels"].tolist() == [[0, 0, -1], [-1] * 3, [2, 2, 2], [3, -1, -1]]
    assert made.targets["crowd"].dtype == torch.bool and (made.targets["boxes"][made.targets["labels"] < 0] == 0).all()
    mosaic = Mosaic((H, W), 1.0)(examples, generator(3), 0.0)
    labels = mosaic.target["labels"].reshape(4, 3)
    assert all(set(row.tolist()) <= {number, -1} for number, row in enumerate(labels))
    assert collate([examples[1], mosaic]).targets["labels"].shape == (2, 12)


@pytest.mark.parametrize("strengths", [{}, {"crop": 0.3, "flip": 0.5, "mixup": 8.0}])
def test_pictures_without_any_box_make_a_batch_of_one_row(strengths: dict[str, float]) -> None:
    empty = [bare(str(i), 0) for i in range(4)]
    mosaic = Mosaic((H, W), 1.0)(empty, generator(3), 0.0)
    for examples in (empty, [*empty, mosaic]):
        batch = collate(examples)
        batch.progress = 0.0
        made = BoxAugmentation(strengths, (H, W))(batch, generator(1))
        assert made.targets["labels"].tolist() == [[-1]] * len(examples) and (made.targets["boxes"] == 0).all()


def test_without_a_mosaic_nothing_is_larger() -> None:
    examples = four()
    made = collate(examples)
    assert torch.equal(made.images, stack(examples).images) and made.images.shape[1:] == (3, H, W)
    assert all(torch.equal(made.targets[name], stack(examples).targets[name]) for name in made.targets)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**30), scale=st.floats(0, 0.6), flip=st.floats(0, 1), shift=st.floats(0, 0.3))
def test_boxes_follow_pixels_through_mosaic_and_resampling(seed: int, **strengths: float) -> None:
    """One of the four holds a bright square; what is left of it lies where the batch's one box says."""
    number = seed % 4
    others = [example(str(i), (0, 0, 0, 0)) for i in range(4)]
    for other in others:
        other.image[:] = GREY
        other.target["labels"][:] = -1
    x, y = 10 + seed % 50, 5 + seed % 30
    others[number] = example(str(number), (x, y, x + 24, y + 24))
    others[number].image[others[number].image == 0] = GREY
    mosaic = Mosaic((H, W), 1.0)(others, generator(seed), 0.0)
    made = BoxAugmentation(strengths, (H, W))(collate([mosaic]), generator(seed))
    lit = made.images[0].mean(0) > (1 + PAD) / 2
    if made.targets["labels"][0, 0] >= 0:
        rows, columns = lit.nonzero(as_tuple=True)
        place = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert (made.targets["boxes"][0, 0] - place).abs().max() <= 1.01


def test_it_can_be_sent_to_a_worker() -> None:
    stage, made = pickle.loads(pickle.dumps((Mosaic((H, W), 0.5, 0.1), collate)))
    assert (stage.shape, stage.probability, stage.close, made, MIXED) == ((H, W), 0.5, 0.1, collate, 4)
