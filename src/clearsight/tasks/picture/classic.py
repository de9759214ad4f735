"""The small classic nets as classifiers."""

from __future__ import annotations

from torch import nn

from clearsight.core.net import Tap
from clearsight.nets import classic
from clearsight.tasks.picture.plain import PlainNet


class ClassicNet(PlainNet):
    """Layers one after the other."""

    def feature_taps(self) -> list[Tap]:
        layers = dict(self.body.named_children())
        return [Tap(f"body.{name}", layer) for name, layer in layers.items() if isinstance(layer, nn.Conv2d)]


class FeedForward(ClassicNet):
    """Fully connected layers on the pixels."""

    name = "feedforward"
    make = staticmethod(classic.feedforward)


class LeNet(ClassicNet):
    """Two 5×5 convolutions, 120-84-classes."""

    name = "lenet"
    make = staticmethod(classic.lenet)


class Conv32(ClassicNet):
    """One convolution (32), 64 hidden units."""

    name = "conv32"
    make = staticmethod(classic.conv32)


class Conv32And64(ClassicNet):
    """Two convolutions (32, 64), 64 units."""

    name = "conv32-64"
    make = staticmethod(classic.conv32_64)


class TwoConv(ClassicNet):
    """Two convolutions (32, 64), 128 units."""

    name = "twoconv"
    make = staticmethod(classic.twoconv)
