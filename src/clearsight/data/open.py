"""From what a user names, a path or a data set, to a `Dataset` that any verb can read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.registry import find, names
from clearsight.core.sample import Sample, printable
from clearsight.data.changes import Change, changed
from clearsight.data.classes import choose_classes
from clearsight.data.groups import group_by
from clearsight.data.readers.names import few
from clearsight.data.sample_stream import SampleStream
from clearsight.data.sources import SOURCES, Source, fetch, known
from clearsight.data.split_list import Listed, list_splits

ENDINGS = ("", ".zip", ".tar.gz", ".tgz", ".csv", ".tsv", ".jsonl", ".parquet", ".json", ".xml")
"""How a data set of some name may lie below a data root."""

EMBEDDED = ("digits", "shapes")
"""Sets that come with the package, for suggestions; it is their readers that know them by name."""

CLEAR = 0.02
"""By how much the surest reader must be surer than the next."""


@dataclass(frozen=True)
class Dataset:
    """A data set opened: what it is called, where it lies, who reads it, what it holds."""

    name: str
    location: Location
    format: str  # the reader's name
    info: DataInfo
    changes: tuple[Change, ...] = ()  # what options make of each sample
    group: str | None = None  # the column of `Sample.extra` whose equal values stay together
    listed: Mapping[str, str] | None = None  # key -> split, in place of the splits that the reader knows
    own_splits: tuple[str, ...] = ()  # those, where they are replaced

    def samples(self, split: str) -> list[Sample]:
        """All samples of a split, pictures unread. Raises `InputError` for a split that is not there."""
        return list(self.stream(split))

    def stream(self, split: str) -> Iterable[Sample]:
        """The samples of a split one after another, for sets too long to list."""
        if split not in self.info.splits:
            raise InputError(f"{self.name} has no split {split!r}, it has {', '.join(self.info.splits)}")
        read = find("readers", self.format).read
        everything = chain.from_iterable(read(self.location, own) for own in self.own_splits or (split,))
        return changed(everything, self._changes(split))

    @property
    def endless(self) -> bool:
        """Whether the reader does not say how many samples there are."""
        return None in self.info.splits.values()

    def parts(self, split: str) -> SampleStream:
        """A split as a stream of parts, none of its samples listed; a reader that has no parts gives it as one."""
        read = getattr(find("readers", self.format), "parts", None)
        if read is None:
            return SampleStream((_Whole(self, split),))
        own = chain.from_iterable(read(self.location, own) for own in self.own_splits or (split,))
        return SampleStream(tuple(own), self._changes(split))

    def _changes(self, split: str) -> tuple[Change, ...]:
        return self.changes if self.listed is None else (Listed(self.listed, split), *self.changes)


@dataclass(frozen=True)
class _Whole:
    """A split as one part."""

    dataset: Dataset
    name: str
    nbytes: int = 0

    def samples(self) -> Iterator[Sample]:
        return iter(self.dataset.stream(self.name))


def open_data(
    target: str | Path,
    *,
    format: str | None = None,
    data_root: str | Path | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
    value_column: str | None = None,
    classes: str | None = None,
    group: str | None = None,
    split_list: str | None = None,
    strict: bool = True,
) -> Dataset:
    """Open what a user names: a path, an embedded set, or a set's name.

    A path that exists wins; then the embedded sets; then the name below `data_root` (else the environment's
    `CLEARSIGHT_DATA`, else the user's cache) as folder, zip, tar, table or in its official layout; then, for a known
    name, its official source. `format` is a reader's name; without it the surest reader is taken. `group`, `split_list`
    and `classes` are those of `core.options.DataOptions`, read by `data.groups`, `data.split_list` and `data.classes`;
    without `strict`, `classes` may speak of classes that are not here, and columns may be given for a format without.
    Raises `InputError` with what was looked for, where, and what to do.
    """
    path = _locate(str(target), data_root)
    location = Location(path, image_column, label_column, value_column)
    chosen = format or _sniff(location)
    _heed_columns(location, chosen, strict)
    info: DataInfo = find("readers", chosen).info(location)
    if not any(count is None or count > 0 for count in info.splits.values()):
        raise InputError(f"{printable(str(target))} holds no samples")
    dataset = Dataset(_name(path), location, chosen, info)
    if group:
        dataset = group_by(dataset, group)
    if split_list:
        dataset = list_splits(dataset, split_list)
    if classes:
        dataset = choose_classes(dataset, classes, strict=strict)
    return dataset


def roots(data_root: str | Path | None = None) -> list[Path]:
    """Where named sets are looked for; a set that is fetched goes into the first."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "clearsight" / "data"
    chosen = data_root or os.environ.get("CLEARSIGHT_DATA")
    return [Path(chosen).expanduser(), cache] if chosen else [cache]


def _locate(target: str, data_root: str | Path | None) -> Path:
    """The place of what was named, fetched where need be."""
    path = Path(target).expanduser()
    try:
        if target and path.exists():
            return path
    except (OSError, ValueError) as error:  # no permission for a folder above it, a name too long, a NUL
        raise InputError(f"{printable(target)} cannot be opened ({error})") from None
    if (len(path.parts) == 1 or "{" in target) and _known_unseen(Location(path)):
        return path
    source = known(target)
    if not source and (not target or len(path.parts) != 1 or target in (".", "..")):
        raise InputError(f"{printable(target) or 'the path'} is not there{_suggest(path)}")
    places = _candidates(target, source, data_root)
    for place in places:
        if place.exists():
            return place
    if source is None:
        folders = ", ".join(str(root) for root in roots(data_root))
        what = f"is no file or folder, and no data set of that name is in {folders}"
        raise InputError(f"{printable(target)} {what}{_suggest(path)}")
    root = roots(data_root)[0]
    if source.by_hand:
        looked = " or ".join(map(str, roots(data_root)))
        raise InputError(f"{source.name} is not in {looked}: {source.by_hand.format(root=root)}")
    try:
        return fetch(source, root)
    except InputError as error:
        looked = f"{', '.join(source.name + ending for ending in ENDINGS[:3])} or {source.layouts[0]}"
        what = f"{source.name} is not in {' or '.join(map(str, roots(data_root)))} (as {looked})"
        into = root if len(source.files) == 1 else root / source.name
        todo = f"fetch {few(list(source.files), 4)} where there is a network and put it into {into}"
        raise InputError(f"{what} and could not be fetched: {error}; {todo}") from None


def _candidates(target: str, source: Source | None, data_root: str | Path | None) -> list[Path]:
    called = dict.fromkeys([target, *([source.name] if source else [])])
    below = [f"{name}{ending}" for name in called for ending in ENDINGS]
    below += source.layouts if source else ()
    return [root / name for root in roots(data_root) for name in below]


def _known_unseen(location: Location) -> bool:
    """Whether a reader, perhaps of another package, knows this bare name or pattern though nothing lies there."""
    return any(find("readers", name).sniff(location) is not None for name in names("readers"))


def _sniff(location: Location) -> str:
    """The surest reader. Raises `InputError` where none is sure, or two are."""
    found: list[tuple[Evidence, str]] = []
    failed: InputError | None = None
    for name in names("readers"):
        try:
            evidence = find("readers", name).sniff(location)
        except InputError as error:  # a damaged zip, a folder that may not be listed
            failed = failed or error
            continue
        if evidence is not None:
            found.append((evidence, name))
    found.sort(key=lambda pair: -pair[0].confidence)
    place = printable(str(location.path))
    if not found:
        if failed is not None:
            raise failed
        formats = ", ".join(names("readers"))
        raise InputError(f"{place} is in no format known here ({_contents(location.path)}); formats are {formats}")
    if len(found) > 1 and found[0][0].confidence - found[1][0].confidence < CLEAR:
        options = " or ".join(f"{name} ({evidence.why})" for evidence, name in found[:2])
        raise InputError(f"{place} may be {options}; say which with --format")
    return found[0][1]


def _heed_columns(location: Location, chosen: str, strict: bool) -> None:
    """Raises `InputError` for an option of columns that the reader would not look at."""
    for column in ("image_column", "label_column", "value_column"):
        said = getattr(location, column)
        if said is None or not strict or column in _columns(chosen):
            continue
        others = " or ".join(name for name in names("readers") if column in _columns(name))
        option, place = f"--{column.replace('_', '-')} {printable(said)}", printable(str(location.path))
        raise InputError(f"{option}: {place} is read as {chosen}, which has no such column; that is for {others}")


def _columns(reader: str) -> frozenset[str]:
    return getattr(find("readers", reader), "COLUMNS", frozenset())


def _contents(path: Path) -> str:
    """What lies at a place, in a few words."""
    if path.is_file():
        return f"a file ending {path.suffix}" if path.suffix else "a file without an ending"
    kinds: Counter[str] = Counter()
    for item in path.iterdir():
        kinds["folder" if item.is_dir() else f"{item.suffix or 'plain'} file"] += 1
    listed = [f"{number} {kind}{'s' if number > 1 else ''}" for kind, number in kinds.most_common(4)]
    return f"it holds {', '.join(listed)}" if listed else "it is empty"


def _suggest(path: Path) -> str:
    """A close match among what lies beside it and the known names, as the end of a sentence."""
    nearby: dict[str, Any] = {}
    with suppress(OSError):
        nearby = {item.name: item for item in path.parent.iterdir()}
    if len(path.parts) == 1:
        nearby.update({name: name for name in (*EMBEDDED, *SOURCES)})
    close = get_close_matches(path.name, list(nearby), 1)
    if close:
        return f"; did you mean {printable(str(nearby[close[0]]))}?"
    return f"; known names are {', '.join((*EMBEDDED, *SOURCES))}" if len(path.parts) == 1 else ""


def _name(path: Path) -> str:
    """What a data set is called: its folder's or file's name without the endings."""
    name = path.name or path.resolve().name
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if ending and name.lower().endswith(ending):
            return printable(name[: -len(ending)])
    return printable(name)
