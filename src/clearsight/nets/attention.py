"""A small vision transformer: images (B, C, S, S) → logits (B, K), and where it looked."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clearsight.core.errors import InputError
from clearsight.nets.settings import Whole


class Block(nn.Module):
    """Multi-head self-attention and a two-layer perceptron, each with a norm before it and a shortcut around it."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (B, T, D) → (B, T, D)."""
        query, key, value = self._split(tokens)
        return self._join(tokens, F.scaled_dot_product_attention(query, key, value))

    def attend(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The same tokens (B, T, D), and the weights (B, heads, T, T) with which each token, a row, took in the others."""
        query, key, value = self._split(tokens)
        weights = (query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5).softmax(-1)
        return self._join(tokens, weights @ value), weights

    def _split(self, tokens: Tensor) -> tuple[Tensor, ...]:
        """Queries, keys and values, each (B, heads, T, D / heads)."""
        parts = self.qkv(self.norm1(tokens)).unflatten(2, (3, self.heads, -1))
        return tuple(parts.permute(2, 0, 3, 1, 4).unbind(0))

    def _join(self, tokens: Tensor, seen: Tensor) -> Tensor:
        tokens = tokens + self.project(seen.transpose(1, 2).flatten(2))
        changed: Tensor = tokens + self.mlp(self.norm2(tokens))
        return changed


class VisionTransformer(nn.Module):
    """Patches as tokens with learned positions, through `depth` blocks, after Dosovitskiy et al. 2021, at the size of
    small pictures. The class token, or the mean of all patches (`pool`), is what the linear layer judges by."""

    def __init__(
        self,
        channels: int,
        size: int,
        classes: int,
        *,
        patch: Whole = 4,
        width: Whole = 128,
        depth: Whole = 6,
        heads: Whole = 4,
        inner: Whole = 256,
        pool: Literal["token", "mean"] = "token",
    ) -> None:
        super().__init__()
        if size % patch:
            near = max(patch, round(size / patch) * patch)
            raise InputError(
                f"pictures of {size}×{size} cannot be cut into patches of {patch}×{patch}: give --size {near}, or another "
                "patch with --net-options"
            )
        if width % heads:
            raise InputError(f"the net vit: a width of {width} cannot be shared by {heads} heads: give a multiple")
        self.side = size // patch
        self.embed = nn.Conv2d(channels, width, patch, stride=patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width)) if pool == "token" else None
        self.positions = nn.Parameter(torch.empty(1, self.side**2 + (pool == "token"), width))
        self.blocks = nn.ModuleList(Block(width, heads, inner) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)
        self._start()

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) → logits (B, K)."""
        tokens = self._tokens(images)
        for block in self.blocks:
            tokens = block(tokens)
        return self._judge(tokens)

    def attend(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The logits (B, K), and the attention weights (B, layers, heads, T, T), where T counts the class token, which
        comes first, and the patches row by row. Each row of weights sums to one."""
        tokens, found = self._tokens(images), []
        for block in self.blocks:
            assert isinstance(block, Block)
            tokens, weights = block.attend(tokens)
            found.append(weights)
        return self._judge(tokens), torch.stack(found, 1)

    def rollout(self, images: Tensor) -> Tensor:
        """How much of each patch reached what is judged by: (B, h, w), summing to one over a picture.

        Attention rollout (Abnar and Zuidema 2020, equation 1): the mean over the heads, with the shortcut as identity,
        multiplied from layer to layer.
        """
        _, weights = self.attend(images)
        identity = torch.eye(weights.shape[-1], device=weights.device)
        flow = identity
        for layer in weights.mean(2).unbind(1):
            flow = (0.5 * layer + 0.5 * identity) @ flow
        reached = flow.mean(1) if self.token is None else flow[:, 0, 1:]
        return (reached / reached.sum(1, keepdim=True)).reshape(-1, self.side, self.side)

    def plan(self, tokens: Tensor) -> Tensor:
        """Tokens (B, T, D) in the picture's plan (B, D, h, w), the class token left out."""
        patches = tokens if self.token is None else tokens[:, 1:]
        return patches.transpose(1, 2).reshape(len(tokens), -1, self.side, self.side)

    def _tokens(self, images: Tensor) -> Tensor:
        patches: Tensor = self.embed(images).flatten(2).transpose(1, 2)
        if self.token is not None:
            patches = torch.cat([self.token.expand(len(patches), -1, -1), patches], 1)
        return patches + self.positions

    def _judge(self, tokens: Tensor) -> Tensor:
        tokens = self.norm(tokens)
        logits: Tensor = self.head(tokens.mean(1) if self.token is None else tokens[:, 0])
        return logits

    def _start(self) -> None:
        """Xavier uniform for the blocks' weights, small normal positions, and a head that begins undecided."""
        nn.init.trunc_normal_(self.positions, std=0.02)
        if self.token is not None:
            nn.init.trunc_normal_(self.token, std=0.02)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
        nn.init.trunc_normal_(self.head.weight, std=0.02)
