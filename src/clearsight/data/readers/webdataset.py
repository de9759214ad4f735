"""Tar shards in the layout of WebDataset: `train-000000.tar` with `0001.jpg`, `0001.cls`, `0001.json`, …, read in place.

Files that follow each other and share a name up to its first dot are one sample. Nothing is unpacked, and nothing is
ever unpickled. A split has no known length; its shards are its parts. Layout: https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.core.reader import SPLITS, DataInfo, Evidence, Location
from clearsight.core.sample import Sample, printable
from clearsight.data.readers.names import count, few, natural_order
from clearsight.data.readers.shards import class_names, find_shards
from clearsight.data.tar import DIGITS, Member, TarImage, members, read_at
from clearsight.data.tree import stamp

COLUMNS = frozenset({"label_column"})

LABELS = ("label", "labels", "class", "cls")
"""Keys of a `.json` that may hold the label, where --label-column names none."""

READ = ("cls", "json", "txt")
PICKLES = frozenset({"pickle", "pkl", "pyd", "pth", "pt"})

ENOUGH = 200_000
"""Samples whose headers are looked through before training, where the classes are known without."""

HEAD = 100
"""Samples of a shard whose labels are read to see what they are like, where the classes are known."""

MOST = 2**20
"""Bytes that a label, a caption or a `.json` may have."""

Group = Mapping[str, Member]
"""The files of a sample by their ending, in small letters."""


@dataclass(frozen=True)
class Shard:
    """One tar of a split: a part in the sense of `core.reader.Part`."""

    path: Path
    name: str  # relative to the folder of the set
    names: tuple[str, ...] | None  # the classes that integers stand for
    label_key: str | None  # key of a `.json` that holds the label

    @property
    def nbytes(self) -> int:
        return self.path.stat().st_size

    def samples(self) -> Iterator[Sample]:
        """The samples in their order; groups without a picture are passed over."""
        with _opened(self.path) as file:
            for group in _groups(file, self.path):
                picture = _picture(group)
                if picture is not None:
                    yield self.sample(file, group, picture)

    def sample(self, file: BinaryIO, group: Group, picture: Member) -> Sample:
        """A sample with its annotations read."""
        labels, caption, extra = self.annotations(file, group)
        image = TarImage(self.path, picture.name, picture.offset, picture.size)
        key = printable(f"{self.name}/{picture.name.removeprefix('./')}")
        return Sample(key, image, labels=labels, caption=caption, extra=extra)

    def annotations(self, file: BinaryIO, group: Group) -> tuple[tuple[str, ...] | None, str | None, dict[str, Any]]:
        """Labels, caption and columns: the label is in `.cls`, else in `.json`, else `.txt` is a class's name."""
        texts = {ending: self._text(file, group[ending]) for ending in READ if ending in group}
        extra = self._json(texts["json"], group["json"]) if "json" in texts else {}
        keys = [self.label_key] if self.label_key else [key for key in LABELS if key in extra]
        said = extra.pop(keys[0], None) if keys else None
        labels: tuple[str, ...] | None = None
        if "cls" in texts and not self.label_key:
            labels = (self._label(texts["cls"], group["cls"], index=True),)
        elif said is not None:
            listed = said if isinstance(said, list) else [said]
            labels = tuple(self._label(value, group["json"]) for value in listed)
        elif "txt" in texts and len(texts) == 1 and texts["txt"]:
            labels = (self._label(texts["txt"], group["txt"]),)
        caption = texts["txt"] if "txt" in texts and len(texts) > 1 else None
        return labels, caption, {key: v for key, v in extra.items() if isinstance(v, str | int | float | bool)}

    def _label(self, value: Any, member: Member, index: bool = False) -> str:
        """A class's name, by its number where it is one; text that is digits is a number in a `.cls` alone."""
        where = f"{printable(str(self.path))}: {printable(member.name)}"
        if index and value.isdecimal():
            if len(value) > DIGITS:
                raise InputError(f"{where} holds a number of {len(value):,} digits, no class's; copy or make it again")
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
            raise InputError(f"{where} holds {value!r} for a label; a class's number or name is needed")
        if self.names is None:
            return printable(str(value))
        if isinstance(value, int) and 0 <= value < len(self.names):
            return self.names[value]
        if value in self.names:
            return str(value)
        raise InputError(f"{where} says class {value!r}, but {len(self.names)} classes are named beside the shards")

    def _text(self, file: BinaryIO, member: Member) -> str:
        if member.size > MOST:
            where = f"{printable(str(self.path))}: {printable(member.name)}"
            raise InputError(f"{where} has {member.size:,} bytes, too many for a label")
        return read_at(file, member.offset, member.size).decode("utf-8", "replace").strip()

    def _json(self, text: str, member: Member) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
        raise InputError(f"{printable(str(self.path))}: {printable(member.name)} is no JSON object; mend it")


