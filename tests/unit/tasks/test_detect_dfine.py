"""D-FINE as transformers has it: our forward is the library's, its weights load, and what is missing is told."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.nets import dfine
from clearsight.verbs.parent import is_ours
from tests.unit.tasks.detecting import LABELS, SIDE, as_targets, make_net, make_task, scenes


def shares(batch: Any) -> list[dict[str, Tensor]]:
    """The batch's boxes as transformers takes them: middle and sides, as shares of the canvas."""
    found = []
    for target in as_targets(batch, 0):
        low, high = target["boxes"][:, :2] / SIDE, target["boxes"][:, 2:] / SIDE
        found.append({"class_labels": target["labels"], "boxes": torch.cat([(low + high) / 2, high - low], 1)})
    return found


def test_it_finds_what_the_librarys_own_forward_finds() -> None:
    net = make_net("dfine", make_task()).eval()
    images = scenes().images
    with torch.no_grad():
        theirs = net.model(pixel_values=images)
        found = net(images)
    middles, sides = theirs.pred_boxes.split(2, -1)
    boxes = torch.cat([middles - sides / 2, middles + sides / 2], -1) * SIDE
    scores = theirs.logits.sigmoid()
    torch.testing.assert_close(found["scores"], scores.flatten(1).sort(1, descending=True).values)
    for row in range(len(images)):
        for box, score, label in zip(*(found[key][row] for key in ("boxes", "scores", "classes")), strict=True):
            apart = (boxes[row] - box).abs().amax(1) + (scores[row, :, label] - score).abs()
            assert apart.min() < 1e-4


def test_its_losses_are_the_librarys() -> None:
    net = make_net("dfine", make_task()).train()
    batch = scenes()
    torch.manual_seed(4)
    wanted = net.model(pixel_values=batch.images, labels=shares(batch)).loss
    torch.manual_seed(4)
    found = net.learner({}).training_step(batch, "main")
    assert found.keys() == {"score", "box", "sides"} and all(value > 0 for value in found.values())
    torch.testing.assert_close(torch.stack(list(found.values())).sum(), wanted)


def test_what_was_computed_without_values_or_gradients_is_not_kept() -> None:
    from clearsight.nets.cost import multiply_adds

    task = make_task((*LABELS, "dog"), size=160)  # a canvas that no other test has
    assert multiply_adds(make_net("dfine", task), 3, task.shape) > 0
    with torch.inference_mode():
        make_net("dfine", task).eval()(torch.rand(1, 3, 160, 160))
    net = make_net("dfine", task).train()
    batch = scenes()
    batch.images = torch.rand(3, 3, 160, 160)
    torch.stack(list(net.learner({}).training_step(batch, "main").values())).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_constants_are_not_learnt() -> None:
    net = make_net("dfine", make_task())
    assert all(p.requires_grad for p in net.parameters())
    assert {"model.model.decoder.up", "model.model.decoder.reg_scale"} <= net.state_dict().keys()
    groups = net.learner({"backbone_lr": 0.5}).parameter_groups("main")
    assert sum(len(group.params) for group in groups) == len(list(net.parameters()))
    blocks = [p for block in net.backbone_blocks() for p in block]
    assert {id(p) for p in blocks} == {id(p) for p in net.backbone_parameters()} and len(net.backbone_blocks()) == 5


def test_there_are_no_more_queries_than_places() -> None:
    small = make_net("dfine", make_task(size=64), queries=1000)
    assert small.model.config.num_queries == 8 * 8 + 4 * 4 + 2 * 2
    assert small.eval()(torch.rand(1, 3, 64, 64))["scores"].shape == (1, 84 * 3)


@pytest.mark.parametrize("scale", ["nano", "small"])
def test_published_sizes(scale: Any) -> None:
    """Parameters in millions, by the paper's table 1 and the authors' list of models."""
    model = dfine.make_model(scale, 80, 300, 100, (20, 20))
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    assert millions == pytest.approx({"nano": 4, "small": 10}[scale], abs=0.6)


