"""Pictures and their classes, augmented in step."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Batch
from clearsight.core.sample import VOID
from clearsight.engine.config import AUGMENTATIONS
from clearsight.ops import affine
from clearsight.ops.random import generator
from clearsight.ops.warp import warp_indices
from clearsight.tasks.segment.augment import MaskAugmentation
from clearsight.tasks.segment.task import Segment

H, W, K = 48, 64, 3


def batch(count: int = 4, height: int = H, width: int = W) -> Batch:
    """Canvases whose red says the class of each pixel, and whose photograph lies between bars of 8 rows."""
    draw = torch.Generator().manual_seed(count)
    coarse = torch.randint(0, K, (count, height // 8, width // 8), generator=draw)
    mask = coarse.repeat_interleave(8, 1).repeat_interleave(8, 2).to(torch.uint8)
    mask[:, :8] = mask[:, -8:] = VOID
    red = torch.where(mask == VOID, 114, 60 + 60 * mask.int()).to(torch.uint8)
    images = torch.stack([red, torch.full_like(red, 114), torch.full_like(red, 114)], 1)
    frame = torch.tensor([1.0, 1.0, 0.0, -8.0, width, height - 16]).repeat(count, 1)
    targets = {"mask": mask, "known": torch.ones(count, dtype=torch.bool), "frame": frame}
    return Batch(images, targets, [str(i) for i in range(count)])


def augmented(
    strengths: dict[str, float], given: Batch | None = None, shape: tuple[int, int] = (H, W), seed: int = 0
) -> Batch:
    return MaskAugmentation(strengths, shape, K)(given or batch(), generator(seed))


def maps_of(strengths: dict[str, float], given: Batch, seed: int) -> torch.Tensor:
    """The maps to a shape of 16 × 16 that this seed draws."""
    found = []

    class Watched(MaskAugmentation):
        def _maps(self, *told: torch.Tensor) -> torch.Tensor:
            found.append(super()._maps(*told))
            return found[0]

    Watched(strengths, (16, 16), K)(given, generator(seed))
    return affine.from_pixels(found[0], (16, 16), (H, W))


def agrees(made: Batch) -> float:
    """The share of pixels whose colour is that of their class, among those that no border blurs."""
    red, mask = made.images[:, 0] * 255, made.targets["mask"]
    wanted = torch.where(mask == VOID, 114, 60 + 60 * mask.int())
    return float(((red - wanted).abs() < 1).float().mean())


def test_where_nothing_is_asked_nothing_changes() -> None:
    given = batch()
    made = augmented({}, given)
    assert torch.equal(made.images, given.images / 255)
    assert torch.equal(made.targets["mask"], given.targets["mask"])
    assert made.targets.keys() == {"mask", "known"}


def test_mirrored_pictures_have_mirrored_classes() -> None:
    given = batch()
    made = augmented({"flip": 1.0}, given)
    torch.testing.assert_close(made.images, given.images.flip(-1) / 255, atol=1e-5, rtol=0)
    assert torch.equal(made.targets["mask"], given.targets["mask"].flip(-1))
    made = augmented({"upside": 1.0}, given)
    assert torch.equal(made.targets["mask"], given.targets["mask"].flip(-2))


@settings(deadline=None, max_examples=30)
@given(
    st.fixed_dictionaries(
        {"scale": st.floats(0, 0.6), "rotate": st.floats(0, 180), "shear": st.floats(0, 30), "shift": st.floats(0, 0.5)}
        | {"crop": st.floats(0.2, 1), "turn": st.floats(0, 1), "flip": st.just(0.5), "rare": st.floats(0, 1)}
    ),
    st.integers(0, 2**30),
    st.sampled_from([(H, W), (32, 32), (64, 96)]),
)
def test_classes_stay_where_their_pixels_go(strengths: dict[str, float], seed: int, shape: tuple[int, int]) -> None:
    """Whatever moves, a pixel's colour is that of its class; a pixel on a border between two is blurred, and so apart."""
    made = augmented(strengths, shape=shape, seed=seed)
    assert made.images.shape == (4, 3, *shape) and made.targets["mask"].shape == (4, *shape)
    assert made.targets["mask"].dtype == torch.uint8
    assert agrees(made) > 0.6
    inside = (made.images[:, 0] * 255 - 114).abs() > 20
    assert (made.targets["mask"][inside] != VOID).float().mean() > 0.9 or not inside.any()


