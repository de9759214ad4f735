"""Our detector: its parts, its losses, the head without suppression."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Batch
from clearsight.core.task import Situation
from clearsight.nets.yolo.head import REACH, Head, Places
from clearsight.tasks.detect.task import Detect
from clearsight.tasks.objects.yolo import Yolo

TASK = Detect(labels=("a", "b"), size=64, canvas=(32, 64))
SMALL: dict[str, Any] = {"backbone": "test_resnet", "width": 16}


def net(**config: Any) -> Yolo:
    torch.manual_seed(0)
    return Yolo.build(TASK, {**SMALL, **config})


def batch(known: bool = True) -> Batch:
    boxes = torch.tensor([[[4.0, 4.0, 20.0, 20.0], [30.0, 8.0, 50.0, 28.0]]] * 2)
    targets = {
        "boxes": boxes,
        "labels": torch.tensor([[0, 1], [1, -1]]),
        "crowd": torch.zeros(2, 2, dtype=torch.bool),
        "known": torch.tensor([True, known]),
    }
    return Batch(torch.rand(2, 3, 32, 64, generator=torch.Generator().manual_seed(1)), targets, ["x", "y"])


def test_places_are_the_middles_of_their_cells() -> None:
    places = Places((32, 64), (8, 16, 32))
    assert len(places.middles) == 4 * 8 + 2 * 4 + 1 * 2
    assert places.middles[0].tolist() == [4.0, 4.0] and places.strides[0] == 8
    assert places.middles[1].tolist() == [12.0, 4.0] and places.middles[8].tolist() == [4.0, 12.0]
    assert places.middles[-1].tolist() == [48.0, 16.0] and places.strides[-1] == 32


def test_distances_and_boxes_are_each_others_inverse() -> None:
    places = Places((32, 64), (8, 16, 32))
    distances = torch.rand(2, len(places.middles), 4) * 5
    torch.testing.assert_close(places.distances(places.boxes(distances)), distances, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("bins", [0, 16])
def test_boxes_begin_at_the_reach_and_scores_at_the_prior(bins: int) -> None:
    torch.manual_seed(0)
    head = Head(2, 8, 3, bins)
    logits, sides = head([torch.zeros(1, 8, 4, 4), torch.zeros(1, 8, 2, 2)])
    assert logits.shape == (1, 20, 3) and sides.shape == (1, 20, 4, max(bins, 1))
    torch.testing.assert_close(logits.sigmoid(), torch.full_like(logits, 0.01), atol=1e-4, rtol=0)
    assert head.distances(sides).mean().item() == pytest.approx(REACH, rel=0.05)


def test_boxes_are_learnt_by_the_overlap_that_is_asked_for() -> None:
    losses = {}
    for kind in ("iou", "giou", "diou", "ciou"):
        given = batch()
        given.targets["boxes"][..., 2] += 8  # of another shape than boxes begin with
        losses[kind] = net(overlap=kind).train().learner({}).training_step(given, "main")
    assert len({loss["box"].item() for loss in losses.values()}) == 4
    assert len({loss["score"].item() for loss in losses.values()}) == 1
    torch.testing.assert_close(net().train().learner({}).training_step(given, "main"), losses["ciou"])


@pytest.mark.parametrize("config", [{}, {"bins": 0}, {"one_to_one": True}, {"scale": "large"}])
def test_losses_are_finite_and_reach_every_weight(config: dict[str, Any]) -> None:
    detector = net(**config).train()
    losses = detector.learner({}).training_step(batch(), "main")
    total = torch.stack(list(losses.values())).sum()
    assert total.isfinite() and total > 0
    assert ("sides" in losses) == (config.get("bins") != 0)
    total.backward()
    still = [name for name, p in detector.named_parameters() if p.grad is None or not p.grad.any()]
    # of the second head one place an object learns a box: levels without one have nothing to learn from
    assert not [name for name in still if not name.startswith(("backbone", "single.box"))]


def test_the_second_head_does_not_teach_the_features() -> None:
    detector = net(one_to_one=True).train()
    losses = detector.learner({}).training_step(batch(), "main")
    torch.stack([value for name, value in losses.items() if name.startswith("single_")]).sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in detector.neck.parameters())
    assert detector.single is not None and any(
        p.grad is not None and p.grad.any() for p in detector.single.parameters()
    )


def test_answers_come_from_the_second_head_where_there_is_one() -> None:
    detector = net(one_to_one=True).eval()
    images = batch().images
    with torch.no_grad():
        before = detector(images)["scores"]
        for p in detector.head.parameters():
            p.zero_()
        assert torch.equal(before, detector(images)["scores"])


def test_pictures_that_nobody_annotated_teach_nothing() -> None:
    detector = net().train()
    learner = detector.learner({})
    given = batch(known=False)
    given.targets["labels"][1] = -1
    first = learner.training_step(given, "main")
    changed = Batch(given.images, {**given.targets, "known": torch.tensor([True, True])}, given.keys)
    second = learner.training_step(changed, "main")
    assert first["score"] < second["score"]  # a picture with nothing on it does teach


def test_layers_share_convolutions_between_levels_and_not_norms() -> None:
    detector = net()
    names = [name for name, _ in detector.head.score.named_parameters()]
    assert sum(name.startswith("convs.") for name in names) == 4
    assert sum(name.startswith("norms.") for name in names) == 3 * 4 * 2


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="scale is 'tiny'"):
        net(scale="tiny")
    with pytest.raises(InputError, match="no setting 'anchors'"):
        net(anchors=3)
    with pytest.raises(InputError, match="no feature maps at strides"):
        net(backbone="test_vit")


def test_nano_has_fewer_than_a_million_parameters() -> None:
    with torch.device("meta"):
        made = Yolo.build(Detect(labels=tuple(map(str, range(80))), size=416), {"scale": "nano"})
    assert sum(p.numel() for p in made.parameters()) < 1_000_000


@pytest.mark.parametrize(("weights", "optimiser"), [(None, "muon"), ("download", "adamw")])
def test_from_nothing_it_is_moved_by_muon(weights: str | None, optimiser: str) -> None:
    situation = Situation(1000, "cpu", weights)
    assert {**TASK.suggest(situation), **Yolo.settings(TASK, situation)}["optimiser"][0] == optimiser
