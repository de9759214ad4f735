"""The small vision transformer against timm's, and its attention against its answer."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn

from clearsight.core.errors import InputError
from clearsight.nets.attention import VisionTransformer
from clearsight.tasks.classify.task import Classify
from clearsight.tasks.picture.attention import ViT

POOLS = pytest.mark.parametrize("pool", ["token", "mean"])
Pool = Literal["token", "mean"]


def small(pool: Pool = "token") -> VisionTransformer:
    torch.manual_seed(0)
    net = VisionTransformer(3, 16, 5, width=32, depth=3, heads=4, inner=48, pool=pool)
    for block in net.blocks:  # far from even attention
        assert isinstance(block.qkv, nn.Linear)
        nn.init.normal_(block.qkv.weight, std=0.4)
    return net


@POOLS
def test_it_answers_as_timms_with_the_same_weights(pool: Pool) -> None:
    from timm.models.vision_transformer import VisionTransformer as Reference

    ours = small(pool)
    theirs = Reference(
        img_size=16,
        patch_size=4,
        num_classes=5,
        embed_dim=32,
        depth=3,
        num_heads=4,
        mlp_ratio=1.5,
        norm_layer=nn.LayerNorm,
        class_token=pool == "token",
        global_pool="token" if pool == "token" else "avg",
        fc_norm=False,
    ).eval()
    names = {"token": "cls_token", "positions": "pos_embed", "embed.": "patch_embed.proj.", "qkv.": "attn.qkv."}
    names |= {"project.": "attn.proj.", "mlp.0.": "mlp.fc1.", "mlp.2.": "mlp.fc2."}
    state = ours.state_dict()
    for mine, other in names.items():
        state = {name.replace(mine, other): value for name, value in state.items()}
    theirs.load_state_dict(state)
    images = torch.rand(3, 3, 16, 16)
    torch.testing.assert_close(ours(images), theirs(images), atol=1e-5, rtol=1e-4)


@POOLS
def test_weights_worked_out_give_the_same_answer(pool: Pool) -> None:
    net = small(pool)
    images = torch.rand(2, 3, 16, 16)
    logits, weights = net.attend(images)
    torch.testing.assert_close(logits, net(images), atol=1e-5, rtol=1e-4)
    tokens = 16 + (pool == "token")
    assert weights.shape == (2, 3, 4, tokens, tokens)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 4, tokens))
    assert weights.max() > 0.5  # the test is of a net that looks somewhere


@POOLS
def test_rollout_is_the_product_of_the_layers(pool: Pool) -> None:
    net = small(pool)
    images = torch.rand(2, 3, 16, 16)
    found = net.rollout(images)
    assert found.shape == (2, 4, 4)
    for picture, weights in zip(found.detach(), net.attend(images)[1].detach().double().numpy(), strict=True):
        flow = np.eye(weights.shape[-1])
        for layer in weights:
            mixed = layer.mean(0) + np.eye(len(flow))
            flow = mixed / mixed.sum(1, keepdims=True) @ flow
        row = flow[0, 1:] if pool == "token" else flow.mean(0)
        np.testing.assert_allclose(picture.flatten().numpy(), row / row.sum(), atol=1e-6)


def test_even_attention_reaches_every_patch_alike() -> None:
    net = small()
    for block in net.blocks:
        assert isinstance(block.qkv, nn.Linear)
        nn.init.zeros_(block.qkv.weight)
    torch.testing.assert_close(net.rollout(torch.rand(1, 3, 16, 16)), torch.full((1, 4, 4), 1 / 16))


def test_the_classifier_hands_out_maps_and_taps_in_the_pictures_plan() -> None:
    net = ViT.build(Classify(labels=("a", "b"), size=24), {"width": 32, "depth": 2, "heads": 2})
    images = torch.rand(3, 3, 24, 24)
    assert net.attention(images).shape == (3, 2, 2, 37, 37)
    assert net.rollout(images).shape == (3, 6, 6)
    seen: list[torch.Tensor] = []
    tap = net.feature_taps()[-1]
    assert tap.reshape is not None
    handle = tap.module.register_forward_hook(lambda module, inputs, output: seen.append(output))
    net(images)["logits"][:, 0].sum().backward()
    handle.remove()
    assert tap.reshape(seen[0]).shape == (3, 32, 6, 6)
    # the patch in row 1, column 2 is token 1 + 1 · 6 + 2
    torch.testing.assert_close(tap.reshape(seen[0])[:, :, 1, 2], seen[0][:, 9])


def test_pictures_that_patches_do_not_fill_are_one_sentence() -> None:
    with pytest.raises(InputError, match="30×30 cannot be cut into patches of 4×4: give --size 32"):
        VisionTransformer(3, 30, 10)
    with pytest.raises(InputError, match="a width of 130 cannot be shared by 4 heads"):
        VisionTransformer(3, 32, 10, width=130)
