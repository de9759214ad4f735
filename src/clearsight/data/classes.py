"""`--classes`: which classes of a data set stay, under which names.

Items, separated by commas or in a YAML or JSON file: `cat` stays, `wolf=dog` is called dog (and merges with what is
called so), `-junk` is left out. Where an item names a class that stays, only named and renamed ones do; else all the rest
stay too. Patterns such as `bird_*` stand for all classes they match; of several items for one class the last counts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from clearsight.core.errors import InputError
from clearsight.core.sample import VOID, Array, Boxes, ImageSource, Masks, Sample, printable
from clearsight.data.readers.names import count, few
from clearsight.ops.rle import Runs

if TYPE_CHECKING:
    from clearsight.data.open import Dataset

FILES = frozenset({".yaml", ".yml", ".json"})


@dataclass(frozen=True)
class Item:
    """One word on one class, or on those of a pattern. `new` is None where it is left out."""

    old: str
    new: str | None
    keeps: bool = False  # named to stay as it is

    def matches(self, label: str) -> bool:
        return label == self.old or fnmatchcase(label, self.old)


@dataclass(frozen=True)
class ClassChoice:
    """Changes a sample's labels, boxes and masks. A picture is left out where its only label is; one with several keeps
    the others, and may be left with none of them. Boxes and instances that are left out are not there, the pixels of a
    class that is left out of semantic masks are `VOID`."""

    items: tuple[Item, ...]
    several: bool
    table: dict[str, str | None] = field(default_factory=dict, compare=False)

    def __call__(self, sample: Sample) -> Sample | None:
        labels = sample.labels
        if labels:
            labels = tuple(dict.fromkeys(new for old in labels if (new := self.new(old)) is not None))
            if not labels and not self.several:
                return None
        boxes = sample.boxes and self._boxes(sample.boxes)
        masks = sample.masks and self._masks(sample.masks)
        if labels == sample.labels and boxes is sample.boxes and masks is sample.masks:
            return sample
        return replace(sample, labels=labels, boxes=boxes, masks=masks)

    def new(self, label: str) -> str | None:
        """What a class is called now; None where it is left out."""
        if label not in self.table:
            last = next((item for item in reversed(self.items) if item.matches(label)), None)
            rest = None if any(item.keeps for item in self.items) else label
            self.table[label] = rest if last is None else label if last.keeps else last.new
        return self.table[label]

    def _boxes(self, boxes: Boxes) -> Boxes:
        names = [self.new(label) for label in boxes.labels]
        kept = [row for row, name in enumerate(names) if name is not None]
        return boxes.rows(kept, tuple(name for name in names if name is not None))

    def _masks(self, masks: Masks) -> Masks:
        names = [self.new(label) for label in masks.labels]
        if masks.kind == "instances":
            rows = tuple(row for row, name in enumerate(names) if name is not None)
            left = tuple(name for name in names if name is not None)
            crowd = None if masks.crowd is None else masks.crowd[list(rows)]
            return replace(masks, load=Instances(masks, rows), labels=left, crowd=crowd)
        labels = tuple(dict.fromkeys(name for name in names if name is not None))
        indices = tuple(VOID if name is None else labels.index(name) for name in names)
        return replace(masks, load=Indices(masks, indices), labels=labels)


@dataclass(frozen=True)
class Instances:
    """Loads some of the instances."""

    masks: Masks
    rows: tuple[int, ...]

    def __call__(self) -> tuple[Runs, ...]:
        runs = self.masks.runs()
        return tuple(runs[row] for row in self.rows)

    def crossed(self) -> tuple[int, ...]:
        """The rows, of those loaded, whose outline crosses itself, where that is known."""
        found = set(getattr(self.masks.load, "crossed", tuple)())
        return tuple(place for place, row in enumerate(self.rows) if row in found)

    def places(self) -> tuple[str, ...]:
        """Where those loaded are written."""
        found = self.masks.places()
        return tuple(found[row] for row in self.rows)

    def files(self) -> tuple[ImageSource, ...]:
        """Those of all the masks."""
        return self.masks.files()


@dataclass(frozen=True)
class Indices:
    """Loads a semantic mask (H, W) with other indices; values beyond the classes stay."""

    masks: Masks
    indices: tuple[int, ...]

    def __call__(self) -> Array:
        return self.judged()[0]

    def judged(self) -> tuple[Array, Mapping[str, int]]:
        """The same, and how many pixels have which values outside the classes, where that is known."""
        old, beyond = self.masks.judged()
        new = np.array(old)
        for index, value in enumerate(self.indices):
            new[old == index] = value
        return new, beyond

    def files(self) -> tuple[ImageSource, ...]:
        """Those of the masks."""
        return self.masks.files()


def choose_classes(dataset: Dataset, text: str, *, strict: bool = True) -> Dataset:
    """The data set with the classes of `--classes`. What is left out is counted in its notes, where its length is known.

    `strict` is whether every item must name a class of this data set. Raises `InputError` for one that does not, and
    where no class is left.
    """
    labels = tuple(dict.fromkeys((*dataset.info.labels, *dataset.info.drawn)))
    items = _read(text, labels)
    if strict and labels:
        for item in items:
            if not any(map(item.matches, labels)):
                raise InputError(f"--classes: {dataset.name} has no class {item.old!r}{_instead(item.old, labels)}")
    choice = ClassChoice(items, dataset.info.several)
    kept, drawn = (
        tuple(dict.fromkeys(new for label in own if (new := choice.new(label)) is not None))
        for own in (dataset.info.labels, dataset.info.drawn)
    )
    if labels and not (kept or drawn):
        raise InputError(f"--classes {text}: no class of {dataset.name} is left")
    gone = [label for label in labels if choice.new(label) is None]
    splits, notes = _count(dataset, choice, gone) if gone else (dataset.info.splits, [])
    if not any(length is None or length > 0 for length in splits.values()):
        raise InputError(f"--classes {text}: no picture of {dataset.name} is left")
    info = replace(dataset.info, labels=kept, drawn=drawn, splits=splits, notes=(*dataset.info.notes, *notes))
    return replace(dataset, info=info, changes=(*dataset.changes, choice))


def _count(dataset: Dataset, choice: ClassChoice, gone: Sequence[str]) -> tuple[dict[str, int | None], list[str]]:
    """The lengths of the splits, and what is left out of them, class by class."""
    splits: dict[str, int | None] = {}
    out: dict[str, Counter[str]] = {label: Counter() for label in gone}
    void = False
    for split, length in dataset.info.splits.items():
        splits[split] = length
        if length is None:
            continue
        splits[split] = 0
        for sample in dataset.stream(split):
            left = choice(sample)
            splits[split] = (splits[split] or 0) + (left is not None)
            what = "picture" if left is None else "label"
            for thing, names in ((what, sample.labels), ("box", sample.boxes and sample.boxes.labels)):
                for name in names or ():
                    if name in out:
                        out[name][thing] += 1
            void = void or (sample.masks is not None and sample.masks.kind == "semantic")
            if sample.masks is not None and sample.masks.kind == "instances":
                for name in sample.masks.labels:
                    if name in out:
                        out[name]["mask"] += 1
    known = None not in dataset.info.splits.values()
    return splits, [f"class {name} left out{_amount(counted, known, void)}" for name, counted in out.items()]


def _amount(counted: Mapping[str, int], known: bool, void: bool) -> str:
    if not counted and void:
        return f": its pixels in the masks are void ({VOID})"
    if not counted:
        return ": no picture bears it" if known else ""
    plural = {"box": "boxes"}
    amounts = [f"{n:,} {plural[what]}" if n > 1 and what in plural else count(n, what) for what, n in counted.items()]
    return f": {', '.join(amounts)}"


def _read(text: str, labels: Sequence[str]) -> tuple[Item, ...]:
    """The items of the option, or of the file that it names."""
    path = Path(text).expanduser()
    if path.suffix.lower() not in FILES or text in labels:
        return _items(text.split(","), labels, "--classes")
    try:
        data = path.read_text(encoding="utf-8")
        content: Any = json.loads(data) if path.suffix.lower() == ".json" else yaml.safe_load(data)
    except OSError as error:
        raise InputError(
            f"--classes {printable(text)} cannot be read ({(error.strerror or str(error)).lower()})"
        ) from None
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise InputError(f"--classes {printable(text)} is damaged ({' '.join(str(error).split())})") from None
    where = f"--classes {printable(text)}"
    if isinstance(content, Mapping):
        if not all(new is None or new is False or isinstance(new, (str, int)) for new in content.values()):
            raise InputError(f"{where}: write old: new for each class, and old: null for one that is left out")
        out = (None, False)
        return tuple(
            Item(str(old), None if new in out else str(old) if new is True else str(new), new is True)
            for old, new in content.items()
        )
    if not isinstance(content, list) or not all(isinstance(item, (str, int, float)) for item in content):
        raise InputError(f"{where} must hold a list of classes, or old: new for each")
    return _items(map(str, content), labels, where)


def _items(texts: Iterable[str], labels: Sequence[str], where: str) -> tuple[Item, ...]:
    items = []
    for text in map(str.strip, texts):
        old, equals, new = (part.strip() for part in text.partition("="))
        if text in labels:  # a class may be called -1 or a=b
            items.append(Item(text, text, True))
        elif text.startswith("-") and text[1:].strip():
            items.append(Item(text[1:].strip(), None))
        elif equals and old and new:
            items.append(Item(old, new))
        elif text and not equals and text != "-":
            items.append(Item(text, text, True))
        else:
            raise InputError(f"{where}: {text!r} names no class; write cat, wolf=dog or -junk, separated by commas")
    if not items:
        raise InputError(f"{where} names no class")
    return tuple(items)


def _instead(name: str, labels: Sequence[str]) -> str:
    close = get_close_matches(name, labels, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; there is {few(list(labels), 8)}"
