"""What judging gives: figures with their meaning, the mistakes, and the contract of what judges."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Generic, Self, TypeVar

from clearsight.core.prediction import Prediction
from clearsight.core.sample import Sample

P = TypeVar("P", bound=Prediction)

WRITTEN = 1000
"""Mistakes written to a file, the worst: of a million numbers nearly every one is a little off."""


@dataclass(frozen=True)
class Mistake:
    """One sample the model got wrong, how badly (larger is worse), and in words what happened."""

    key: str
    badness: float
    text: str


@dataclass(frozen=True)
class Figure:
    """A figure in words: what people call it and what it means."""

    title: str
    about: str = ""
    share: bool = True  # shown in per cent
    said: str = ""  # of a share of pictures, what they are: "right", as in "97 % of 200 pictures right"


@dataclass(frozen=True)
class Result:
    """What an evaluation found, in a form that tables, reports and JSON can show without knowing the task."""

    headline: str  # the name in `values` that a model is judged by
    higher_is_better: bool
    values: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # name -> 95 % interval
    per_class: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # label -> {"f1": …, "support": …}
    figures: Mapping[str, Figure] = field(default_factory=dict)  # a name of `values` or of a row -> what it is in words
    weakest_by: str = ""  # the column of `per_class` that says which rows are weakest
    per: str = "class"  # what `per_class` has a row for, in the singular
    confusion: Sequence[Sequence[int]] | None = None  # rows are truth, columns the prediction, both in `labels`' order
    labels: Sequence[str] = ()
    mistakes: Sequence[Mistake] = ()  # worst first
    more_mistakes: int = 0  # how many more there were, in a result read from a file
    points: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)  # value -> (truth, found) pairs
    count: int = 0  # samples judged
    left_out: int = 0  # samples without the annotation that judging needs

    def figure(self, name: str) -> Figure:
        """A figure in words; one that nobody has described goes by its name."""
        return self.figures.get(name) or Figure(name.replace("_", " ").capitalize(), share=False)

    @property
    def score(self) -> float:
        """The headline's value."""
        return self.values[self.headline]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "headline": self.headline,
            "higher_is_better": self.higher_is_better,
            "count": self.count,
            "left_out": self.left_out,
            "values": dict(self.values),
            "intervals": {name: list(pair) for name, pair in self.intervals.items()},
            "per_class": {label: dict(row) for label, row in self.per_class.items()},
            "figures": {name: asdict(figure) for name, figure in self.figures.items()},
            "weakest_by": self.weakest_by,
            "per": self.per,
            "labels": list(self.labels),
            "confusion": None if self.confusion is None else [list(map(int, row)) for row in self.confusion],
            "mistakes": [{"key": m.key, "badness": m.badness, "text": m.text} for m in self.mistakes[:WRITTEN]],
            "more_mistakes": self.more_mistakes + len(self.mistakes[WRITTEN:]),
            "points": {name: [list(pair) for pair in pairs] for name, pairs in self.points.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        known = dict(data)
        known["intervals"] = {name: (low, high) for name, (low, high) in known["intervals"].items()}
        known["mistakes"] = [Mistake(**m) for m in known["mistakes"]]
        known["figures"] = {name: Figure(**figure) for name, figure in (known.get("figures") or {}).items()}
        points = known.get("points") or {}  # results of older versions have none
        known["points"] = {name: [(float(x), float(y)) for x, y in pairs] for name, pairs in points.items()}
        return cls(**known)


class Metric(ABC, Generic[P]):
    """Judges predictions against the original samples, in pixels of the photograph."""

    headline: ClassVar[str]
    higher_is_better: ClassVar[bool] = True

    @abstractmethod
    def update(self, predictions: Sequence[P], samples: Sequence[Sample]) -> None:
        """Take in some predictions and the samples they are of, in the same order."""

    @abstractmethod
    def score(self) -> float:
        """The headline alone, quickly: what training watches."""

    @abstractmethod
    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        """Everything, with bootstrap 95 % intervals from so many resamples over the pictures."""
