"""Masks follow pixels and boxes through augmentation and mosaics: whose a pixel is goes where the pixel goes."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from clearsight.core.pipeline import Batch, Example
from clearsight.ops.owners import NOBODY, UNJUDGED
from clearsight.ops.random import generator
from clearsight.tasks.objects.augment import BoxAugmentation, renumbered
from clearsight.tasks.objects.mosaic import Mosaic, collate

H, W = 64, 96
SHADES = (60, 110, 160, 210)


def example(key: str, boxes: list[tuple[int, int, int, int]], known: bool = True) -> Example:
    """A black photograph as large as its canvas, with a rectangle for each box, each of a shade of its own."""
    image, owners = torch.zeros(3, H, W, dtype=torch.uint8), torch.full((H, W), NOBODY, dtype=torch.int16)
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        image[:, y1:y2, x1:x2], owners[y1:y2, x1:x2] = SHADES[number], number
    target = {
        "boxes": torch.tensor(boxes).float().reshape(-1, 4),
        "labels": torch.arange(len(boxes)),  # which says the shade
        "crowd": torch.zeros(len(boxes), dtype=torch.bool),
        "known": torch.tensor(known),
        "owners": owners,
        "frame": torch.tensor([1.0, 1.0, 0.0, 0.0, W, H]),
    }
    return Example(key, image, target)


BOXES = [(4, 6, 30, 28), (40, 10, 60, 50), (66, 30, 90, 60)]


def check(made: Batch) -> int:
    """Pixels and owners agree, and boxes are around what is owned; how many objects there were."""
    count = 0
    images, targets = (made.images * 255).round(), made.targets
    for row in range(len(made)):
        owned = targets["owners"][row]
        assert owned.max() < targets["labels"].shape[1]
        for number, label in enumerate(targets["labels"][row].tolist()):
            mine = owned == number
            if label < 0:
                assert not mine.any()
                continue
            count += 1
            shade = images[row, 0][mine]
            if len(shade) > 100:  # of a narrow rest all may be rim, which is blended
                assert ((shade - SHADES[label]).abs() < 4).float().mean() > 0.5
            y, x = mine.nonzero(as_tuple=True)
            around = torch.stack([x.min(), y.min(), x.max() + 1, y.max() + 1]).float()
            assert (around - targets["boxes"][row, number]).abs().max() <= 1.01
    return count


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**30),
    scale=st.sampled_from([0.0, 0.3]),
    shift=st.sampled_from([0.0, 0.3]),
    turn=st.sampled_from([0.0, 0.5]),
    crop=st.sampled_from([1.0, 0.5]),
)
def test_owners_follow_pixels_and_boxes(seed: int, scale: float, shift: float, turn: float, crop: float) -> None:
    strengths = {"flip": 0.5, "upside": 0.5, "scale": scale, "shift": shift, "turn": turn, "crop": crop}
    batch = collate([example(str(number), BOXES[: number + 1]) for number in range(3)])
    assert check(BoxAugmentation(strengths, (H, W))(batch, generator(seed))) >= 1


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**30), moved=st.booleans())
def test_owners_follow_into_mosaics_beside_single_pictures(seed: int, moved: bool) -> None:
    examples = [example(str(number), BOXES[: number % 4]) for number in range(1, 5)]
    mosaic = Mosaic((H, W), 1.0)(examples, generator(seed), 0.0)
    batch = collate([mosaic, examples[2]])
    assert batch.targets["owners"].shape == (2, 2 * H, 2 * W)
    made = BoxAugmentation({"scale": 0.2, "flip": 0.5} if moved else {}, (H, W))(batch, generator(seed))
    assert made.targets["owners"].shape == (2, H, W)
    assert check(made) >= 3


def test_partners_without_annotation_own_nothing_and_nothing_is_blended() -> None:
    examples = [example("0", BOXES), *(example(str(number), BOXES, known=False) for number in (1, 2, 3))]
    made = Mosaic((H, W), 1.0)(examples, generator(1), 0.0)
    assert set(made.target["owners"].unique().tolist()) <= {NOBODY, 0, 1, 2}
    batch = collate([example("0", BOXES), example("1", BOXES[:1])])
    plain = BoxAugmentation({}, (H, W))(batch, generator(0))
    mixed = BoxAugmentation({"mixup": 1.0}, (H, W))(batch, generator(0))
    assert torch.equal(plain.images, mixed.images)


def test_rows_taken_out_own_nothing_more_by_hand() -> None:
    owners = torch.tensor([[[0, 1, 2, NOBODY, UNJUDGED]]])
    labels: Tensor = torch.tensor([[5, -1, 7]])
    assert renumbered(owners, labels).tolist() == [[[0, NOBODY, 1, NOBODY, UNJUDGED]]]


def test_detection_s_batches_have_no_owners() -> None:
    bare: list[Any] = []
    for number in range(2):
        one = example(str(number), BOXES)
        bare.append(Example(one.key, one.image, {k: v for k, v in one.target.items() if k != "owners"}))
    made = BoxAugmentation({"flip": 0.5}, (H, W))(collate(bare), generator(0))
    assert set(made.targets) == {"boxes", "labels", "crowd", "known"}


def one(boxes: list[list[float]], owners: Tensor) -> Batch:
    """A picture with these objects, of which these are the pixels."""
    targets = {
        "boxes": torch.tensor([boxes]),
        "labels": torch.zeros(1, len(boxes), dtype=torch.int64),
        "crowd": torch.zeros(1, len(boxes), dtype=torch.bool),
        "known": torch.tensor([True]),
        "owners": owners[None],
        "frame": torch.tensor([[1.0, 1.0, 0.0, 0.0, owners.shape[1], owners.shape[0]]]),
    }
    return Batch(torch.zeros(1, 3, *owners.shape, dtype=torch.uint8), targets, ["x"])


def test_of_what_the_border_cuts_the_box_is_drawn_round_what_is_left() -> None:
    """The middle of a canvas twice as large is shown: an object is as wide as the part of it that is seen, and
    one of which only the inner side of a corner is seen is none any more."""
    owners = torch.full((2 * H, 2 * W), NOBODY, dtype=torch.int32)
    owners[40:60, 60:70] = 0  # the post, of which rows 32 and on are shown, columns 48 and on
    owners[20:40, 60:90] = 0  # its top, of which 8 rows are shown
    owners[20:32, 60:120] = 0  # which reaches far to the right where nobody sees it
    owners[60:124, 30:34], owners[120:124, 30:110] = 1, 1  # two sides of a frame, both of them beyond the borders
    given = one([[60.0, 20, 120, 60], [30.0, 60, 110, 124]], owners)
    made = BoxAugmentation({}, (H, W))(given, generator(0))
    assert made.targets["boxes"].tolist() == [[[12.0, 0.0, 42.0, 28.0]]]  # not as far as 72
    assert made.targets["labels"].tolist() == [[0]]


def test_turned_objects_have_boxes_round_their_pixels_unless_others_hide_them() -> None:
    owners = torch.full((H, W), NOBODY, dtype=torch.int32)
    owners[20:40, 20:22], owners[38:40, 20:50] = 0, 0  # thin, and far from an ellipse
    owners[6:16, 60:66] = 1  # the rest of it is hidden
    given = one([[20.0, 20, 50, 40], [60.0, 6, 80, 16]], owners)
    seen = 0
    for seed in range(12):
        made = BoxAugmentation({"rotate": 30.0}, (H, W))(given, generator(seed)).targets
        if made["labels"].shape[1] < 2:
            continue
        y, x = (made["owners"][0] == 0).nonzero(as_tuple=True)
        around = torch.stack([x.min(), y.min(), x.max() + 1, y.max() + 1]).float()
        assert torch.equal(made["boxes"][0, 0], around)
        x = (made["owners"][0] == 1).nonzero(as_tuple=True)[1]
        assert made["boxes"][0, 1, 2] > x.max() + 5
        seen += 1
    assert seen > 5
