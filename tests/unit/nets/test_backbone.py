"""timm's models as backbones: maps of the strides asked for, and pretrained weights without the classifier."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from clearsight.core.errors import InputError
from clearsight.nets import timm as adapter
from clearsight.nets.backbone import Backbone

TINY = ["test_resnet", "test_efficientnet", "test_convnext", "test_byobnet"]


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("levels", [(8, 16, 32), (4, 8, 16, 32), (32,)])
def test_maps_have_the_strides_and_channels_that_it_says(name: str, levels: tuple[int, ...]) -> None:
    backbone = Backbone.create(name, 3, levels=levels)
    assert backbone.strides == list(levels)
    maps = backbone(torch.rand(2, 3, 96, 64))
    wanted = [(2, c, 96 // s, 64 // s) for c, s in zip(backbone.channels, backbone.strides, strict=True)]
    assert [tuple(each.shape) for each in maps] == wanted


@pytest.mark.parametrize("name", TINY)
def test_all_that_is_kept_takes_part(name: str) -> None:
    backbone = Backbone.create(name, 3)
    torch.stack([each.square().sum() for each in backbone(torch.rand(2, 3, 64, 64))]).sum().backward()
    assert all(p.grad is not None for p in backbone.parameters())
    assert sum(map(len, backbone.blocks())) == len(list(backbone.parameters()))
    own = dict(backbone.named_modules())
    assert all(own[tap.name.removeprefix("x.")] is tap.module for tap in backbone.taps("x"))


def test_its_maps_are_those_of_timms_own_extractor() -> None:
    torch.manual_seed(0)
    whole = timm.create_model("test_efficientnet", num_classes=7).eval()
    reference = timm.create_model("test_efficientnet", features_only=True, out_indices=(2, 3, 4)).eval()
    reference.load_state_dict(whole.state_dict(), strict=False)
    backbone = Backbone.create("test_efficientnet", 3).eval()
    backbone.model.load_state_dict(whole.state_dict(), strict=False)
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        ours, theirs = backbone(images), reference((images - backbone.mean) / backbone.std)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_what_pixels_become_is_the_models_own_or_what_is_said() -> None:
    def given(inputs: str, channels: int = 3) -> list[list[float]]:
        backbone = Backbone.create("mobilenetv2_100", channels, inputs)  # type: ignore[arg-type]
        return [[round(float(v), 3) for v in each.flatten()] for each in (backbone.mean, backbone.std)]

    assert given("own") == given("imagenet") == [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]
    assert given("symmetric") == [[0.5] * 3, [0.5] * 3]
    assert given("imagenet", 1) == [[0.449], [0.226]]


def test_pretrained_weights_load_without_the_classifier_and_it_is_told(tmp_path: Path) -> None:
    torch.manual_seed(1)
    whole = adapter.create("test_efficientnet", 7, 3, 32)
    save_file({**whole.state_dict(), "stray": torch.zeros(1)}, tmp_path / "w.safetensors")
    backbone = Backbone.create("test_efficientnet", 3)
    words = backbone.load(str(tmp_path / "w.safetensors"))
    for name, value in backbone.model.state_dict().items():
        torch.testing.assert_close(value, whole.state_dict()[name])
    assert f"{len(backbone.model.state_dict())} tensors loaded" in words
    assert "classifier (bn2, classifier, conv_head) left out" in words and "not used: stray" in words


def test_weights_that_miss_a_tensor_of_the_backbone_are_refused(tmp_path: Path) -> None:
    state = adapter.create("test_efficientnet", 7, 3, 32).state_dict()
    del state["blocks.1.0.conv_exp.weight"]
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=r"blocks\.1\.0\.conv_exp\.weight"):
        Backbone.create("test_efficientnet", 3).load(str(tmp_path / "w.safetensors"))
    save_file(adapter.create("test_resnet", 7, 3, 32).state_dict(), tmp_path / "o.safetensors")
    with pytest.raises(InputError, match="not for this net"):
        Backbone.create("test_efficientnet", 3).load(str(tmp_path / "o.safetensors"))


@pytest.mark.parametrize(
    ("name", "words"),
    [("test_vit", "strides 8, 16 and 32"), ("mobilenetv2_10", "there is no net"), ("resnet18_", "did you mean")],
)
def test_a_model_that_cannot_be_one_is_one_sentence(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Backbone.create(name, 3)


def test_one_that_cannot_be_dilated_says_so() -> None:
    """timm asserts, or knows no such argument; with strides up to 32 the first is a backbone as any other."""
    for name in ("ghostnet_050", "test_vit"):
        with pytest.raises(
            InputError, match=f"timm's {name} cannot be dilated to a stride of 16: give a backbone that can"
        ):
            Backbone.create(name, 3, levels=(16,), stride=16)
    assert Backbone.create("ghostnet_050", 3, levels=(4, 8, 16, 32)).strides == [4, 8, 16, 32]


def test_a_transformer_of_windows_takes_the_shape_that_it_is_made_for() -> None:
    backbone = Backbone.create("swin_tiny_patch4_window7_224", 3, shape=(64, 96))
    assert [tuple(each.shape[2:]) for each in backbone(torch.rand(1, 3, 64, 96))] == [(8, 12), (4, 6), (2, 3)]
