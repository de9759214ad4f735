"""Classification's augmentations: what each does, that none does nothing, and that mirroring alternates."""

from __future__ import annotations

import pytest
import torch

from clearsight.core.pipeline import Batch
from clearsight.ops import affine
from clearsight.ops import transforms as T
from clearsight.ops.random import generator, hashed
from clearsight.tasks.picture.augment import Augmentation

NONE = dict.fromkeys(
    ("flip", "alternate", "upside", "turn", "shift", "rotate", "scale", "shear", "colour", "blur", "noise", "randaugment",
     "trivialaugment", "erase", "mixup", "cutmix"), 0.0,
) | {"crop": 1.0}  # fmt: skip


def batch(count: int = 8, side: int = 16, channels: int = 3, passes: int | None = None) -> Batch:
    draws = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, channels, side, side), dtype=torch.uint8, generator=draws)
    targets = {"label": torch.arange(count) % 3, "aspect": torch.ones(count)}
    turns = None if passes is None else torch.full((count,), passes)
    return Batch(images, targets, [f"train/{i}.png" for i in range(count)], passes=turns)


def augmented(strengths: dict[str, float], given: Batch, seed: int = 1, size: int = 16) -> torch.Tensor:
    return Augmentation(strengths, size, 3)(given, generator(seed)).images


def test_strengths_of_nothing_leave_every_pixel() -> None:
    for given in (batch(), batch(channels=1)):
        assert torch.equal(augmented(NONE, given), given.images.float() / 255)


def test_resampling_without_any_geometry_leaves_the_picture() -> None:
    almost = NONE | {"rotate": 1e-6, "scale": 1e-7, "shear": 1e-6}
    torch.testing.assert_close(augmented(almost, batch()), batch().images.float() / 255, atol=1e-4, rtol=0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "strengths",
    [{"scale": 0.3}, {"shear": 20.0}, {"blur": 1.0}, {"noise": 0.2}, {"randaugment": 6.0}, {"trivialaugment": 1.0},
     {"alternate": 1.0}, {"randaugment": 9.0, "trivialaugment": 0.5, "shift": 0.1, "flip": 0.5},
     {"randaugment": 3.0, "crop": 0.5, "rotate": 5.0, "scale": 0.2, "shear": 5.0, "blur": 0.5, "noise": 0.1,
      "alternate": 1.0, "colour": 0.2, "erase": 0.3, "mixup": 0.2, "cutmix": 1.0}],
)  # fmt: skip
def test_each_changes_pictures_within_range_and_repeats(strengths: dict[str, float], channels: int) -> None:
    given = batch(count=12, channels=channels)
    before = given.images.clone()
    first, again, other = (augmented(strengths, given, seed) for seed in (1, 1, 2))
    assert first.shape == (12, channels, 16, 16) and first.dtype == torch.float32
    assert first.min() >= 0 and first.max() <= 1 and torch.isfinite(first).all()
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert not torch.equal(first, before.float() / 255)
    assert torch.equal(given.images, before)  # the cache's own pictures stay


def test_whole_pixels_keep_their_values_beside_a_policy() -> None:
    """Pictures that TrivialAugment leaves alone are moved by whole pixels, unblurred."""
    given = batch(count=64)
    made = augmented({"shift": 0.125, "trivialaugment": 0.05}, given)
    whole = [
        T.shift(given.images, torch.full((64,), x), torch.full((64,), y)) for x in range(-2, 3) for y in range(-2, 3)
    ]
    same = torch.stack([(made == moved.float() / 255).flatten(1).all(1) for moved in whole]).any(0)
    assert 0.8 < same.float().mean() < 1


def test_scale_and_shear_draw_what_they_say() -> None:
    stage = Augmentation({"scale": 0.25, "shear": 30.0}, 16, 3)
    maps = stage._cut(torch.ones(500), generator(0))
    factor = 1 / maps[:, 1, 1]
    slant = maps[:, 0, 1] / maps[:, 1, 1]
    assert 0.75 <= factor.min() < 0.76 and 1.24 < factor.max() <= 1.25
    tangent = torch.tensor(30.0).deg2rad().tan()
    assert slant.abs().max() <= tangent and slant.abs().max() > 0.98 * tangent


def test_one_map_does_what_its_parts_do() -> None:
    """The canvas of a squeezed, cropped, moved, turned and mirrored photograph, by the maps multiplied by hand."""
    strengths = {"crop": 0.4, "shift": 0.1, "rotate": 20.0, "scale": 0.2, "shear": 10.0, "flip": 0.5}
    given = batch(side=18)
    given.targets["aspect"] = torch.linspace(0.5, 2, 8)
    stage, draws = Augmentation(strengths, 16, 3), generator(4)
    maps = stage._cut(given.targets["aspect"], draws) @ affine.mirror(T.chance(8, 0.5, draws))
    wanted = affine.resample(given.images.float() / 255, maps, 16)
    torch.testing.assert_close(stage(given, generator(4)).images, wanted)


@pytest.mark.parametrize("extra", [{}, {"rotate": 1e-6}])  # by whole pixels, and in the resampling
def test_alternating_shows_each_picture_both_ways_in_two_passes(extra: dict[str, float]) -> None:
    given = batch(count=64)
    plain, mirrored = given.images.float() / 255, given.images.flip(-1).float() / 255
    shown = [augmented({"alternate": 1.0} | extra, batch(64, passes=turn), seed=turn) for turn in range(4)]
    ways = []
    for images in shown:
        straight = ((images - plain).abs() < 0.02).flatten(1).float().mean(1) > 0.95
        turned = ((images - mirrored).abs() < 0.02).flatten(1).float().mean(1) > 0.95
        assert (straight ^ turned).all()
        ways.append(turned)
    assert torch.equal(ways[0], ~ways[1]) and torch.equal(ways[0], ways[2]) and torch.equal(ways[1], ways[3])
    assert 16 < ways[0].sum() < 48  # the first pass is a lot


