"""Any of timm's models as a backbone: images in, feature maps of several strides out, normalised inside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, Self

import torch
from torch import Tensor, nn

from clearsight.core.errors import InputError
from clearsight.core.net import Net, Tap
from clearsight.nets import timm as adapter

Model = Annotated[str, "the name of one of timm's models"]
Inputs = Literal["own", "imagenet", "symmetric"]
"""What the weights expect of pixels in [0, 1]: what timm says of the model; ImageNet's mean and deviation; [-1, 1]."""

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Backbone(nn.Module):
    """Images (B, C, H, W) in [0, 1], H and W multiples of the largest stride, → a list of feature maps
    (B, channels[i], H / strides[i], W / strides[i]), the finest first.

    The layers behind the deepest map are dropped, the classifier among them, so that all that is here is learnt.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, name: str, model: nn.Module, levels: Sequence[int], channels: int, inputs: Inputs) -> None:
        super().__init__()
        self.name = name
        whole = set(model.state_dict())
        found: Any = model
        kept = [_deepest(found, name, stride, levels) for stride in levels]
        self.channels = [int(found.feature_info[index]["num_chs"]) for index in kept]
        self.strides = list(levels)
        self.indices: list[int] = list(found.prune_intermediate_layers(kept, prune_norm=True))
        self.model = found
        self.tail = {*(whole - found.state_dict().keys()), *(f"{head}." for head in adapter.head_names(found))}
        # places that Grad-CAM can name: every model's maps leave in the same layout here
        self.levels = nn.ModuleList(nn.Identity() for _ in levels)
        mean, std = _normalisation(found, channels, inputs)
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    @classmethod
    def create(
        cls,
        name: str,
        channels: int,
        inputs: Inputs = "own",
        levels: Sequence[int] = (8, 16, 32),
        shape: tuple[int, int] | None = None,
        *,
        stride: int = 32,
        optional: Sequence[int] = (),
    ) -> Self:
        """The timm model of that name with random weights, for pictures of so many channels. `levels` are the strides
        wanted, ascending, those that are `optional` only where there are some; `shape` is (H, W), for models whose layers
        depend on it. With a `stride` of 8 or 16 the last maps are no coarser: later convolutions are dilated in place of
        shrinking. Raises `InputError` where there is no such model, or it has no maps of these strides."""
        dilated = {} if stride == 32 else {"output_stride": stride}
        model: Any = adapter.create(name, 0, channels, shape or 224, **dilated)
        there = {int(info["reduction"]) for info in getattr(model, "feature_info", [])}
        kept = [level for level in levels if level in there or level not in optional]
        return cls(name, model, kept, channels, inputs)

    def forward(self, images: Tensor) -> list[Tensor]:
        model: Any = self.model
        maps = model.forward_intermediates(
            (images - self.mean) / self.std, indices=self.indices, output_fmt="NCHW", intermediates_only=True
        )
        return [level(each) for level, each in zip(self.levels, maps, strict=True)]

    def load(self, weights: str) -> str:
        """Fill the backbone from a local safetensors file, or from timm's download where `weights` is "download"; what was
        loaded and what was left out, in words. Raises `InputError` where a tensor of the backbone is missing."""
        state = adapter.read_weights(weights, self.name)
        source = f"timm's {self.name}" if weights == "download" else weights
        report = adapter.load_weights(self.model, state, source)
        text = f"backbone: {len(report.loaded)} tensors loaded from {source}"
        tail = [key for key in report.unused if key.startswith(tuple(self.tail))]
        rest = [key for key in report.unused if key not in tail]
        if tail:
            text += f"; its classifier ({', '.join(_modules(tail))}) left out"
        if rest:
            text += f"; {len(rest)} of the file's were not used: {', '.join(rest[:4])}"
        return text

    def blocks(self) -> list[list[nn.Parameter]]:
        """Its parameters in timm's own blocks, the one next to the input first."""
        return adapter.blocks(self.model, list(self.model.parameters()))

    def taps(self, prefix: str) -> list[Tap]:
        """Where Grad-CAM may look, deepest last; `prefix` is this module's name in the net."""
        return [Tap(f"{prefix}.levels.{number}", level) for number, level in enumerate(self.levels)]


class OnBackbone(Net):
    """A net that stands on a backbone of timm's, which is its pretrained part; None where it has a body of its own."""

    backbone: Backbone | None

    @property
    def pretrained_name(self) -> str | None:
        return None if self.backbone is None else self.backbone.name

    def load_pretrained(self, weights: str) -> str:
        return super().load_pretrained(weights) if self.backbone is None else self.backbone.load(weights)

    def backbone_parameters(self) -> list[nn.Parameter]:
        return [] if self.backbone is None else list(self.backbone.parameters())

    def backbone_blocks(self) -> list[list[nn.Parameter]]:
        return [] if self.backbone is None else self.backbone.blocks()

    def feature_taps(self) -> list[Tap]:
        return [] if self.backbone is None else self.backbone.taps("backbone")


def _deepest(model: Any, name: str, stride: int, levels: Sequence[int]) -> int:
    """Which of the model's feature maps is the last of a stride. Raises `InputError` where there is none."""
    able = hasattr(model, "forward_intermediates") and hasattr(model, "prune_intermediate_layers")
    there = [int(info["reduction"]) for info in getattr(model, "feature_info", [])] if able else []
    if stride not in there:
        wanted = " and ".join(filter(None, [", ".join(map(str, levels[:-1])), str(levels[-1])]))
        has = f"only at {', '.join(map(str, sorted(set(there))))}" if there else "none"
        raise InputError(
            f"timm's {name} has no feature maps at strides {wanted} ({has}): "
            "give a backbone that has, such as mobilenetv3_large_100, resnet50 or convnext_tiny"
        )
    return max(index for index, reduction in enumerate(there) if reduction == stride)


def _normalisation(model: nn.Module, channels: int, inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Mean and deviation (1, C, 1, 1) of images in [0, 1]."""
    if inputs == "own":
        return adapter.normalisation(model, channels)
    mean, std = (torch.tensor(v) for v in (IMAGENET if inputs == "imagenet" else ((0.5,) * 3, (0.5,) * 3)))
    if len(mean) != channels:
        mean, std = mean.mean().expand(channels), std.mean().expand(channels)
    return mean.reshape(1, channels, 1, 1).clone(), std.reshape(1, channels, 1, 1).clone()


def _modules(keys: Iterable[str]) -> list[str]:
    """The modules that tensors belong to, each once."""
    return sorted({key.rpartition(".")[0] for key in keys})
