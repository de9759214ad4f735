"""`--split-list`: a file, or a folder of lists, that says which picture is in which split.

    train.txt, val.txt, test.txt in a folder    a picture a line
    .csv, .tsv, .jsonl                          columns key (or path, image …) and split
    .json                                       {"train": [keys], …}, {key: split}, or [{"key": …, "split": …}]

The `splits.json` of a run is one of them: what chose there is val here, what judged is test. A picture is named by its
key, its path, or the end of one of them, with its file's ending or without, as far as that is but one picture.
"""

from __future__ import annotations

import json
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearsight.core.errors import InputError
from clearsight.core.reader import SPLITS
from clearsight.core.sample import Sample, printable
from clearsight.data.readers.names import count, few, split_of
from clearsight.data.readers.sheet import is_sheet, parse

if TYPE_CHECKING:
    from clearsight.data.open import Dataset

ROLES = {"choose": "val", "judge": "test"}
"""What the roles in a run's splits.json are as splits."""

KEYS = ("key", "path", "file", "filename", "image", "name", "picture")


@dataclass(frozen=True)
class Listed:
    """Leaves out what is not in one split of a list."""

    table: Mapping[str, str]  # key -> split
    split: str

    def __call__(self, sample: Sample) -> Sample | None:
        return sample if self.table.get(sample.key) == self.split else None


def list_splits(dataset: Dataset, place: str) -> Dataset:
    """The data set with the splits of a list in place of its own; what is not listed is left out, and counted in the
    notes. Raises `InputError` for a list that cannot be read, and for pictures in it that are not there."""
    path = Path(place).expanduser()
    shown = f"--split-list {printable(place)}"
    wanted = list(_read(path, shown))
    if not wanted:
        raise InputError(f"{shown} lists no pictures")
    keys: dict[str, str] = {}  # key -> path, of all pictures, in their order
    for split in dataset.info.splits:
        keys.update((sample.key, sample.image.name) for sample in dataset.stream(split))
    table = _matched(wanted, keys, shown)
    counts = dict.fromkeys(SPLITS, 0)
    for split in table.values():
        counts[split] += 1
    notes = [f"splits are those of {printable(place)}"]
    if left := [key for key in keys if key not in table]:
        notes.append(f"{count(len(left), 'picture')} not in {printable(place)} and left out: {few(left)}")
    splits = {split: number for split, number in counts.items() if number}
    info = replace(dataset.info, splits=splits, notes=(*dataset.info.notes, *notes))
    return replace(dataset, info=info, listed=table, own_splits=tuple(dataset.info.splits))


def _matched(wanted: Iterable[tuple[str, str]], keys: Mapping[str, str], shown: str) -> dict[str, str]:
    """Key -> split. Raises where a name is no picture's or several pictures', or a picture is in two splits."""
    table: dict[str, str] = {}
    wanted, missing = list(wanted), []
    ends = _ends(keys, {text for name, _ in wanted if name not in keys for text in _texts(name)})
    for name, split in wanted:
        found = [name] if name in keys else next((ends[text] for text in _texts(name) if text in ends), [])
        if len(found) > 1:
            raise InputError(f"{shown}: {printable(name)} may be {few(found)}; name it by more of its path")
        if not found:
            missing.append(name)
        elif table.setdefault(found[0], split) != split:
            raise InputError(f"{shown} has {printable(found[0])} in {table[found[0]]} and in {split}; keep one of them")
    if missing:
        close = get_close_matches(missing[0], list(keys)[:5000], 1)
        hint = f" (is the first {close[0]}?)" if close else f"; a key here is {next(iter(keys), 'none')}"
        are = "is" if len(missing) == 1 else "are"
        raise InputError(f"{shown}: {count(len(missing), 'picture')} in it {are} not there: {few(missing)}{hint}")
    return table


def _ends(keys: Mapping[str, str], asked: Set[str]) -> dict[str, list[str]]:
    """The keys by what is asked for of the ends of keys and of paths, "b/c.jpg" and "c.jpg" of "a/b/c.jpg", with the
    file's ending and without."""
    ends: dict[str, dict[str, None]] = defaultdict(dict)
    for key, path in keys.items() if asked else ():
        for whole in (key, path.replace("\\", "/")):
            for name in (whole, posixpath.splitext(whole)[0]):
                parts = name.split("/")
                for start in range(len(parts)):
                    if (end := "/".join(parts[start:])) in asked:
                        ends[end][key] = None
    return {end: list(found) for end, found in ends.items()}


def _texts(name: str) -> list[str]:
    """What a listed name may say, the likelier first. Behind a blank there may be a label, as in Caffe's lists."""
    return [text.replace("\\", "/").removeprefix("./") for text in (name, *name.rsplit(None, 1)[:1])]


def _read(path: Path, shown: str) -> Iterator[tuple[str, str]]:
    """(name, split) of everything that is listed."""
    try:
        if not path.exists():
            raise InputError(f"{shown} is not there")
        if path.is_dir():
            yield from _folder(path, shown)
        elif is_sheet(path.name):
            yield from _rows((row for _, row in parse(path.read_bytes(), str(path)).rows), shown)
        elif path.suffix.lower() == ".json":
            yield from _json(json.loads(path.read_text(encoding="utf-8")), shown)
        else:
            raise InputError(
                f"{shown} must be a .csv, .tsv, .jsonl or .json file, or a folder with train.txt, val.txt …"
            )
    except OSError as error:
        raise InputError(f"{shown} cannot be read ({(error.strerror or str(error)).lower()})") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{shown} is damaged ({error})") from None


def _folder(path: Path, shown: str) -> Iterator[tuple[str, str]]:
    lists = {file: split for file in sorted(path.glob("*.txt")) if (split := split_of(file.stem))}
    if not lists:
        raise InputError(f"{shown} holds no train.txt, val.txt or test.txt")
    for file, split in lists.items():
        for line in file.read_text(encoding="utf-8-sig").splitlines():
            if line.strip():
                yield line.strip(), split


def _json(content: Any, shown: str) -> Iterator[tuple[str, str]]:
    if isinstance(content, list):
        yield from _rows(content, shown)
    elif isinstance(content, dict) and all(isinstance(names, list) for names in content.values()):
        for split, names in content.items():
            for name in names:
                yield _name(name, shown), _split(split, shown)
    elif isinstance(content, dict):
        for name, split in content.items():
            yield name, _split(split, shown)
    else:
        raise InputError(f"{shown} must hold splits with lists of keys, or keys with their split")


def _rows(rows: Iterable[Any], shown: str) -> Iterator[tuple[str, str]]:
    for row in rows:
        if not isinstance(row, Mapping):
            raise InputError(f"{shown}: {row!r} is no row with a key and a split")
        plain = {str(column).strip().casefold(): value for column, value in row.items()}
        key = next((plain[name] for name in KEYS if name in plain), None)
        if key is None or "split" not in plain:
            raise InputError(f"{shown} needs the columns key and split; it has {', '.join(map(str, row))}")
        yield _name(key, shown), _split(plain["split"], shown)


def _name(value: Any, shown: str) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"{shown}: {value!r} is no picture's key")
    return value


def _split(value: Any, shown: str) -> str:
    split = ROLES.get(str(value)) or split_of(str(value))
    if split is None:
        raise InputError(f"{shown}: the split {value!r} is not known; write train, val or test")
    return split
