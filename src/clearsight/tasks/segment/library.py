"""Nets whose decoders are those of segmentation_models_pytorch, each on any backbone of timm's.

The library's own encoders are left alone: `nets.backbone` loads any weights of timm's from a local file, and normalises
inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor, nn

from clearsight.core.task import Task
from clearsight.nets.backbone import Backbone, Inputs, Model
from clearsight.nets.settings import Switch
from clearsight.tasks.segment.segmenter import LIGHT, Segmenter

STRIDES = (2, 4, 8, 16, 32)

Width = Annotated[int, Field(ge=16, le=4096, multiple_of=16), "a multiple of 16"]
Grouped = Annotated[int, Field(ge=32, le=4096, multiple_of=32), "a multiple of 32"]
"""Of channels that are normalised in 32 groups."""


class OnEncoder(Segmenter):
    """A decoder of the library's on a backbone's levels; a head learnt from alone reads the last level but one."""

    light = False
    decoder: nn.Module
    backbone: Backbone

    def __init__(
        self, task: Task[Any], config: Mapping[str, Any], backbone: str, inputs: Inputs, stride: int = 32
    ) -> None:
        levels = tuple(level for level in STRIDES if level <= stride)
        stand = Backbone.create(backbone, task.channels, inputs, levels, task.shape, stride=stride, optional=levels[:1])
        super().__init__(task, config, stand)

    @property
    def encoded(self) -> list[int]:
        """Channels as the library lists them: of the picture, of stride 2 (0 where there is no such level), and so on."""
        found = self.backbone.channels
        return [self.channels, *([] if self.backbone.strides[0] == 2 else [0]), *found]

    def complete(self, decoder: nn.Module, width: int, kernel: int, classes: int, deep: bool) -> None:
        """Take the decoder, with weights as the library begins with, and the heads for so many classes. It gives `width`
        channels; the head's convolution is of this size."""
        from segmentation_models_pytorch.base.initialization import initialize_decoder

        initialize_decoder(decoder)
        self.decoder = decoder
        self.head = nn.Conv2d(width, classes, kernel, padding=kernel // 2)
        self.deep = nn.ModuleList([nn.Conv2d(self.backbone.channels[-2], classes, 1)] if deep else [])

    def features(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        levels = self.backbone(images)
        finest = []
        if self.backbone.strides[0] != 2:  # transformers begin at stride 4: the library takes a map without channels
            half = (images.shape[-2] // 2, images.shape[-1] // 2)
            finest = [images.new_zeros(images.shape[0], 0, *half)]
        last = self.decoder([images, *finest, *levels])
        return last, [levels[-2]] if self.deep else []


class UNet(OnEncoder):
    """U-Net: up again beside what was seen.

    What is seen coarsely is enlarged step by step, beside what was seen at each size (Ronneberger et al. 2015).
    """

    name = "unet"

    def __init__(
        self,
        task: Task[Any],
        config: Mapping[str, Any],
        *,
        backbone: Model = "resnet34",
        inputs: Inputs = "own",
        width: Width = 256,
        deep: Switch = False,
    ) -> None:
        from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder

        super().__init__(task, config, backbone, inputs)
        widths = [width // 2**level for level in range(5)]
        self.complete(UnetDecoder(self.encoded, widths), widths[-1], 3, len(task.labels), deep)


class UNetPlusPlus(OnEncoder):
    """U-Net++: skips are nets too; slow.

    A U-Net whose skips are nets of their own (Zhou et al. 2018). Slow, as most of it works on large maps.
    """

    name = "unetplusplus"

    def __init__(
        self,
        task: Task[Any],
        config: Mapping[str, Any],
        *,
        backbone: Model = "resnet34",
        inputs: Inputs = "own",
        width: Width = 256,
        deep: Switch = False,
    ) -> None:
        from segmentation_models_pytorch.decoders.unetplusplus.decoder import UnetPlusPlusDecoder

        super().__init__(task, config, backbone, inputs)
        widths = [width // 2**level for level in range(5)]
        self.complete(UnetPlusPlusDecoder(self.encoded, widths), widths[-1], 3, len(task.labels), deep)


class DeepLabV3Plus(OnEncoder):
    """DeepLabV3+: dilated, of several reaches.

    Dilated convolutions of several reaches at stride 16, sharpened by what stride 4 saw (Chen et al. 2018).
    """

    name = "deeplabv3plus"

    def __init__(
        self,
        task: Task[Any],
        config: Mapping[str, Any],
        *,
        backbone: Model = "resnet50",
        inputs: Inputs = "own",
        width: Width = 256,
        deep: Switch = False,
    ) -> None:
        from segmentation_models_pytorch.decoders.deeplabv3.decoder import DeepLabV3PlusDecoder

        super().__init__(task, config, backbone, inputs, stride=16)
        decoder = DeepLabV3PlusDecoder(
            self.encoded, 5, width, (12, 24, 36), output_stride=16, aspp_separable=True, aspp_dropout=0.5
        )
        self.complete(decoder, width, 1, len(task.labels), deep)


class FPN(OnEncoder):
    """Feature pyramid, its levels summed.

    Levels of equal width, each enlarged to stride 4, and summed (Kirillov et al. 2019, Panoptic FPN).
    """

    name = "fpn"

    def __init__(
        self,
        task: Task[Any],
        config: Mapping[str, Any],
        *,
        backbone: Model = "resnet34",
        inputs: Inputs = "own",
        width: Grouped = 128,
        deep: Switch = False,
    ) -> None:
        from segmentation_models_pytorch.decoders.fpn.decoder import FPNDecoder

        super().__init__(task, config, backbone, inputs)
        decoder = FPNDecoder(self.encoded, pyramid_channels=2 * width, segmentation_channels=width)
        self.complete(decoder, width, 1, len(task.labels), deep)


class SegFormer(OnEncoder):
    """SegFormer: levels mixed and joined.

    Its decoder: each level mixed along its channels alone, enlarged to stride 4, and joined (Xie et al. 2021).
    """

    name = "segformer"

    def __init__(
        self,
        task: Task[Any],
        config: Mapping[str, Any],
        *,
        backbone: Model = "pvt_v2_b1",
        inputs: Inputs = "own",
        width: Width = 256,
        deep: Switch = False,
    ) -> None:
        from segmentation_models_pytorch.decoders.segformer.decoder import SegformerDecoder

        super().__init__(task, config, backbone, inputs)
        decoder = SegformerDecoder(self.encoded, segmentation_channels=width)
        self.complete(decoder, width, 1, len(task.labels), deep)


class UPerNet(OnEncoder):
    """UPerNet: parts' means, then a pyramid.

    Means over the picture's parts, then a feature pyramid, whose levels are joined at stride 4 (Xiao et al. 2018).
    """

    name = "upernet"
    # at its own width the decoder costs thirty times what a light backbone does, at a quarter of it twice as much
    on_cpu = f"backbone={LIGHT},width=64"

    def __init__(
        self,
        task: Task[Any],
        config: Mapping[str, Any],
        *,
        backbone: Model = "convnext_tiny",
        inputs: Inputs = "own",
        width: Width = 256,
        deep: Switch = True,
    ) -> None:
        from segmentation_models_pytorch.decoders.upernet.decoder import UPerNetDecoder

        super().__init__(task, config, backbone, inputs)
        self.complete(UPerNetDecoder(self.encoded, decoder_channels=width), width, 1, len(task.labels), deep)