def test_a_smaller_shape_shows_parts_of_the_photograph_at_its_own_size_all_over_it() -> None:
    given = batch(1)
    numbers = torch.arange(H * W).reshape(1, H, W)
    first, last = [], []
    for seed in range(60):
        made = augmented({}, given, (16, 16), seed)
        assert (made.targets["mask"] != VOID).all()  # the photograph is larger: no bar need be shown
        shown = warp_indices(numbers, maps_of({}, given, seed), (16, 16), -1)[0]
        step = shown[1:] - shown[:-1]
        assert (step == W).all() and (shown[:, 1:] - shown[:, :-1] == 1).all()
        first.append(divmod(int(shown[0, 0]), W))
        last.append(divmod(int(shown[-1, -1]), W))
    assert min(row for row, _ in first) < 11 and max(row for row, _ in last) > 36  # of rows 8 to 39
    assert min(column for _, column in first) < 5 and max(column for _, column in last) > 58


def test_a_rare_class_is_shown_more_often_where_it_is_asked_for() -> None:
    """A spot of class 2 far from a strip of class 0, the rest being void: each of the two is drawn as often."""
    given = batch(2)
    given.targets["mask"][:] = VOID
    given.targets["mask"][:, 20:24, 56:60] = 2
    given.targets["mask"][:, 8:40, 0:12] = 0

    def shown(rare: float, k: int) -> int:
        made = (augmented({"rare": rare}, given, (16, 16), seed).targets["mask"] for seed in range(40))
        return sum(int((mask == k).any((1, 2)).sum()) for mask in made)

    assert shown(1.0, 0) + shown(1.0, 2) == 80  # what is drawn is in sight, and they are too far apart for both
    assert 28 <= shown(1.0, 2) <= 52
    assert shown(0.0, 2) < 28


def test_a_picture_without_a_class_is_shown_anyhow() -> None:
    given = batch(2)
    given.targets["mask"][:] = VOID
    assert (augmented({"rare": 1.0, "scale": 0.5}, given).targets["mask"] == VOID).all()


@pytest.mark.parametrize(("side", "shape"), [(480, (384, 480)), (320, (256, 320)), (32, (32, 32))])
def test_what_is_learnt_from_has_the_shape_of_the_canvas(side: int, shape: tuple[int, int]) -> None:
    task = Segment(labels=("road", "sky"), size=480, canvas=(384, 480))
    assert task.learnt_shape(side) == shape
    stages = task.pipeline(train=True, augment={"scale": 0.3, "train_size": float(side)})
    made = stages.batch(batch(2, 384, 480), generator(0))
    assert made.images.shape[-2:] == made.targets["mask"].shape[-2:] == shape


def test_a_side_to_learn_at_that_nets_cannot_halve_is_refused_as_that_of_the_canvas_is() -> None:
    with pytest.raises(InputError, match="--train-size 300: give a multiple of 32, such as 288"):
        Segment(labels=("road", "sky"), size=480).learnt_shape(300)


def test_every_strength_is_done_or_refused() -> None:
    """Each strength that a user may name changes something, or the task says why it does not fit."""
    given = batch(8)
    plain = augmented({"scale": 0.3}, given).images
    for name in set(AUGMENTATIONS) - set(Segment.unfitting):
        assert not torch.equal(augmented({"scale": 0.3, name: 0.5}, given).images, plain), name


def test_the_same_seed_gives_the_same_and_one_augmentation_more_leaves_the_others() -> None:
    one, other = augmented({"scale": 0.5, "flip": 0.5}), augmented({"scale": 0.5, "flip": 0.5})
    assert torch.equal(one.images, other.images)
    more = augmented({"scale": 0.5, "flip": 0.5, "colour": 0.5})
    assert torch.equal(more.targets["mask"], one.targets["mask"])
