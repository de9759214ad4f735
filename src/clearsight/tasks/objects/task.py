"""What the tasks share that find objects: which answers are kept, and what is shown."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import Field, model_validator
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Answered, final_arrays
from clearsight.core.reader import DataInfo
from clearsight.core.sample import Sample
from clearsight.core.task import Situation
from clearsight.tasks.objects.augment import CLOSING
from clearsight.tasks.objects.judging import ObjectMetric
from clearsight.tasks.objects.prediction import SHOWN, Objects
from clearsight.tasks.objects.preview import draw_targets
from clearsight.tasks.objects.selection import Selection
from clearsight.tasks.objects.suggest import UNFITTING, suggest
from clearsight.tasks.picture.canvas_task import CanvasTask

P = TypeVar("P", bound=Objects[Any])


class ObjectTask(CanvasTask[P], Generic[P]):
    """Objects, each of one of K classes, on a canvas that shows the photograph whole."""

    caution: ClassVar[str] = (
        "It finds only objects of the classes that it has learnt, and may miss those that are hidden."
    )
    adjustable: ClassVar[frozenset[str]] = frozenset({"floor", "iou", "soft", "keep", "thresholds"})
    usual: ClassVar[int] = 416
    closing: ClassVar[frozenset[str]] = CLOSING
    unfitting: ClassVar[Mapping[str, str]] = UNFITTING

    mark: ClassVar[str]
    """What marks an object in the data: "box"."""
    marks: ClassVar[str]
    """The field of a sample that holds them: "boxes"."""

    floor: float = Field(0.001, ge=0, le=1)  # scores below are no answer at all
    iou: float = Field(0.65, gt=0, le=1)  # boxes of a class that overlap by more are the same object; 1 keeps all
    soft: float = Field(0.0, ge=0)  # how gently repeated boxes are taken away; 0 takes them away altogether
    keep: int = Field(100, ge=1)  # most objects of an answer
    candidates: int = Field(1000, ge=1)  # most pairs of place and class that a net proposes
    thresholds: tuple[float, ...] = ()  # of each class, from which score on an object is shown; none: 0.3 for all

    @model_validator(mode="after")
    def _thresholds_for_all(self) -> Self:
        if len(self.thresholds) not in (0, len(self.labels)):
            raise ValueError(f"{len(self.labels)} classes need as many thresholds, or none")
        return self

    @classmethod
    def from_data(cls, info: DataInfo, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> Self:
        labels = tuple(info.classes(cls.marks))
        if not labels:
            raise InputError(
                f"there is nothing to learn: no picture has a {cls.mark}; annotate some, or name another --task"
            )
        return cls.for_photographs(labels, sizes, options)

    def suggest(self, situation: Situation) -> Mapping[str, tuple[Any, str]]:
        return suggest(situation)

    def selection(self) -> Selection:
        """Which of a net's candidates are answers."""
        return Selection(self.shape, self.keep, self.floor, self.iou, self.soft)

    def shown_from(self) -> tuple[float, ...]:
        """The score of each class from which an object is shown."""
        return self.thresholds or (SHOWN,) * len(self.labels)

    def draw_targets(self, picture: Any, targets: Mapping[str, Tensor], zoom: float) -> Any:
        return draw_targets(picture, targets, self.labels, zoom)

    def question(self, prediction: P) -> Callable[[dict[str, Tensor]], Tensor]:
        return lambda outputs: outputs["scores"][0, 0]  # of the surest candidate

    @abstractmethod
    def marked(self, sample: Sample) -> int:
        """How many objects are annotated on a photograph; 0 where nobody has looked."""

    @abstractmethod
    def metric(self) -> ObjectMetric[P]: ...

    def calibrated(self, answers: Iterable[Answered]) -> Self:
        metric, postprocess, marked = self.metric(), self.postprocess(), 0
        for answer in answers:
            finals = final_arrays(postprocess, answer.outputs, answer.frames, self.prediction.sized())
            metric.watch([self.wrap(each) for each in finals], answer.samples)
            marked += sum(map(self.marked, answer.samples))
        return self.model_copy(update={"thresholds": metric.thresholds()}) if marked else self
