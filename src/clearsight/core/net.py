"""What computes: weights and a pure forward."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from torch import Tensor, nn

from clearsight.core.errors import InputError
from clearsight.core.task import Situation, Task

if TYPE_CHECKING:
    from clearsight.core.learner import Learner

Outputs = dict[str, Tensor]


@dataclass(frozen=True)
class Tap:
    """A place in a net where Grad-CAM may look, and how its activations become a map (B, C, h, w)."""

    name: str
    module: nn.Module
    reshape: Callable[[Tensor], Tensor] | None = None


class Net(nn.Module, ABC):
    """Weights and how they are used. Normalises inside, so that every net takes images in [0, 1]."""

    name: ClassVar[str]

    config: Mapping[str, Any]
    """What `build` was given, as plain JSON: with the task it rebuilds the net."""

    @classmethod
    @abstractmethod
    def build(cls, task: Task[Any], config: Mapping[str, Any]) -> Self:
        """A net for the task. Weights are random; `pretrained` fills them. Raises `InputError` on a bad config."""

    @abstractmethod
    def forward(self, images: Tensor) -> Outputs:
        """(B, C, S, S) in [0, 1] → the task's `outputs`, of fixed shapes whatever is in the pictures."""

    def feature_taps(self) -> list[Tap]:
        """Where Grad-CAM may look, deepest last; empty where no layer keeps the picture's plan."""
        return []

    @abstractmethod
    def learner(self, options: Mapping[str, Any]) -> Learner:
        """This net with its loss. `options` are the loss's settings: label_smoothing, class_weights …"""

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        """The training settings that this architecture was made for: field of the training options -> (value, why).
        They go before what the task suggests, and after what the user says."""
        return {}

    def load_pretrained(self, weights: str) -> str:
        """Fill the net from a local safetensors file, or from its library's download where `weights` is "download";
        returns what was loaded and what was not, in words. Raises `InputError` where the backbone did not load."""
        raise InputError(f"the net {self.name} has no pretrained weights: leave --weights out")

    def backbone_blocks(self) -> list[list[nn.Parameter]]:
        """The pretrained part in blocks, the one next to the input first: thawed one by one from the head down, each
        with a smaller learning rate than the one above it. By default one block."""
        whole = self.backbone_parameters()
        return [whole] if whole else []

    def backbone_parameters(self) -> list[nn.Parameter]:
        """The part that can come pretrained: frozen first, and moved by smaller steps. Empty where there is none."""
        return []
