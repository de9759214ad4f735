"""The small vision transformer as a classifier, and where it looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from clearsight.core.net import Tap
from clearsight.core.task import Situation, Task
from clearsight.nets.attention import VisionTransformer
from clearsight.tasks.picture.plain import PlainNet


class ViT(PlainNet):
    """A vision transformer for small pictures."""

    name = "vit"
    make = staticmethod(VisionTransformer)

    def attention(self, images: Tensor) -> Tensor:
        """Images (B, C, S, S) in [0, 1] → the attention weights (B, layers, heads, T, T): how much each of T tokens, a
        row, took in of the others. The class token comes first, then the patches row by row."""
        weights: Tensor = self.body.attend(images * 2 - 1)[1]
        return weights

    def rollout(self, images: Tensor) -> Tensor:
        """Images (B, C, S, S) in [0, 1] → how much of each patch reached the answer, (B, h, w), summing to one: attention
        rollout (Abnar and Zuidema 2020)."""
        reached: Tensor = self.body.rollout(images * 2 - 1)
        return reached

    def feature_taps(self) -> list[Tap]:
        # where attention reads: what comes after the last block's attention reaches a class token no more
        return [Tap(f"body.blocks.{n}.norm1", block.norm1, self.body.plan) for n, block in enumerate(self.body.blocks)]

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        why = "transformers (Dosovitskiy et al. 2021, table 3)"
        return {
            "optimiser": ("adamw", "transformers learn by adaptive rates (Touvron et al. 2021, table 9)"),
            "lr": (1e-3, f"{why}: adaptive, and slower than for convolutions"),
            "weight_decay": (0.05, "transformers from nothing (Touvron et al. 2021, table 9)"),
            "warmup": (0.1, f"{why}: a rate that rises slowly"),
            "clip": (1.0, f"{why}: gradients clipped at norm 1"),
        }
