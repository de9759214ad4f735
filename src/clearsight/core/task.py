"""What is asked of a picture: the contract that every task fills and every verb stands on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from clearsight.core.errors import InputError
from clearsight.core.metric import Metric
from clearsight.core.prediction import Prediction
from clearsight.core.reader import DataInfo
from clearsight.core.sample import Array, Sample
from clearsight.ops.difference import largest_difference

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from clearsight.core.net import Net
    from clearsight.core.pipeline import Answered, Postprocess, Preprocess, Stages

P = TypeVar("P", bound=Prediction)


@dataclass(frozen=True)
class Situation:
    """What training settings are chosen by, beside the task itself."""

    count: int | None  # training pictures; None for a stream
    device: str  # "cpu", "cuda", "mps"
    weights: str | None  # pretrained weights at hand: a file, "download", or None
    recipe: str = "balanced"  # how much time to spend: "quick", "balanced", "best"
    bf16: bool = False  # the device multiplies in bfloat16 faster than in float32
    any_size: bool = False  # the net takes pictures of other sides than the task's


class Task(BaseModel, ABC, Generic[P]):
    """What is asked: labels, picture size, thresholds, temperature; no weights. Frozen; `model_dump` is its JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    """The key in model.json; never renamed."""
    needs: ClassVar[frozenset[str]]
    """The Sample fields it learns from."""
    outputs: ClassVar[Mapping[str, str]]
    """Keys and shapes that a Net of this task gives: {"logits": "B K"}."""
    prediction: ClassVar[type[Prediction]]
    """The typed prediction; its `finals` name what `postprocess` gives."""
    verbs: ClassVar[frozenset[str]]
    """The verbs that work for this task; the others refuse with a sentence."""

    nets: ClassVar[str] = ""
    """The task whose nets it takes; by default its own."""

    asked: ClassVar[str] = "labels"
    """What `labels` are, in the plural: names of classes, of tags, of numbers."""

    adjustable: ClassVar[frozenset[str]] = frozenset()
    """Fields that say how it answers, which may be other ones once training is over."""

    usual: ClassVar[int] = 32
    """Side of the pictures that its nets' cost is told for."""

    caution: ClassVar[str] = ""
    """What a person must know of its answers, in a sentence: the model card says it."""

    unfitting: ClassVar[Mapping[str, str]] = {}
    """Training options that mean nothing to it, each with the reason: refused where the user gives them."""

    closing: ClassVar[frozenset[str]] = frozenset({"mosaic", "mixup", "cutmix"})
    """The augmentations that end, with `--close`, before training does."""

    labels: tuple[str, ...]
    size: int  # side S of the square canvas, pixels; the longer one where it is no square
    channels: Literal[1, 3] = 3

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the canvas, pixels: a square, unless the task says otherwise."""
        return self.size, self.size

    def learnt_shape(self, side: int) -> tuple[int, int]:
        """Height and width of the pictures that training learns from, pixels, where their longer side is `side`
        (`--train-size`): those of the canvas where that is its own, else a square, unless the task says otherwise.
        Raises `InputError` where it cannot learn at that side."""
        return self.shape if side == self.size else (side, side)

    @classmethod
    @abstractmethod
    def from_data(cls, info: DataInfo, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> Self:
        """The task that a data set calls for. `sizes` are (height, width) of some of its pictures; `options` are the
        user's words for any of the task's fields."""

    @classmethod
    def suits(cls, info: DataInfo) -> bool:
        """Whether data that has the annotations it needs calls for it, where the user names no task."""
        return True

    def fitted(self, samples: Sequence[Sample]) -> Self:
        """This task with what it takes from the training samples' annotations before training; itself by default.
        Raises `InputError` where they cannot be learnt."""
        return self

    def after(self, parent: Task[Any]) -> Self:
        """This task for weights that were made for another one of its kind: with what they stand on (the scale of the
        numbers they answer with); itself by default."""
        return self

    @classmethod
    @abstractmethod
    def default_net(cls, size: int, situation: Situation) -> tuple[str, str]:
        """A net that suits pictures of this size, and why. What weights there are is not known yet."""

    @abstractmethod
    def suggest(self, situation: Situation) -> Mapping[str, tuple[Any, str]]:
        """Training settings that suit: field of the training options -> (value, why), used where the user said nothing."""

    def settled(self, suggested: Mapping[str, tuple[Any, str]]) -> Mapping[str, tuple[Any, str]]:
        """The settings that task and net suggest, without those that are not for this task."""
        return {name: pair for name, pair in suggested.items() if name not in self.unfitting}

    def loss_options(self, settings: Mapping[str, Any], samples: Sequence[Sample]) -> dict[str, Any]:
        """What `Net.learner` is given: the training settings, with whatever the loss needs to know of the data. Raises
        `InputError` on a loss that does not fit."""
        return dict(settings)

    def sample_weights(self, samples: Sequence[Sample]) -> Tensor | None:
        """How often each of the training samples (N,) is drawn, relative to the others, so that every class comes as
        often; None where the task knows no classes."""
        return None

    @abstractmethod
    def pipeline(self, train: bool, augment: Mapping[str, float] | None = None) -> Stages:
        """The stages for training, with the strength of each augmentation, or for judging."""

    @abstractmethod
    def preprocess(self) -> Preprocess:
        """Photo → canvas: one module for predict, evaluate and export."""

    @abstractmethod
    def postprocess(self) -> Postprocess:
        """Outputs → final arrays: one module for predict, evaluate and export."""

    def answering(self, net: Net) -> Module:
        """The net as it answers: itself by default; where the task averages views (test-time augmentation), a module
        that does. Predict, evaluate and export all ask here."""
        return net

    def scales(self) -> Mapping[str, Array]:
        """For final arrays that are not of the order of one, what is: differences are measured in it."""
        return {}

    def difference(self, one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
        """How far two answers' final arrays are apart, in units of which 1e-4 is a difference that nobody would notice:
        the largest of all values, by `scales`; inf where they cannot be compared."""
        return largest_difference(one, other, self.scales())

    def watched(self) -> Self:
        """This task as it answers while training looks: without what is in no figure, but fills memory; itself by default."""
        return self

    @abstractmethod
    def metric(self) -> Metric[P]:
        """A fresh judge."""

    @abstractmethod
    def question(self, prediction: P) -> Callable[[dict[str, Tensor]], Tensor] | None:
        """The scalar of the outputs (batch of one) behind this prediction, for explaining it; None where there is none."""

    def calibrated(self, answers: Iterable[Answered]) -> Self:
        """This task with thresholds or temperature fitted to what its net answered on held-out samples; itself by default.
        The answers are worked out as they are taken: outputs may be large, so only what is needed of them is kept."""
        return self

    def finals(self) -> tuple[str, ...]:
        """Names of the final arrays that `postprocess` gives: all of the prediction's by default. A prediction may do
        without some of them (whether a picture is rejected, where there is a threshold)."""
        return tuple(self.prediction.finals)

    def rejection_scores(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """From outputs (B, …) how surely each picture is of a kind that the model knows, (B,), higher is surer, by the
        name of the score; empty where the task can reject nothing."""
        return {}

    def rejecting(self, score: str | None, below: float | None) -> Self:
        """This task with a threshold: pictures whose score of that name lies below are rejected; None for none."""
        raise InputError(f"{self.name} cannot reject a picture")

    def wrap(self, final: Mapping[str, Array]) -> P:
        """One photograph's final arrays as a typed prediction."""
        return self.prediction.from_arrays(final, self.labels)  # type: ignore[return-value]

    def draw_targets(self, picture: Any, targets: Mapping[str, Tensor], zoom: float) -> Any:
        """A training picture, a Pillow image `zoom` times as large as its canvas, with what one row of a batch's targets
        says is on it; as it is by default."""
        return picture

    def draw(self, image: Any, prediction: P) -> Any:
        """The photograph with the prediction on it, a Pillow image."""
        return prediction.draw(image)