def test_the_lots_of_alternating_follow_from_key_and_seed_alone() -> None:
    first = augmented({"alternate": 1.0, "seed": 3}, batch(64, passes=0), seed=1)
    assert torch.equal(first, augmented({"alternate": 1.0, "seed": 3}, batch(64, passes=0), seed=2))
    assert not torch.equal(first, augmented({"alternate": 1.0, "seed": 4}, batch(64, passes=0), seed=1))


def test_a_share_alternates_and_the_others_flip_by_lot() -> None:
    def mirrored(turn: int) -> torch.Tensor:
        made = augmented({"alternate": 0.5, "seed": 1}, batch(200, passes=turn))
        return (made != batch(200).images.float() / 255).flatten(1).any(1)

    both = mirrored(0) | mirrored(1)
    assert both.float().mean().item() == pytest.approx(0.5, abs=0.12)  # flip is 0, so that the others never turn


def test_alternating_flips_by_lot_where_the_passes_are_unknown() -> None:
    made = augmented({"alternate": 1.0}, batch(200))
    share = (made != batch(200).images.float() / 255).flatten(1).any(1).float().mean().item()
    assert share == pytest.approx(0.5, abs=0.1)


def test_hashed_numbers_are_even_and_depend_on_all_parts() -> None:
    keys = [str(i) for i in range(2000)]
    numbers = hashed(keys, 1, "a")
    assert numbers.min() >= 0 and numbers.dtype == torch.int64
    for bit in (0, 1, 31, 62):
        assert ((numbers >> bit) & 1).float().mean().item() == pytest.approx(0.5, abs=0.05)
    assert torch.equal(hashed(keys[:3], 1, "a"), numbers[:3])
    assert not (hashed(keys, 2, "a") == numbers).any() and len(hashed([], 1)) == 0


def test_mixed_targets_are_those_of_mixing_alone() -> None:
    """What geometry and policies draw comes before, and leaves labels alone."""
    shares = Augmentation({"mixup": 0.4, "randaugment": 5.0, "blur": 0.5}, 16, 3)(batch(), generator(1)).targets[
        "shares"
    ]
    labels = torch.nn.functional.one_hot(batch().targets["label"], 3).float()
    partner = labels.roll(1, 0)
    same = (labels == partner).all(1)
    torch.testing.assert_close(shares.sum(1), torch.ones(8))
    assert ((shares > 0) <= ((labels + partner) > 0)).all() and not same.all()


@pytest.mark.parametrize("extra", [{}, {"rotate": 1e-6}])  # by whole pixels, and in the resampling
def test_quarter_turns_and_upside_down_show_all_eight_ways(extra: dict[str, float]) -> None:
    given = batch(count=300)
    plain = given.images.float() / 255
    every = [turned.rot90(k, (-2, -1)) for turned in (plain, plain.flip(-1)) for k in range(4)]
    made = augmented({"flip": 0.5, "upside": 0.5, "turn": 0.5} | extra, given)
    near = torch.stack([((made - way).abs() < 0.02).flatten(1).float().mean(1) > 0.95 for way in every])
    assert (near.sum(0) == 1).all() and (near.sum(1) > 15).all()
    for strengths, ways in (({"upside": 1.0}, [6]), ({"turn": 1.0}, [1, 3]), ({"upside": 1.0, "flip": 1.0}, [2])):
        made = augmented(strengths | extra, given)
        near = torch.stack([((made - every[way]).abs() < 0.02).flatten(1).float().mean(1) > 0.95 for way in ways])
        assert near.any(0).all() and near.any(1).all()


def test_one_more_augmentation_draws_after_the_others() -> None:
    """A strength of nothing draws nothing, so that trainings from before a new augmentation repeat."""
    plain = augmented({"flip": 0.5, "shift": 0.1}, batch(count=64))
    both = augmented({"flip": 0.5, "shift": 0.1, "upside": 1.0}, batch(count=64))
    assert torch.equal(both, plain.flip(-2))


@pytest.mark.parametrize(("progress", "mixed"), [(0.0, True), (0.74, True), (0.75, False), (1.0, False)])
@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_mixing_ends_before_the_training_does(name: str, progress: float, mixed: bool) -> None:
    given = batch()
    given.progress = progress
    made = Augmentation({name: 1.0, "close": 0.25}, 16, 3)(given, generator(1))
    assert ("shares" in made.targets) == mixed
    assert torch.equal(made.images, given.images.float() / 255) != mixed


@pytest.mark.parametrize("side", [1, 2, 5])
def test_tiny_pictures_pass_through_everything(side: int) -> None:
    strengths = dict.fromkeys(NONE, 0.5) | {"rotate": 30.0, "shear": 20.0, "randaugment": 9.0}
    for kept in ({}, {"rotate": 0.0, "scale": 0.0, "shear": 0.0, "crop": 1.0}):
        made = augmented(strengths | kept, batch(20, side), size=side)
        assert made.shape == (20, 3, side, side) and torch.isfinite(made).all()
