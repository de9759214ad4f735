"""What holds for every detector made of a library's parts: crowds, pictures without objects, other classes, settings."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.net import LabelAxis
from clearsight.core.registry import find
from clearsight.core.task import Situation
from clearsight.nets import settings
from clearsight.tasks.objects.truth import Truth, truths
from tests.unit.tasks.detecting import LABELS, SIDE, SMALL, make_net, make_task, scenes

NAMES = tuple(SMALL)
WHOLE = (0.0, 0.0, float(SIDE), float(SIDE))


def gradient(net: Any, batch: Any) -> dict[str, Tensor]:
    """The losses, after their gradient was taken."""
    torch.manual_seed(1)
    losses: dict[str, Tensor] = net.learner({}).training_step(batch, "main")
    torch.stack(list(losses.values())).sum().backward()
    return losses


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_learnt_has_a_gradient_whether_there_are_objects_or_not(name: str) -> None:
    net = make_net(name, make_task()).train()
    names = [list(gradient(net, scenes(known))) for known in ((True,) * 3, (True, False, True), (False, True))]
    for known in ((True,), (False, True), (False, False)):
        net.zero_grad()
        names.append(list(gradient(net, scenes(known))))
        assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters() if p.requires_grad)
        taught = known[0] if name == "ssd" else any(known)  # SSD learns nothing of a picture without objects
        assert any(p.grad.any() for p in net.parameters() if p.grad is not None) == taught
    assert all(each == names[0] for each in names)  # the log has one column for each


@pytest.mark.parametrize("name", NAMES)
def test_pictures_that_are_not_annotated_teach_nothing(name: str) -> None:
    net = make_net(name, make_task()).train(name == "dfine")  # in training the others' norms would see them
    both, alone = scenes((True, True, False)), scenes((True, True))
    torch.manual_seed(2)
    one = net.learner({}).training_step(both, "main")
    torch.manual_seed(2)
    other = net.learner({}).training_step(alone, "main")
    for part, value in one.items():
        torch.testing.assert_close(value, other[part], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["ssd", "retinanet", "fcos", "faster-rcnn"])
def test_what_lies_in_a_crowd_is_neither_an_object_nor_none(name: str) -> None:
    net = make_net(name, make_task()).train()
    cells = net.cells if name == "fcos" else net.anchors
    crowd = (64.0, 64.0, 128.0, 128.0)
    inside = Truth(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long), torch.tensor([crowd])).crowded(cells)
    assert 0 < inside.sum() < len(cells)
    key = "objects" if name == "faster-rcnn" else "cls_logits"
    learnt = []
    for crowds in ((), (crowd,)):
        batch = scenes((True,), crowds)
        raw = {part: value.detach().requires_grad_(True) for part, value in net.raw(batch.images).items()}
        torch.manual_seed(0)
        torch.stack(list(net.losses(raw, truths(batch)).values())).sum().backward()
        grad = raw[key].grad
        assert grad is not None
        learnt.append(grad[0].flatten(1).any(1) if grad.ndim > 2 else grad[0] != 0)
    without, within = learnt
    assert (without & inside).any()
    objects = torch.tensor([[70.0, 20, 110, 50], [40, 80, 56, 120]])  # of the scene: these may be learnt inside
    near = torch.stack([(cells[:, :2] < box[2:]).all(1) & (cells[:, 2:] > box[:2]).all(1) for box in objects]).any(0)
    assert not (within & inside & ~near).any()
    assert (within & ~inside).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_that_is_one_crowd_gives_finite_losses(name: str) -> None:
    net = make_net(name, make_task()).train()
    batch = scenes((True, True), (WHOLE,))
    batch.targets["labels"][0, :4] = -1
    batch.targets["crowd"][1, 4], batch.targets["labels"][1, 4] = True, 0
    batch.targets["boxes"][1, 4] = torch.tensor(WHOLE)
    losses = gradient(net, batch)
    assert all(value.isfinite() for value in losses.values())
    assert all(p.grad is None or p.grad.isfinite().all() for p in net.parameters())


def test_truths_leave_out_padding_unannotated_pictures_and_boxes_without_an_area() -> None:
    batch = scenes((True, False, True), ((0.0, 0, 9, 9),))
    batch.targets["boxes"][2, 0, 2] = batch.targets["boxes"][2, 0, 0]
    first, last = truths(batch)
    assert first.labels.tolist() == [0, 1, 2] and first.crowds.tolist() == [[0, 0, 9, 9]]
    assert last.boxes.tolist() == [[60, 30, 120, 70]] and last.labels.tolist() == [0] and not len(last.crowds)
    assert first.as_target(1)["labels"].tolist() == [1, 2, 3]


def test_crowded_is_more_than_half_inside() -> None:
    truth = Truth(torch.zeros(0, 4), torch.zeros(0), torch.tensor([[0.0, 0, 10, 10], [50, 50, 60, 60]]))
    boxes = torch.tensor([[0.0, 0, 10, 10], [4, 0, 14, 10], [6, 0, 16, 10], [52, 52, 55, 55], [20, 20, 30, 30]])
    assert truth.crowded(boxes).tolist() == [True, True, False, True, False]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_classes_in_another_order_are_taken_over(name: str) -> None:
    old_task, new_task = make_task(), make_task((*LABELS[::-1], "dog"))
    old, new = make_net(name, old_task).eval(), make_net(name, new_task, seed=1).eval()
    said = new.take_over(old, old_task, new_task)
    assert said == "head: 3 of 4 classes taken over, 1 new: dog"
    same_task = make_task(LABELS[::-1])
    same = make_net(name, same_task, seed=1).eval()
    assert same.take_over(old, old_task, same_task) == "head: 3 of 3 classes taken over"
    images = scenes().images
    with torch.no_grad():
        before, after = old(images), same(images)
    torch.testing.assert_close(after["scores"], before["scores"])
    moved = (2 - after["classes"] == before["classes"]).float().mean()
    assert moved > 0.99  # but for equals, whose order may differ


def test_rows_of_labels_by_hand() -> None:
    axis = LabelAxis(outer=2, before=1, after=0, inner=2)
    assert axis.length(3) == 16
    assert axis.rows(3, torch.tensor([2, 0])).tolist() == [0, 1, 6, 7, 2, 3, 8, 9, 14, 15, 10, 11]
    assert LabelAxis(after=1).rows(2, torch.tensor([1])).tolist() == [1, 2]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [64, 96])
def test_it_takes_grey_pictures_and_canvases_that_are_no_squares(name: str, size: int) -> None:
    task = make_task(size=size, canvas=(32, size), channels=1)
    found = make_net(name, task).eval()(torch.rand(2, 1, 32, size))
    assert found["boxes"].shape == (*found["scores"].shape, 4) and found["classes"].shape == found["scores"].shape
    assert found["boxes"].dtype == torch.float32 and found["classes"].dtype == torch.int64
    assert ((found["scores"] >= 0) & (found["scores"] <= 1)).all()
    assert (found["scores"].diff(dim=1) <= 0).all()  # best first
    assert ((found["classes"] >= 0) & (found["classes"] < 3)).all()


@pytest.mark.parametrize("name", NAMES)
def test_settings_that_do_not_fit_are_one_sentence(name: str) -> None:
    family = find("nets", f"detect.{name}")
    assert all(words and "class '" not in words for _, words in family.choices().values())
    with pytest.raises(InputError, match=f"the net {name} has no setting 'colour'; it has"):
        family.build(make_task(), {"colour": "red"})
    for setting in set(family.choices()) & {"width", "anchor", "queries", "radius", "depth"}:
        with pytest.raises(InputError, match=f"the net {name}: {setting} is -1, and may be"):
            family.build(make_task(), {setting: -1})
    if "backbone" in family.choices():
        with pytest.raises(InputError, match="no feature maps at strides"):
            family.build(make_task(), {"backbone": "test_vit"})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("device", "count"), [("cpu", 100), ("cuda", 100_000), ("cuda", None)])
def test_what_it_suggests_are_training_options_with_reasons(name: str, device: str, count: int | None) -> None:
    from clearsight.engine.config import TrainOptions

    family = find("nets", f"detect.{name}")
    found = family.settings(make_task(), Situation(count, device, "download"))
    assert ("lr" in found) == (name == "dfine" or count != 100)
    assert found.keys() <= TrainOptions.model_fields.keys() and all(why for _, why in found.values())
    TrainOptions(data="none", **{field: value for field, (value, _) in found.items()})
    said = settings.parse(found.get("net_options", ("", ""))[0])
    assert settings.checked(family, name, said) == said


@pytest.mark.parametrize("name", [name for name in NAMES if name != "dfine"])
def test_pretrained_weights_go_into_the_backbone_which_learns_more_slowly(name: str, tmp_path: Any) -> None:
    from safetensors.torch import save_file

    from clearsight.nets import timm as adapter

    whole = adapter.create("test_efficientnet", 5, 3, 64)
    save_file(whole.state_dict(), tmp_path / "w.safetensors")
    net = make_net(name, make_task())
    assert net.pretrained_name == "test_efficientnet"
    assert "classifier (bn2, classifier, conv_head) left out" in net.load_pretrained(str(tmp_path / "w.safetensors"))
    torch.testing.assert_close(net.backbone.model.conv_stem.weight, whole.conv_stem.weight)
    groups = net.learner({"backbone_lr": 0.1}).parameter_groups("main")
    slow = {id(p) for group in groups if group.lr_scale == 0.1 for p in group.params}
    assert slow == {id(p) for p in net.backbone_parameters()} == {id(p) for b in net.backbone_blocks() for p in b}
    assert sum(len(group.params) for group in groups) == len(list(net.parameters()))


def test_padding_in_place_of_proposals_scores_nothing() -> None:
    net = make_net("faster-rcnn", make_task(), proposals=4000).eval()
    images = scenes().images
    net.candidates = 10**6
    with torch.no_grad():
        regions, real = net.propose(net.raw(images))
        found = net(images)
    assert regions.shape[1] == real.shape[1] > 2000 and real.any() and not real.all()
    assert (found["scores"] > 0).sum(1).tolist() == (real.sum(1) * len(LABELS)).tolist()


def test_ssd_learns_from_three_times_as_many_empty_places_as_full_ones() -> None:
    from clearsight.tasks.detect.ssd import _hardest

    costs = torch.tensor([[0.1, 0.9, 0.5, 0.7, -torch.inf, 0.2], [0.3, 0.2, 0.1, 0.4, 0.5, 0.6]])
    positive = torch.tensor([[False] * 4 + [True, False], [False] * 6])
    assert _hardest(costs, positive).tolist() == [[False, True, True, True, False, False], [False] * 6]


def test_fcos_gives_a_place_to_the_smallest_object_of_its_levels_size() -> None:
    net = make_net("fcos", make_task())
    boxes = torch.tensor([[0.0, 0, 120, 128], [44, 44, 76, 76]])
    found = net._match(Truth(boxes, torch.tensor([0, 1]), torch.zeros(0, 4)))
    cells, strides = net.cells, net.cells[:, 2] - net.cells[:, 0]
    middle = ((cells[:, :2] + cells[:, 2:]) / 2 == 64).all(1)
    assert found[middle & (strides == 8)].tolist() == [1]  # its farthest side is 20 pixels away: the finest level
    assert found[middle & (strides == 16)].tolist() == [-1]  # of exactly 64 pixels, and of 20
    beside = (cells[:, :2] == torch.tensor([72.0, 56.0])).all(1) & (strides == 16)
    assert found[beside].tolist() == [0]  # from (80, 64) it is 80 pixels to the left
    far = (cells[:, 0] == -4) & (cells[:, 1] == -4)
    assert found[far].tolist() == [-1]  # its corner is no middle
