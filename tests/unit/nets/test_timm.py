"""Pretrained weights: what loads, what does not, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from clearsight.core.errors import InputError
from clearsight.core.task import Situation
from clearsight.nets import timm as adapter
from clearsight.nets.cost import multiply_adds
from clearsight.nets.norms import unfold_norms

NAME = "test_resnet"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    path = tmp_path / "w.safetensors"
    save_file(
        {k: v.half() if v.is_floating_point() else v for k, v in adapter.create(NAME, 7, 3, 32).state_dict().items()},
        path,
    )
    return path


def test_a_head_of_another_shape_starts_anew_and_is_told(weights: Path) -> None:
    model = adapter.create(NAME, 3, 3, 32)
    report = adapter.load_weights(model, adapter.read_weights(str(weights), NAME), "w")
    assert len(report.loaded) + len(report.head) == len(model.state_dict())
    assert report.head == ("fc.weight", "fc.bias") and "starts anew" in str(report)
    state = adapter.read_weights(str(weights), NAME)
    for name in report.loaded:
        torch.testing.assert_close(model.state_dict()[name].float(), state[name].float())
    assert model.fc.weight.std() < 0.05 and not model.fc.bias.any()


def test_grey_pictures_take_the_sum_of_the_first_layer(weights: Path) -> None:
    model = adapter.create(NAME, 7, 1, 32)
    adapter.load_weights(model, adapter.read_weights(str(weights), NAME), "w")
    first = model.pretrained_cfg["first_conv"]
    state = adapter.read_weights(str(weights), NAME)
    torch.testing.assert_close(
        model.state_dict()[f"{first}.weight"], state[f"{first}.weight"].float().sum(1, keepdim=True)
    )


def test_a_backbone_that_does_not_load_is_an_error(weights: Path) -> None:
    state = adapter.read_weights(str(weights), NAME)
    del state["layer1.0.conv1.weight"]
    with pytest.raises(InputError, match=r"layer1\.0\.conv1\.weight"):
        adapter.load_weights(adapter.create(NAME, 3, 3, 32), state, "w")
    with pytest.raises(InputError, match="not for this net"):
        adapter.load_weights(adapter.create("test_vit", 3, 3, 160), state, "w")


@pytest.mark.parametrize(
    ("file", "words"),
    [("w.pth", "only .safetensors"), ("gone.safetensors", "not there"), ("bad.safetensors", "not a whole")],
)
def test_files_that_cannot_be_read_are_one_sentence(tmp_path: Path, file: str, words: str) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match=words):
        adapter.read_weights(str(tmp_path / file), NAME)


def test_a_download_that_fails_says_what_to_do() -> None:
    with pytest.raises(InputError, match="--weights none"):
        adapter.read_weights("download", "resnet10t")


def test_a_name_nearly_right_is_suggested() -> None:
    with pytest.raises(InputError, match="resnet18"):
        adapter.create("resnet_18", 2, 3, 32)


def test_multiply_adds_by_hand() -> None:
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.Flatten(), torch.nn.Linear(8 * 16, 5))
    assert multiply_adds(net, 3, (4, 4)) == 3 * 8 * 9 * 16 + 8 * 16 * 5


def test_unfolded_norms_answer_the_same_and_can_be_trained() -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3),
        torch.nn.BatchNorm2d(8),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 4, 3),
        torch.nn.BatchNorm2d(4),
    )
    with torch.no_grad():
        net[0].weight.mul_(9)
        net[1].bias.uniform_(-2, 2)
        net[4].bias.uniform_(-2, 2)
    images = [torch.rand(6, 3, 12, 12) for _ in range(3)]
    before = net.eval()(images[0])
    assert unfold_norms(net.train(), images) == 2 and net.training
    torch.testing.assert_close(net.eval()(images[0]), before, atol=1e-4, rtol=1e-4)
    everything = torch.cat(images)
    torch.testing.assert_close(net.train()(everything), net.eval()(everything), atol=2e-2, rtol=2e-2)
    assert unfold_norms(net, images) == 0


def test_weights_at_hand_go_by_the_models_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert adapter.local_weights() == {}
    for name in ("resnet18_mine.safetensors", "test_vit.r160.safetensors", "unknown.safetensors", "resnet18.pth"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setenv("CLEARSIGHT_WEIGHTS", str(tmp_path))
    found = adapter.local_weights()
    assert {name: Path(file).name for name, file in found.items()} == {
        "resnet18": "resnet18_mine.safetensors",
        "test_vit": "test_vit.r160.safetensors",
    }


def test_photographs_take_a_net_whose_weights_are_at_hand() -> None:
    from clearsight.core.registry import find
    from clearsight.verbs.deciding import default_net

    photos, small = (find("tasks", "classify")(labels=("a", "b"), size=size) for size in (224, 32))
    assert default_net(photos, Situation(100, "cpu", None), {"resnet18": "x"})[0] == "resnet18"
    assert default_net(photos, Situation(100, "cpu", None), {})[0] == "mobilenetv3_large_100"
    assert default_net(small, Situation(100, "cpu", None), {"resnet18": "x"})[0] == "fast"


def test_nets_that_take_one_size_bring_it_unless_the_user_or_a_start_from_nothing_says_otherwise() -> None:
    from clearsight.core.options import parse
    from clearsight.core.registry import find
    from clearsight.engine.config import TrainOptions
    from clearsight.verbs.deciding import _own_size

    def brought(net: str, **said: object) -> int | None:
        return _own_size(find("tasks", "classify"), parse(TrainOptions, {"data": "x", "net": net, **said}))

    assert (brought("vit_base_patch16_384"), brought("test_vit", weights="w.safetensors")) == (384, 160)
    assert [brought(net) for net in ("resnet18", "lenet", "mobilenetv3_large_100.ra_in1k", "nothing_like_it")] == [
        None
    ] * 4
    assert brought("test_vit", weights="none") is None
