"""What computes: weights and a pure forward."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
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


@dataclass(frozen=True)
class LabelAxis:
    """How the labels lie along the axis of a tensor that grows with them: `outer` times, one after the other, `before` rows
    of no label (the background, say), a row for each label and `after` more of none; each of them `inner` rows thick."""

    outer: int = 1
    before: int = 0
    after: int = 0
    inner: int = 1

    def length(self, labels: int) -> int:
        """How long the axis is for so many labels."""
        return self.outer * (self.before + labels + self.after) * self.inner

    def rows(self, labels: int, chosen: Tensor) -> Tensor:
        """The rows of the chosen ones (N,) of so many labels, and those of none: as many, and in the same order, for the
        same choice from other labels."""
        each = self.before + labels + self.after
        after = torch.arange(self.after) + self.before + labels
        places = torch.cat([torch.arange(self.before), chosen.long() + self.before, after])
        starts = torch.arange(self.outer)[:, None] * each + places
        return (starts[..., None] * self.inner + torch.arange(self.inner)).flatten()


class Net(nn.Module, ABC):
    """Weights and how they are used. Normalises inside, so that every net takes images in [0, 1]."""

    name: ClassVar[str]

    @property
    def pretrained_name(self) -> str | None:
        """The timm model whose weights its pretrained part takes; None where it has no such part."""
        name = self.config.get("model")
        return None if name is None else str(name)

    light: ClassVar[bool] = True
    """Whether it is made in no time, so that lists of nets may count what it costs."""

    answer_settings: str = ""
    """Settings of the task's answer that it was made for, as `--answer` takes them; what the user says goes before."""

    any_size: bool = False
    """Whether it takes pictures of other sides than the task's: what training with growing pictures needs."""

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

    def prepare(self, images: Iterable[Tensor]) -> None:
        """Take from training pictures what the net is not to learn: statistics, a whitening layer. Called once before a
        training from nothing, with some batches (B, C, S, S) in [0, 1] of about a thousand pictures."""

    @classmethod
    def own_size(cls, config: Mapping[str, Any]) -> int | None:
        """Side of the only pictures that its pretrained weights can take; None where they take others as well."""
        return None

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        """The training settings that this architecture was made for: field of the training options -> (value, why).
        They go before what the task suggests, and after what the user says."""
        return {}

    def load_pretrained(self, weights: str) -> str:
        """Fill the net from a local safetensors file, or from its library's download where `weights` is "download";
        returns what was loaded and what was not, in words. Raises `InputError` where the backbone did not load."""
        raise InputError(f"the net {self.name} has no pretrained weights: leave --weights out")

    def take_over(self, other: Net, asked: Task[Any], task: Task[Any]) -> str:
        """Fill the net with the weights of another of its kind, which was made for the task `asked`; `task` is its own.

        What depends on the number of labels, the output layer, goes by the labels' names: those that both have are
        taken over, new ones start anew, others are left out. Returns that in words. Raises `InputError` where another
        tensor is missing or of another shape.
        """
        longer = task.model_copy(update={"labels": (*task.labels, "one more")})
        state, more = other.state_dict(), type(self).build(longer, self.config).state_dict()
        both = [label for label in task.labels if label in asked.labels]
        here, there = (torch.tensor([labels.index(label) for label in both]) for labels in (task.labels, asked.labels))
        taken: dict[str, Tensor] = {}
        for name, value in self.state_dict().items():
            axes = [axis for axis, (a, b) in enumerate(zip(value.shape, more[name].shape, strict=True)) if a != b]
            given = state.get(name)
            if given is None or given.ndim != value.ndim or _without(given, axes) != _without(value, axes):
                shape = "missing" if given is None else f"{tuple(given.shape)}"
                raise InputError(
                    f"the weights are not for this net: {name} is {shape} and the net has {tuple(value.shape)}; "
                    "leave --size and --channels out, so that they stay as they were"
                )
            for axis in axes:
                layout = self.label_axis(name)
                lengths = layout.length(len(asked.labels)), layout.length(len(task.labels))
                if not both or (given.shape[axis], value.shape[axis]) != lengths:
                    # what depends on the number of labels but has no row for each of them starts anew
                    given = value
                    continue
                kept = given.index_select(axis, layout.rows(len(asked.labels), there)).to(value.dtype)
                given = value.clone().index_copy_(axis, layout.rows(len(task.labels), here), kept)
            taken[name] = given
        self.load_state_dict(taken)
        return _told(asked.labels, task.labels, "classes" if task.asked == "labels" else task.asked)

    def label_axis(self, name: str) -> LabelAxis:
        """How the labels lie in the tensor of this name that depends on their number: by default a row for each."""
        return LabelAxis()

    def backbone_blocks(self) -> list[list[nn.Parameter]]:
        """The pretrained part in blocks, the one next to the input first: thawed one by one from the head down, each
        with a smaller learning rate than the one above it. By default one block."""
        whole = self.backbone_parameters()
        return [whole] if whole else []

    def backbone_parameters(self) -> list[nn.Parameter]:
        """The part that can come pretrained: frozen first, and moved by smaller steps. Empty where there is none."""
        return []


def _without(value: Tensor, axes: Sequence[int]) -> list[int]:
    """The shape but for some axes."""
    return [size for axis, size in enumerate(value.shape) if axis not in axes]


def _told(old: Sequence[str], new: Sequence[str], what: str) -> str:
    """Which classes, or values, the output layer has from before."""
    fresh = [label for label in new if label not in old]
    gone = [label for label in old if label not in new]
    text = f"head: {len(new) - len(fresh)} of {len(new)} {what} taken over"
    for labels, kind in ((fresh, "new"), (gone, "left out")):
        if labels:
            named = ", ".join(labels[:5]) + (" …" if len(labels) > 5 else "")
            text += f", {len(labels)} {kind}: {named}"
    return text
