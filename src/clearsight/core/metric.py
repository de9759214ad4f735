"""What judging gives: figures with their meaning, the mistakes, and the contract of what judges."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Generic, Self, TypeVar

from clearsight.core.image import Pixels
from clearsight.core.prediction import Prediction
from clearsight.core.sample import Sample
from clearsight.ops.rle import Runs

P = TypeVar("P", bound=Prediction)

WRITTEN = 1000
"""Mistakes written to a file, the worst: of a million numbers nearly every one is a little off."""


@dataclass(frozen=True)
class Mark:
    """A place on a mistake's photograph: where something is, or where the model said so."""

    box: tuple[float, float, float, float]  # x1, y1, x2, y2 in photo pixels
    truth: bool  # annotated; else answered
    mask: Runs | None = field(default=None, compare=False)  # its pixels, where they are known; not written to files

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"box": list(self.box), "truth": self.truth}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        x1, y1, x2, y2 = map(float, data["box"])
        return cls((x1, y1, x2, y2), bool(data["truth"]))


@dataclass(frozen=True)
class Mistake:
    """Something the model got wrong, how badly (larger is worse), and in words what happened. One picture may have several
    where a picture has several answers."""

    key: str
    badness: float
    text: str
    kind: str = ""  # what kind of mistake it is, in the plural, where there are kinds: "Missed objects"
    marks: Sequence[Mark] = ()  # where in the picture, if not all over it

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        kind = {"kind": self.kind} if self.kind else {}
        marks = {"marks": [mark.to_dict() for mark in self.marks]} if self.marks else {}
        return {"key": self.key, "badness": self.badness, "text": self.text, **kind, **marks}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**{**data, "marks": tuple(map(Mark.from_dict, data.get("marks") or ()))})


def worst(mistakes: Sequence[Mistake], most: int) -> list[Mistake]:
    """At most so many of the mistakes, in their order: of each kind as many as of the others, while there are some."""
    if len(mistakes) <= most:
        return list(mistakes)
    turn: Counter[str] = Counter()
    turns = []
    for place, mistake in enumerate(mistakes):
        turns.append((turn[mistake.kind], place))
        turn[mistake.kind] += 1
    return [mistakes[place] for place in sorted(place for _, place in sorted(turns)[:most])]


@dataclass(frozen=True)
class Curves:
    """Lines of one figure, such as precision over recall for each class."""

    title: str
    across: str  # what the horizontal axis is
    up: str  # what the vertical axis is
    lines: Mapping[str, Sequence[tuple[float, float]]]  # name -> points; the first one matters most

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        lines = {name: [list(point) for point in points] for name, points in self.lines.items()}
        return {"title": self.title, "across": self.across, "up": self.up, "lines": lines}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        lines = {name: [(float(x), float(y)) for x, y in points] for name, points in data["lines"].items()}
        return cls(data["title"], data["across"], data["up"], lines)


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
    confusion: Sequence[Sequence[int]] | None = None  # rows are truth, columns the prediction, as in `confused`
    labels: Sequence[str] = ()
    background: str = ""  # what the last row and column of `confusion`, beyond the labels, are called: nothing is there
    confused_in: str = ""  # what the counts of `confusion` are where not single things: "pixels in a thousand"
    mistakes: Sequence[Mistake] = ()  # worst first
    more_mistakes: int = 0  # how many more there were, in a result read from a file
    points: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)  # value -> (truth, found) pairs
    curves: Sequence[Curves] = ()
    breakdown: Mapping[str, Mapping[str, float]] = field(
        default_factory=dict
    )  # kind of error -> {"count": …, "cost": …}
    count: int = 0  # samples judged
    left_out: int = 0  # samples without the annotation that judging needs

    def figure(self, name: str) -> Figure:
        """A figure in words; one that nobody has described goes by its name."""
        return self.figures.get(name) or Figure(name.replace("_", " ").capitalize(), share=False)

    @property
    def score(self) -> float:
        """The headline's value."""
        return self.values[self.headline]

    @property
    def confused(self) -> tuple[str, ...]:
        """The names of the rows and columns of `confusion`."""
        return (*self.labels, self.background) if self.background else tuple(self.labels)

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
            "background": self.background,
            "confused_in": self.confused_in,
            "confusion": None if self.confusion is None else [list(map(int, row)) for row in self.confusion],
            "mistakes": [mistake.to_dict() for mistake in worst(self.mistakes, WRITTEN)],
            "more_mistakes": self.more_mistakes + len(self.mistakes[WRITTEN:]),
            "points": {name: [list(pair) for pair in pairs] for name, pairs in self.points.items()},
            "curves": [curves.to_dict() for curves in self.curves],
            "breakdown": {kind: dict(row) for kind, row in self.breakdown.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        known = dict(data)
        known["intervals"] = {name: (low, high) for name, (low, high) in known["intervals"].items()}
        known["mistakes"] = [Mistake.from_dict(m) for m in known["mistakes"]]
        known["figures"] = {name: Figure(**figure) for name, figure in (known.get("figures") or {}).items()}
        known["curves"] = [Curves.from_dict(one) for one in known.get("curves") or ()]  # older results have none
        points = known.get("points") or {}
        known["points"] = {name: [(float(x), float(y)) for x, y in pairs] for name, pairs in points.items()}
        return cls(**known)


class Metric(ABC, Generic[P]):
    """Judges predictions against the original samples, in pixels of the photograph."""

    headline: ClassVar[str]
    higher_is_better: ClassVar[bool] = True

    @abstractmethod
    def update(self, predictions: Sequence[P], samples: Sequence[Sample]) -> None:
        """Take in some predictions and the samples they are of, in the same order."""

    def watch(self, predictions: Sequence[P], samples: Sequence[Sample]) -> None:
        """The same for `score` alone, without what only `result` needs, which then is not asked for: training looks often."""
        self.update(predictions, samples)

    @abstractmethod
    def score(self) -> float:
        """The headline alone, quickly: what training watches."""

    def judged_by(self) -> str:
        """The figure that `score` is: `headline`, unless what was taken in calls for another."""
        return self.headline

    def beside(self, key: str, pixels: Pixels) -> Any:
        """The photograph uint8 (H, W, 3) of a mistake beside what is annotated and what was found, a Pillow image; None where
        the mistake's marks say it all."""
        return None

    @abstractmethod
    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        """Everything, with bootstrap 95 % intervals from so many resamples over the pictures."""
