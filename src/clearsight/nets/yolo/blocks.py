"""Convolutions of neck and head."""

from __future__ import annotations

from torch import Tensor, cat, nn


class Conv(nn.Sequential):
    """A convolution with batch norm and SiLU, (B, in, h, w) → (B, out, h / stride, w / stride)."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
            nn.SiLU(inplace=True),
        )


class Separable(nn.Sequential):
    """A depthwise convolution, then one across channels: most of a 3×3 or 5×5 convolution's reach for a fraction of its
    work (Howard et al. 2017, MobileNets)."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 5, stride: int = 1) -> None:
        super().__init__(Conv(inputs, inputs, kernel, stride, groups=inputs), Conv(inputs, outputs))


class Residual(nn.Module):
    """Two convolutions, the second with a large depthwise kernel, around which the input is added."""

    def __init__(self, channels: int, light: bool) -> None:
        super().__init__()
        first = Separable(channels, channels, 3) if light else Conv(channels, channels, 3)
        self.body = nn.Sequential(first, Separable(channels, channels, 5))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out


class CrossStage(nn.Module):
    """Half of the channels go through `depth` residual blocks, half around them (Wang et al. 2020, CSPNet)."""

    def __init__(self, inputs: int, outputs: int, depth: int, light: bool) -> None:
        super().__init__()
        half = outputs // 2
        self.around, self.through = Conv(inputs, half), Conv(inputs, half)
        self.blocks = nn.Sequential(*(Residual(half, light) for _ in range(depth)))
        self.out = Conv(2 * half, outputs)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.out(cat([self.around(x), self.blocks(self.through(x))], 1))
        return out


def harden(module: nn.Module) -> None:
    """Let every SiLU be a hard swish, which is nearly the same without an exponential (Howard et al. 2019, MobileNetV3, section
    5.2): a CPU works it out as it writes what a convolution made."""
    for name, child in module.named_children():
        if isinstance(child, nn.SiLU):
            setattr(module, name, nn.Hardswish(inplace=True))
        harden(child)
