"""Segmentation nets: their settings, heads that are learnt from alone, and weights from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from clearsight.core.artifact import Artifact
from clearsight.core.errors import InputError
from clearsight.core.net import Net
from clearsight.core.pipeline import Batch
from clearsight.core.registry import find
from clearsight.core.sample import VOID
from clearsight.core.task import Situation
from clearsight.deploy.onnx import export
from clearsight.deploy.predictor import OnnxPredictor
from clearsight.engine.predictor import Predictor
from clearsight.nets import timm as adapter
from clearsight.nets.settings import checked, parse
from clearsight.tasks.segment.segmenter import DEEP, shrunk
from clearsight.tasks.segment.task import Segment

LABELS = ("background", "road", "sky")
TASK = Segment(labels=LABELS, size=64)


def build(name: str, task: Segment = TASK, **config: Any) -> Any:
    torch.manual_seed(0)
    return find("nets", f"segment.{name}").build(task, config)


def batch(count: int = 2) -> Batch:
    draw = torch.Generator().manual_seed(0)
    mask = torch.randint(0, 3, (count, 64, 64), generator=draw).to(torch.uint8)
    targets = {"mask": mask, "known": torch.ones(count, dtype=torch.bool)}
    return Batch(torch.rand(count, 3, 64, 64, generator=draw), targets, [str(i) for i in range(count)])


def test_ours_is_small() -> None:
    """Under a million parameters with eleven classes, heads that are learnt from alone included."""
    task = Segment(labels=tuple(map(str, range(11))), size=480, canvas=(384, 480))
    assert sum(p.numel() for p in build("lite", task).parameters()) < 1_000_000


@pytest.mark.parametrize(("weights", "optimiser"), [(None, "muon"), ("download", "adamw")])
def test_from_nothing_ours_is_moved_by_muon(weights: str | None, optimiser: str) -> None:
    situation = Situation(1000, "cpu", weights)
    family: type[Net] = find("nets", "segment.lite")
    assert {**TASK.suggest(situation), **family.settings(TASK, situation)}["optimiser"][0] == optimiser


def test_ours_stands_on_any_backbone_and_takes_its_weights(tmp_path: Path) -> None:
    net = build("lite", backbone="test_resnet")
    assert net.pretrained_name == "test_resnet"
    given = adapter.create("test_resnet", 10, 3, 64).state_dict()
    save_file({name: value.contiguous() for name, value in given.items()}, tmp_path / "w.safetensors")
    told = net.load_pretrained(str(tmp_path / "w.safetensors"))
    assert "its classifier (fc) left out" in told
    own = net.backbone.model.state_dict()
    assert all(torch.equal(value, given[name]) for name, value in own.items())
    assert sum(len(block) for block in net.backbone_blocks()) == len(net.backbone_parameters()) > 0


def test_its_own_body_has_no_pretrained_part() -> None:
    net = build("lite")
    assert net.backbone_parameters() == [] and net.pretrained_name is None
    with pytest.raises(InputError, match="the net lite has no pretrained weights"):
        net.load_pretrained("x.safetensors")


def test_a_batch_teaches_every_part() -> None:
    net = build("lite")
    losses = net.learner(TASK.loss_options({}, [])).training_step(batch(), "main")
    assert losses.keys() == {"loss", "deep"}
    torch.stack(list(losses.values())).sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_heads_that_are_learnt_from_alone_see_the_mask_at_their_own_size() -> None:
    net = build("lite")
    given = batch()
    options = TASK.loss_options({"loss": "ce"}, [])
    losses = net.learner(options).training_step(given, "main")
    _, *deep = net.raw(given.images)
    each = [options["criterion"](logits, shrunk(given.targets["mask"], logits.shape[-2:])) for logits in deep]
    assert [logits.shape[-1] for logits in deep] == [8, 4]
    torch.testing.assert_close(losses["deep"], DEEP * torch.stack(each).mean())
    assert build("lite", deep=False).learner(options).training_step(given, "main").keys() == {"loss"}


def test_masks_shrink_to_the_classes_at_the_middles() -> None:
    mask = torch.arange(48).reshape(1, 6, 8).to(torch.uint8)
    assert shrunk(mask, (2, 4)).tolist() == [[[9, 11, 13, 15], [33, 35, 37, 39]]]
    assert torch.equal(shrunk(mask, (6, 8)), mask)


def test_what_is_void_teaches_nothing() -> None:
    one, other = batch(), batch()
    one.targets["mask"][:, :32] = VOID
    learner = build("lite").eval().learner(TASK.loss_options({}, []))
    before = learner.training_step(one, "main")["loss"]
    assert before != learner.training_step(other, "main")["loss"]
    one.targets["mask"][:] = VOID
    assert learner.training_step(one, "main")["loss"] == 0


@pytest.mark.parametrize("name", ["lite", "fcn"])
def test_weights_of_a_model_go_over_by_the_names_of_the_classes(name: str) -> None:
    small = {"lite": {"width": 24}, "fcn": {"backbone": "test_efficientnet", "stride": 16}}[name]
    asked = Segment(labels=("sky", "tree", "road"), size=64)
    old, new = build(name, asked, **small), build(name, **small)
    told = new.take_over(old, asked, TASK)
    assert told == "head: 2 of 3 classes taken over, 1 new: background, 1 left out: tree"
    images = batch().images
    here, there = (net.eval()(images)["logits"] for net in (new, old))
    torch.testing.assert_close(here[:, [2, 1]], there[:, [0, 2]])


@pytest.mark.parametrize(
    "name", ["lite", "unet", "unetplusplus", "deeplabv3plus", "fpn", "segformer", "upernet", "fcn"]
)
def test_what_a_net_suggests_is_among_its_settings(name: str) -> None:
    family: type[Net] = find("nets", f"segment.{name}")
    said = family.settings(TASK, Situation(300, "cpu", "download"))["net_options"][0]
    assert checked(family, name, parse(said))["backbone"] == "mobilenetv2_100"


def test_a_setting_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="width is 20, and may be a multiple of 32"):
        build("fpn", width=20)
    with pytest.raises(InputError, match="has no feature maps at strides"):
        build("lite", backbone="vit_tiny_patch16_224")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["segformer", "upernet", "unet"])
def test_default_backbones_and_those_without_stride_2_are_built_and_exported(name: str) -> None:
    """A transformer and a ConvNeXt, which begin at stride 4, and a U-Net that has to enlarge such levels twice as far."""
    config = {"backbone": "convnext_atto"} if name == "unet" else {"width": 32}
    net = build(name, **config).eval()
    assert net.backbone.strides[0] == 4
    model = Artifact(TASK, net)
    photo = np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8)
    (ours,), (theirs,) = list(Predictor(TASK, net)([photo])), list(OnnxPredictor(export(model))([photo]))
    assert ours.mask.shape == (70, 90)
    assert (ours.mask == theirs.mask).mean() > 0.999
