"""What every check is given and what it answers.

A check is a function `check(context: GateContext) -> Iterable[Finding]`, listed in `core.registry.CHECKS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from clearsight.core.errors import BadImage
from clearsight.core.reader import DataInfo
from clearsight.core.sample import Sample
from clearsight.data.checks.mask_facts import MaskFacts
from clearsight.data.counting import SHOWING, Counted, classes_of, counted

Level = Literal["error", "warning", "note"]
"""An error would give a wrong model or a wrong figure; a warning a worse one; a note is good to know."""

FEW = 0.01
"""The share of a set up to which a fault is only warned of: real collections have a few of everything."""


@dataclass(frozen=True)
class Finding:
    """One thing that a check has found."""

    level: Level
    check: str  # its name in the registry
    message: str  # one sentence, with what to do
    items: tuple[str, ...] = ()  # every picture or class concerned, by name

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"level": self.level, "check": self.check, "message": self.message, "items": list(self.items)}


@dataclass(frozen=True)
class GateContext:
    """All that the checks look at: each file has been read once, and closed again."""

    info: DataInfo
    samples: Mapping[str, Sequence[Sample]]  # by split
    digests: Mapping[str, str]  # by key, of the pictures that can be read
    sizes: Mapping[str, tuple[int, int]]  # (height, width) by key, of the same pictures
    bad: Sequence[BadImage] = ()
    full: bool = False  # pixels were decoded too, not only headers
    max_bad: float = FEW  # share of unreadable pictures beyond which training refuses
    partly: frozenset[str] = frozenset()  # splits that are streams, of which only some pictures were looked at
    group: str | None = None  # the column of `Sample.extra` whose equal values belong together
    masks: Mapping[str, MaskFacts | BadImage] = field(default_factory=dict)  # by key, where they were loaded too
    contents: Mapping[str, str] = field(default_factory=dict)  # by key, hashes of all that samples are

    @property
    def count(self) -> int:
        """Pictures of all splits, readable or not."""
        return sum(len(samples) for samples in self.samples.values())

    def readable(self, split: str) -> Iterator[Sample]:
        """The samples of a split whose picture can be read."""
        return (sample for sample in self.samples[split] if sample.key in self.digests)

    @property
    def counted(self) -> Counted | None:
        """What is counted of this data set: pictures where whole ones are labelled, else boxes, else instances, else pictures
        that show a class."""
        kind = counted(self.info.annotated)
        return SHOWING if kind is not None and kind.field == "masks" and not self.info.instances else kind

    def classes_of(self, sample: Sample, field: str) -> tuple[str, ...] | None:
        """`counting.classes_of`, which for semantic masks is what was seen when they were loaded; None where masks were loaded
        and cannot be used."""
        seen = self.masks.get(sample.key)
        if field == "masks" and isinstance(seen, BadImage):
            return None
        if field == "masks" and isinstance(seen, MaskFacts) and sample.masks and sample.masks.kind == "semantic":
            return seen.classes
        return classes_of(sample, field)

    def pixels(self) -> dict[str, float]:
        """The share of each class in all pixels of semantic masks that have one; nothing where none was loaded."""
        totals: dict[str, int] = {}
        for facts in self.masks.values():
            for label, number in facts.pixels.items() if isinstance(facts, MaskFacts) else ():
                totals[label] = totals.get(label, 0) + number
        whole = sum(totals.values())
        return {label: number / whole for label, number in totals.items()} if whole else {}

    def counts(self) -> dict[str, dict[str, int]]:
        """Of the readable pictures by split and class: how many bear the label, or how many boxes or instances there are.
        Every class of the data set is named in every split."""
        field = self.counted.field if self.counted else "labels"
        table = {}
        for split in self.samples:
            row = dict.fromkeys(self.info.classes(field), 0)
            for sample in self.readable(split):
                for label in self.classes_of(sample, field) or ():
                    row[label] = row.get(label, 0) + 1
            table[split] = row
        return table


def level_of(count: int, total: int) -> Level:
    """How bad it is that so many of a set have a fault."""
    return "error" if count > FEW * total else "warning"


def number(count: int, thing: str, things: str = "") -> str:
    """ "1 picture", "1,200 pictures"."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def verb(count: int, one: str, many: str) -> str:
    """The form of a verb that agrees with a count."""
    return one if count == 1 else many
