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
