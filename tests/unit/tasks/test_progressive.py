"""Pictures that grow while training goes on."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Batch
from clearsight.data.batches import Feed, StoreBatches
from clearsight.data.cache import prepare
from clearsight.engine.plan import Plan
from clearsight.tasks.picture.progressive import Growing, side_at
from clearsight.verbs.suited import check_suited
from tests.contract.harness import make_plan, store_batches
from tests.contract.nets import make_net, make_task, samples_for

TASK = make_task("classify")


def test_the_side_grows_in_a_straight_line_by_fours_and_is_whole_at_seven_tenths() -> None:
    assert [side_at(p, 0.5, 32) for p in (0, 0.175, 0.35, 0.525, 0.69, 0.7, 1.0)] == [16, 20, 24, 28, 32, 32, 32]
    assert {side_at(p / 100, 0.6, 30) for p in range(70)} <= {20, 24, 28, 30}
    assert side_at(0.99, 0.6, 30) == 30
    assert side_at(0.0, 0.01, 32) == 4


def test_the_stage_shrinks_what_comes_out_of_the_augmentation() -> None:
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    stage = Growing(lambda batch, generator: batch, 0.5, 32)
    batch = Batch(images, {"label": torch.arange(3)}, ["a", "b", "c"], progress=0.0)
    small = stage(batch, torch.Generator())
    assert small.images.shape == (3, 3, 16, 16) and torch.equal(small.targets["label"], torch.arange(3))
    weights = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8  # a triangle of two pixels' half width, at half the side
    kernel = torch.outer(weights, weights).expand(3, 1, 4, 4)
    wanted = F.conv2d(images, kernel, stride=2, groups=3, padding=1)
    torch.testing.assert_close(small.images[..., 1:-1, 1:-1], wanted[..., 1:-1, 1:-1])
    batch.progress = 0.8
    assert stage(batch, torch.Generator()).images is images


def test_a_training_sees_small_pictures_first() -> None:
    samples = samples_for("classify", 8)
    stages = TASK.pipeline(train=True, augment={"progressive": 0.5})
    feed = Feed(batch_size=4, seed=0, device=torch.device("cpu"), total=10)
    batches = StoreBatches(prepare(samples, stages), stages, feed).start(0)
    assert [next(batches).images.shape[-1] for _ in range(10)] == [16, 20, 20, 24, 24, 28, 28, 32, 32, 32]
    assert next(store_batches(TASK, samples, 4).start(0)).images.shape[-1] == 32


@pytest.mark.parametrize(
    ("strengths", "fit"),
    [({"crop": 0.5, "flip": 0.5}, "crop"), ({"shift": 0.1}, "crop"), ({"shift": 0.1}, "letterbox"), ({}, "squash")],
)
def test_a_training_may_see_smaller_pictures_than_are_judged(strengths: dict[str, float], fit: str) -> None:
    task = TASK.model_copy(update={"fit": fit, "share": 0.875 if fit == "crop" else 1.0})
    samples = samples_for("classify", 8)
    for progressive, side in ((1.0, 24), (0.5, 12)):
        stages = task.pipeline(train=True, augment={**strengths, "train_size": 24, "progressive": progressive})
        feed = Feed(batch_size=4, seed=0, device=torch.device("cpu"), total=10)
        batch = next(StoreBatches(prepare(samples, stages), stages, feed).start(0))
        assert batch.images.shape == (4, 3, side, side) and 0 <= batch.images.min() <= batch.images.max() <= 1
    assert task.pipeline(train=False).sample(samples[0], samples[0].image.load()).image.shape[-1] == 32


def suited(net: str, **said: object) -> None:
    task = TASK
    check_suited(make_plan(10, net=net, **said), task, make_net(f"classify.{net}", task), samples_for("classify", 4))


def test_a_net_that_wants_one_size_refuses() -> None:
    suited("timm", progressive=0.5)
    suited("lenet")
    for net in ("lenet", "feedforward", "twoconv"):
        with pytest.raises(InputError, match=f"--progressive 0.5: the net {net} takes pictures of its own size only"):
            suited(net, progressive=0.5)
    suited("timm", train_size=64)
    suited("lenet", train_size=32)
    with pytest.raises(InputError, match="--train-size 64: the net lenet takes pictures of its own size only"):
        suited("lenet", train_size=64)


def test_a_net_of_patches_refuses_though_it_takes_the_first_size() -> None:
    from clearsight.tasks.picture.timm import TimmClassifier

    net = TimmClassifier.build(TASK, {"model": "test_vit"}).train()
    with pytest.raises(InputError, match="its own size only"):
        check_suited(make_plan(10, net="test_vit", progressive=0.5), TASK, net, [])
    assert net.training and not net.any_size


def test_a_net_without_a_pretrained_part_has_no_blocks() -> None:
    for said in ({"layer_decay": 0.8}, {"unfreeze": 1.0}, {"freeze": 1.0}, {"backbone_lr": 0.5}):
        with pytest.raises(InputError, match="no pretrained part"):
            suited("lenet", **said)
        suited("timm", **said)


def test_classes_are_drawn_as_often_and_pictures_without_one_keep_their_share() -> None:
    from dataclasses import replace

    samples = samples_for("classify", 40)
    samples = [replace(s, labels=None) if i % 8 == 0 else s for i, s in enumerate(samples)]
    weights = TASK.sample_weights(samples)
    assert weights is not None
    shares: dict[object, float] = {}
    for sample, weight in zip(samples, weights.tolist(), strict=True):
        shares[sample.labels] = shares.get(sample.labels, 0.0) + weight
    assert shares.pop(None) == pytest.approx(5)
    assert list(shares.values()) == pytest.approx([35 / len(shares)] * len(shares))
    plan = make_plan(10, net="lenet", sampling="balanced")
    check_suited(plan, TASK, make_net("classify.lenet", TASK), samples)


def test_a_task_without_classes_cannot_balance() -> None:
    from tests.contract.toys import CornerNet, FindBox, bright_boxes

    task = FindBox(labels=(), size=16)
    plan: Plan = make_plan(10, net="corner", sampling="balanced")
    with pytest.raises(InputError, match="toy-box has no classes"):
        check_suited(plan, task, CornerNet.build(task, {}), bright_boxes(2))
