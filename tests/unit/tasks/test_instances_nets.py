"""The nets that answer with masks: their losses, what they choose, and what masks are learnt from."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Batch
from clearsight.core.registry import find
from clearsight.ops.box_grids import mask_boxes
from clearsight.ops.owners import NOBODY, UNJUDGED
from clearsight.tasks.instances import mask_rcnn, yolo_mask
from clearsight.tasks.instances.task import FindInstances

TASK = FindInstances(labels=("a", "b"), size=64, canvas=(32, 64), keep=12, mask_size=8)
SMALL: dict[str, dict[str, Any]] = {
    "yolo-mask": {"backbone": "test_resnet", "width": 16},
    "mask-rcnn": {"backbone": "test_efficientnet", "width": 32, "hidden": 32, "anchor": 2.5}
    | {"proposals": 40, "regions": 24},
}
every = pytest.mark.parametrize("name", SMALL)
YOLO = "yolo-mask"


def make(name: str, task: FindInstances = TASK, **config: Any) -> Any:
    torch.manual_seed(0)
    return find("nets", f"instances.{name}").build(task, {**SMALL[name], **config})


def batch(owned: bool = True) -> Batch:
    boxes = torch.tensor([[[4.0, 4.0, 20.0, 20.0], [30.0, 8.0, 50.0, 28.0]]] * 2)
    owners = torch.full((2, 32, 64), NOBODY, dtype=torch.int32)
    if owned:
        owners[:, 6:18, 6:18], owners[0, 10:26, 34:48] = 0, 1  # they leave the corners of their boxes free
    targets = {
        "boxes": boxes,
        "labels": torch.tensor([[0, 1], [1, -1]]),
        "crowd": torch.zeros(2, 2, dtype=torch.bool),
        "known": torch.tensor([True, True]),
        "owners": owners,
    }
    return Batch(torch.rand(2, 3, 32, 64, generator=torch.Generator().manual_seed(1)), targets, ["x", "y"])


@pytest.mark.parametrize(("name", "config"), [(YOLO, {}), (YOLO, {"finest": 4, "bins": 0}), ("mask-rcnn", {})])
def test_losses_are_finite_and_reach_the_masks(name: str, config: dict[str, Any]) -> None:
    net = make(name, **config).train()
    torch.manual_seed(0)
    losses = net.learner({}).training_step(batch(), "main")
    total = torch.stack(list(losses.values())).sum()
    assert total.isfinite() and total > 0
    total.backward()
    still = [part for part, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    # levels of which no place learns an object have no box and no mask to learn
    assert not [part for part in still if not part.startswith(("backbone", "head.box", "numbers"))]
    if name == YOLO:
        assert all(p.grad is not None for p in net.numbers.parameters())
        assert any(p.grad.any() for p in net.numbers.project.parameters())


@every
def test_objects_that_others_hide_teach_no_mask(name: str) -> None:
    net = make(name).train()
    torch.manual_seed(0)
    losses = net.learner({}).training_step(batch(owned=False), "main")
    masks = [value for part, value in losses.items() if part in ("mask", "dice", "masks")]
    assert masks and all(value == 0 for value in masks)
    assert sum(losses.values()) > 0


@every
def test_what_nobody_judges_teaches_no_mask(name: str) -> None:
    net = make(name).train()
    losses = []
    for change in (NOBODY, UNJUDGED):
        given = batch()
        given.targets["owners"][given.targets["owners"] == NOBODY] = change
        torch.manual_seed(0)
        made = net.learner({}).training_step(given, "main")
        losses.append([value.item() for part, value in made.items() if part in ("mask", "masks")])
    assert losses[0] != losses[1]


@every
def test_the_task_s_selection_decides_and_may_change(name: str) -> None:
    net, images = make(name).eval(), batch().images
    if name == YOLO:  # as it begins, all places give about the same score
        for project in net.head.score.project:
            torch.nn.init.normal_(project.weight, std=1.0)
    with torch.no_grad():
        twelve = TASK.answering(net)(images)
        two = TASK.model_copy(update={"keep": 2}).answering(net)(images)
        own = net(images)
    shapes = {"boxes": (2, 12, 4), "scores": (2, 12), "classes": (2, 12)}
    shapes |= {"mask_boxes": (2, 12, 4), "masks": (2, 12, 8, 8)}
    assert {part: tuple(value.shape) for part, value in twelve.items()} == shapes
    for part, value in twelve.items():
        assert torch.equal(own[part], value)
        torch.testing.assert_close(two[part], value[:, :2])
    assert ((twelve["masks"] >= 0) & (twelve["masks"] <= 1)).all()
    assert (twelve["scores"].diff(dim=1) <= 0).all()


def test_masks_are_drawn_by_the_place_that_found_the_object() -> None:
    net, images = make(YOLO).eval(), batch().images
    with torch.no_grad():
        raw, numbers, features = net.looked(images)
        found = net(images)
    for row in range(2):
        for number in range(4):
            apart = (raw.boxes[row] - found["boxes"][row, number]).abs().amax(1)
            place = int(apart.argmin())
            assert apart[place] == 0
            at = torch.tensor([row])
            grid = mask_boxes(raw.boxes[row, place][None], TASK.shape)
            mask = net.mask_nets.at(features, at, grid, numbers[row, place][None])
            torch.testing.assert_close(mask[0].sigmoid(), found["masks"][row, number], atol=1e-5, rtol=1e-4)


@every
def test_masks_are_learnt_and_drawn_beyond_their_boxes_and_within_the_canvas(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, learnt = make(name), []
    module = yolo_mask if name == YOLO else mask_rcnn
    covered = module.covered

    def watched(owners: Tensor, pictures: Tensor, boxes: Tensor, *more: Any) -> tuple[Tensor, Tensor]:
        learnt.append(boxes)
        return covered(owners, pictures, boxes, *more)

    monkeypatch.setattr(module, "covered", watched)
    net.train().learner({}).training_step(batch(), "main")
    true = mask_boxes(batch().targets["boxes"][0], TASK.shape)
    # objects are among what is learnt from, or learnt by their own boxes where a place has not found them yet
    assert all((learnt[0] - box).abs().amax(1).min() < 1e-4 for box in true)
    with torch.no_grad():
        found = net.eval()(batch().images)
    torch.testing.assert_close(found["mask_boxes"], mask_boxes(found["boxes"], TASK.shape))
    assert (found["mask_boxes"] >= 0).all() and (found["mask_boxes"] <= torch.tensor([64.0, 32.0] * 2)).all()


def test_as_many_regions_are_looked_at_as_an_answer_may_hold_objects() -> None:
    assert make("mask-rcnn").proposals == 40  # as asked: an answer holds 12
    assert make("mask-rcnn", TASK.model_copy(update={"keep": 400, "candidates": 4000})).proposals == 400


def test_masks_are_learnt_from_a_bounded_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    net, seen = make(YOLO).train(), []
    at = type(net.mask_nets).at

    def counted(self: Any, features: Tensor, pictures: Tensor, *more: Tensor) -> Tensor:
        seen.append(len(pictures))
        return at(self, features, pictures, *more)

    monkeypatch.setattr(type(net.mask_nets), "at", counted)
    learner = net.learner({})
    learner.training_step(batch(), "main")
    assert seen[0] > 5
    monkeypatch.setattr(yolo_mask, "LEARNT", 5)
    learner.training_step(batch(), "main")
    assert seen[1] == 5


def test_padding_has_no_mask_and_is_not_looked_at() -> None:
    task = TASK.model_copy(update={"floor": 1.0})
    net = make("mask-rcnn", task).eval()
    net.mask_head = None  # asked, it would fail
    with torch.no_grad():
        found = net(batch().images)
    assert (found["classes"] == -1).all() and not found["masks"].any()


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="finest is 16"):
        make(YOLO, finest=16)
    with pytest.raises(InputError, match="no setting 'one_to_one'"):
        make(YOLO, one_to_one=True)
