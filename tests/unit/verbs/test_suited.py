"""Whether net and task can do what the plan asks of them."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch

from clearsight.core.errors import InputError
from clearsight.core.net import Net
from clearsight.core.registry import net_family
from clearsight.tasks.classify.task import Classify
from clearsight.tasks.segment.task import Segment
from clearsight.verbs.suited import check_batch, check_suited
from tests.contract.harness import make_plan

WIDE = Segment(labels=("road", "sky"), size=480, canvas=(384, 480))


class Picky(torch.nn.Module):
    """A net that takes pictures whose height is `height` alone, and notes what it is asked."""

    any_size = True

    def __init__(self, height: int) -> None:
        super().__init__()
        self.height = height
        self.asked: list[tuple[int, ...]] = []

    def backbone_blocks(self) -> list[Any]:
        return []

    def forward(self, images: torch.Tensor) -> None:
        self.asked.append(tuple(images.shape[1:]))
        if images.shape[-2] != self.height:
            raise RuntimeError("another height")


def check(net: Picky, **said: Any) -> None:
    check_suited(make_plan(10, net="picky", **said), WIDE, cast(Net, net), [])


def test_a_net_is_asked_for_pictures_of_the_shape_that_is_learnt_from() -> None:
    net = Picky(256)
    check(net, train_size=320)
    assert net.asked == [(3, 256, 320)]
    check(net, train_size=480)
    check(net)
    assert len(net.asked) == 1  # those of the canvas need no trial


def test_a_net_that_does_not_take_them_is_refused_with_one_that_the_task_has() -> None:
    said = "--train-size 320: the net picky takes pictures of its own size only; take a net of any size, such as lite"
    with pytest.raises(InputError, match=said):
        check(Picky(384), train_size=320)


def test_the_nets_that_are_named_take_any_size() -> None:
    from clearsight.core.task import Situation

    for task in (WIDE, Classify(labels=("a", "b"), size=32)):
        name, _ = task.default_net(task.usual, Situation(None, "cpu", None))
        family, config = net_family(task.name, name)
        assert family.build(task, config).any_size


def test_a_side_that_is_no_multiple_of_the_nets_strides_is_refused() -> None:
    with pytest.raises(InputError, match="--train-size 300: give a multiple of 32, such as 288"):
        check(Picky(256), train_size=300)


@pytest.mark.parametrize(("size", "net"), [(32, "test_resnet"), (64, "lenet")])
def test_a_net_learns_from_one_picture_at_once_or_is_refused(size: int, net: str) -> None:
    """The deepest map of a ResNet is one value for each channel of a picture of 32 px, and its norms are over the batch."""
    task = Classify(labels=("a", "b"), size=size)
    family, config = net_family("classify", net)
    built = family.build(task, config).eval()
    before = {name: value.clone() for name, value in built.state_dict().items()}
    plan = make_plan(10, net=net, batch_size=4)
    check_batch(plan, task, built, 2)
    if net == "test_resnet":
        with pytest.raises(InputError, match="--batch-size 4: each device learns from one picture at once"):
            check_batch(plan, task, built, 1)
    else:
        check_batch(plan, task, built, 1)
    assert not built.training and all(torch.equal(before[name], value) for name, value in built.state_dict().items())


def test_a_net_that_normalises_means_of_the_picture_is_refused_one_picture() -> None:
    pytest.importorskip("segmentation_models_pytorch")
    task = Segment(labels=("road", "sky"), size=64)
    net = net_family("segment", "upernet")[0].build(task, {"backbone": "test_efficientnet", "width": 32})
    with pytest.raises(InputError, match="the net upernet normalises over several; raise it, or give more pictures"):
        check_batch(make_plan(10, net="upernet", batch_size=1), task, net, 1)