def saved(path: Path, classes: int = 5, old: bool = False) -> dict[str, Tensor]:
    """Weights of a small model in transformers' format; `old` by the names of its earlier versions."""
    torch.manual_seed(9)
    state = dict(dfine.make_model("tiny", classes, 30, 10, (4, 4)).state_dict())
    if old:
        names = (("encoder.aifi.", "encoder.encoder."), ("o_proj", "out_proj"))
        for new, before in names:
            state = {name.replace(new, before): value for name, value in state.items()}
        for number in (0, 1):
            pattern = rf"layers\.(\d+)\.mlp\.layers\.{number}\."
            state = {re.sub(pattern, rf"layers.\1.fc{number + 1}.", name): value for name, value in state.items()}
        assert any("fc1" in name for name in state)
    save_file(state, path)
    return state


@pytest.mark.parametrize("old", [False, True])
def test_weights_for_other_classes_load_but_for_the_head(tmp_path: Path, old: bool) -> None:
    saved(tmp_path / "w.safetensors", old=old)
    plain = saved(tmp_path / "plain.safetensors")
    net = make_net("dfine", make_task())
    before = {name: value.clone() for name, value in net.model.state_dict().items()}
    words = net.load_pretrained(str(tmp_path / "w.safetensors"))
    assert "starts anew" in words and "model.decoder.class_embed.0.weight" in words and "not used" not in words
    for name, value in net.model.state_dict().items():
        head = any(part in name for part in dfine.BY_CLASS)
        assert torch.equal(value, before[name] if head else plain[name]), name


def test_weights_are_read_from_a_folder_that_the_library_saved(tmp_path: Path) -> None:
    model = dfine.make_model("tiny", 3, 30, 10, (4, 4))
    model.save_pretrained(tmp_path)
    net = make_net("dfine", make_task())
    assert not is_ours(str(tmp_path)) and "starts anew" not in net.load_pretrained(str(tmp_path))
    state = model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in net.model.state_dict().items())


def test_weights_for_as_many_classes_load_whole(tmp_path: Path) -> None:
    state = saved(tmp_path / "w.safetensors", classes=3)
    net = make_net("dfine", make_task())
    assert "starts anew" not in net.load_pretrained(str(tmp_path / "w.safetensors"))
    assert all(torch.equal(value, state[name]) for name, value in net.model.state_dict().items())


def test_weights_of_another_scale_or_that_are_not_whole_are_refused(tmp_path: Path) -> None:
    state = saved(tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=r"is not for the net dfine of scale nano: .* scale=…"):
        make_net("dfine", make_task(), scale="nano").load_pretrained(str(tmp_path / "w.safetensors"))
    gone = "model.encoder.pan_blocks.0.conv1.conv.weight"
    save_file({name: value for name, value in state.items() if name != gone}, tmp_path / "part.safetensors")
    with pytest.raises(InputError, match=rf"1 of its \d+ tensors are missing or of another shape, {re.escape(gone)}"):
        make_net("dfine", make_task()).load_pretrained(str(tmp_path / "part.safetensors"))


def test_a_download_that_fails_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def refuse(name: str, file: str) -> str:
        raise OSError(f"no way to {name}/{file}")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse)
    with pytest.raises(InputError, match=r"dfine-nano-coco could not be downloaded \(OSError\).*--weights none"):
        make_net("dfine", make_task(), scale="nano").load_pretrained("download")
    with pytest.raises(InputError, match="scale tiny has no published weights"):
        make_net("dfine", make_task()).load_pretrained("download")


def test_without_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"clearsight\[detr\]"):
        make_net("dfine", make_task())


def test_the_librarys_checks_are_switched_off_only_within() -> None:
    assert dfine.SWITCH not in os.environ
    with dfine.without_checks():
        assert os.environ[dfine.SWITCH] == "1"
        with dfine.without_checks():
            pass
        assert os.environ[dfine.SWITCH] == "1"
    assert dfine.SWITCH not in os.environ