@dataclass(frozen=True)
class _Survey:
    """What is in a shard, or in several."""

    samples: int = 0
    labelled: int = 0
    several: bool = False  # some sample has not just one label
    labels: frozenset[str] = frozenset()  # of the samples whose labels were read
    columns: frozenset[str] = frozenset()
    bare: tuple[str, ...] = ()  # groups without a picture
    ignored: tuple[tuple[str, int], ...] = ()  # endings that are not read, and how often

    def __add__(self, other: _Survey) -> _Survey:
        ignored = Counter(dict(self.ignored))
        ignored.update(dict(other.ignored))
        return _Survey(
            self.samples + other.samples,
            self.labelled + other.labelled,
            self.several or other.several,
            self.labels | other.labels,
            self.columns | other.columns,
            self.bare + other.bare,
            tuple(ignored.items()),
        )


def sniff(location: Location) -> Evidence | None:
    """Sure where a folder, a pattern with braces or a path names tars, the first of which has a picture."""
    found = find_shards(location.path)
    if found.packed and not found.paths:
        return Evidence(0.2, f"packed tars: {few([path.name for path in found.packed])}")
    if not found.paths:
        return None
    with suppress(InputError), _opened(found.paths[0]) as file:
        if all(_picture(group) is None for group in _groups(file, found.paths[0])):
            return None
    return Evidence(0.9, f"{count(len(found.paths), 'tar shard')} of {', '.join(found.splits)}")


def info(location: Location) -> DataInfo:
    """Splits and classes. Where no file beside the shards names the classes, every label is read to learn them, which
    skips the pictures. Raises `InputError` for a shard that is no tar, damaged or cut short."""
    found = find_shards(location.path)
    found.check()
    notes = list(found.notes)
    names, source = class_names(found.root)
    total, looked = _Survey(), 0
    everything = [shard for split in found.splits for shard in parts(location, split)]
    for shard in everything:
        if names is not None and total.samples >= ENOUGH:
            notes.append(f"headers of the first {looked} of {len(everything)} shards looked through")
            break
        total, looked = total + _survey(shard, stamp(shard.path)), looked + 1
    if not total.samples:
        raise InputError(f"{printable(str(location.path))} holds tars without a picture; see docs/formats.md")
    if names is None and total.labels:
        notes.append(
            f"no classes.txt beside the shards: the labels of all {total.samples:,} samples were read to learn the "
            f"{len(total.labels)} classes"
        )
    elif names is not None:
        notes.append(f"{len(names)} classes by {source}")
    notes += _notes(total)
    labels = names if names is not None else natural_order(total.labels)
    annotated = frozenset({"labels"} if total.labelled else ())
    splits = {split: None for split in SPLITS if split in found.splits}
    columns = tuple(sorted(total.columns))
    return DataInfo("webdataset", splits, labels, annotated, columns, tuple(notes), total.several)


def read(location: Location, split: str) -> Iterator[Sample]:
    """The samples of a split, shard by shard in natural order."""
    for part in parts(location, split):
        yield from part.samples()


def parts(location: Location, split: str) -> Sequence[Shard]:
    """The shards of a split in natural order."""
    found = find_shards(location.path)
    names, _ = class_names(found.root)
    key = location.label_column
    return [Shard(path, found.shown(path), names, key) for path in found.splits.get(split, ())]


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise InputError(f"{printable(str(path))} cannot be read ({error.strerror or error})") from None


def _groups(file: BinaryIO, path: Path) -> Iterator[dict[str, Member]]:
    """The files of one sample after another. Hidden files are no part of any."""
    before, group = "", dict[str, Member]()
    for member in members(file, path):
        folder, _, base = member.name.rpartition("/")
        stem, _, ending = base.partition(".")
        if not stem:
            continue
        here = f"{folder}/{stem}"
        if here != before and group:
            yield group
            group = {}
        before = here
        group[ending.lower()] = member
    if group:
        yield group


def _picture(group: Group) -> Member | None:
    """The picture of a sample: the first file whose whole ending is a picture's (`0001.jpg`, not `0001.seg.png`)."""
    return next((member for ending, member in group.items() if "." not in ending and is_picture(f"x.{ending}")), None)


@lru_cache(maxsize=100_000)
def _survey(shard: Shard, _stamp: tuple[int, int]) -> _Survey:
    """What a shard holds. All labels are read where no file names the classes, else a few."""
    samples = labelled = 0
    labels: set[str] = set()
    columns: set[str] = set()
    several, bare, ignored = False, [], Counter[str]()
    with _opened(shard.path) as file:
        for group in _groups(file, shard.path):
            picture = _picture(group)
            if picture is None:
                bare.append(printable(f"{shard.name}/{next(iter(group.values())).name}"))
                continue
            samples += 1
            ignored.update(ending for ending, member in group.items() if ending not in READ and member is not picture)
            if shard.names is None or samples <= HEAD:
                said, _, extra = shard.annotations(file, group)
                labels.update(said or ())
                columns.update(extra)
                several |= said is not None and len(said) != 1
                labelled += said is not None
    return _Survey(
        samples, labelled, several, frozenset(labels), frozenset(columns), tuple(bare), tuple(ignored.items())
    )


def _notes(found: _Survey) -> Iterator[str]:
    if found.bare:
        yield f"{count(len(found.bare), 'sample')} without a picture, left out: {few(found.bare)}"
    for ending, number in sorted(found.ignored):
        why = "never unpickled" if ending.rpartition(".")[2] in PICKLES else "not read"
        yield f"{count(number, 'file')} ending .{printable(ending)}, {why}"
