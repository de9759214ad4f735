"""The net `fast`: what its first layer does to patches, and how its other layers begin."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from clearsight.nets.fast import FastNet, Group, dirac, moments, whitening
from clearsight.tasks.classify.task import Classify
from clearsight.tasks.picture.fast import Fast


def smooth(count: int, channels: int) -> torch.Tensor:
    """Pictures whose neighbours are alike, as photographs' are."""
    draw = torch.Generator().manual_seed(0)
    return F.avg_pool2d(torch.randn(count, channels, 20, 20, generator=draw), 3, stride=1) * 3


@pytest.mark.parametrize("channels", [1, 3])
def test_whitened_patches_are_uncorrelated_and_of_unit_variance(channels: int) -> None:
    images = smooth(400, channels)
    filters = whitening(images.split(70))
    assert filters.shape == (2 * 4 * channels, channels, 3, 3)
    half = len(filters) // 2
    torch.testing.assert_close(filters[half:], -filters[:half])
    answers = F.conv2d(images, filters[:half]).transpose(0, 1).flatten(1)
    covariance = answers @ answers.T / answers.shape[1]
    torch.testing.assert_close(covariance, torch.eye(half), atol=0.02, rtol=0)  # epsilon keeps it a little below one


def test_a_patch_direction_that_never_varies_is_not_blown_up() -> None:
    filters = whitening([torch.ones(10, 1, 8, 8)])
    assert filters.isfinite().all() and filters.flatten(1).norm(dim=1).max() < 50


def test_kernels_begin_as_the_identity() -> None:
    images = torch.randn(2, 3, 9, 9)
    kept = dirac(3, 8)(images)
    torch.testing.assert_close(kept[:, :3], images)
    narrowed = dirac(8, 3)(torch.randn(2, 8, 5, 5))
    assert narrowed.shape == (2, 3, 5, 5)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_group_halves_the_picture(depth: int) -> None:
    assert Group(4, 6, depth)(torch.randn(2, 4, 9, 9)).shape == (2, 6, 4, 4)


def test_the_widths_are_one_four_four() -> None:
    net = FastNet(3, 10, width=8, depth=2)
    shapes = [tuple(p.shape[:2]) for p in net.parameters() if p.ndim == 4]
    assert shapes == [(24, 3), (8, 24), (8, 8), (32, 8), (32, 32), (32, 32), (32, 32)]
    assert net(torch.rand(2, 3, 32, 32)).shape == net(torch.rand(2, 3, 15, 15)).shape == (2, 10)


def test_what_is_not_learnt() -> None:
    net = FastNet(1, 10, width=4)
    fixed = {name for name, p in net.named_parameters() if not p.requires_grad}
    assert fixed == {"whiten.weight"} | {f"groups.{g}.norms.{n}.weight" for g in range(3) for n in range(2)}


def test_moments_are_those_of_all_batches_together() -> None:
    images = torch.rand(30, 3, 5, 5)
    mean, std = moments([images[:7], images[7:]])
    torch.testing.assert_close(mean, images.mean((0, 2, 3)))
    torch.testing.assert_close(std, images.std((0, 2, 3), unbiased=False))


def test_its_own_groups_hold_every_weight_once() -> None:
    net = Fast.build(Classify(labels=("a", "b"), size=16), {"width": 4})
    groups = net.learner({}).parameter_groups("all")
    assert [group.rule for group in groups] == ["muon", "sgd", "sgd"]
    moved = [id(p) for group in groups for p in group.params if p.requires_grad]
    assert sorted(moved) == sorted(id(p) for p in net.parameters() if p.requires_grad)
