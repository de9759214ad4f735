"""Where shards lie, which split each is of, and the names of the classes beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.sample import printable
from clearsight.data.readers.names import count, few, natural, split_of

NAMES = ("classes.txt", "labels.txt", "dataset_info.json")
"""Files beside the shards that may name the classes; the first that is there counts."""

PACKED = (".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar.zst")
BRACES = re.compile(r"\{([^{}]*)\}")
RANGE = re.compile(r"([0-9]+)\.\.([0-9]+)")
MOST = 1_000_000
"""Shards that a pattern may stand for."""


@dataclass(frozen=True)
class Found:
    """The shards of a set."""

    root: Path  # the folder they lie in
    splits: Mapping[str, Sequence[Path]]  # each in natural order
    packed: Sequence[Path] = ()  # tars that are packed as a whole
    missing: Sequence[Path] = ()  # named by a pattern, and not there
    homeless: Sequence[Path] = ()  # of no split, where others are of one

    @property
    def paths(self) -> list[Path]:
        """All shards that can be read."""
        return [path for paths in self.splits.values() for path in paths]

    @property
    def notes(self) -> list[str]:
        """What a person should know."""
        if not self.homeless:
            return []
        return [f"{count(len(self.homeless), 'shard')} of no split, left out: {few([p.name for p in self.homeless])}"]

    def shown(self, path: Path) -> str:
        """A shard's name relative to the folder."""
        return path.relative_to(self.root).as_posix()

    def check(self) -> None:
        """Raises `InputError` where a shard is missing, or packed."""
        if self.missing:
            raise InputError(f"{count(len(self.missing), 'shard')} of the pattern not there: {_few(self.missing)}")
        if self.packed:
            what = "packed, so that no picture can be found without unpacking all before it: unpack"
            raise InputError(f"{_few(self.packed)}: {what} the .tar from it (gunzip), pictures hardly shrink")


def find_shards(path: Path) -> Found:
    """The tars that a path names: a folder, a single tar, or a pattern with braces (`train-{000..099}.tar`).

    In a folder they lie by themselves or in folders of splits. Raises `InputError` where one may not be listed.
    """
    missing: list[Path] = []
    if path.is_dir():
        root, files = path, _tars(path)
    elif path.is_file():
        root, files = path.parent, [path]
    elif BRACES.search(str(path)):
        named = [Path(name) for name in expand(str(path))]
        files, missing = [item for item in named if item.is_file()], [item for item in named if not item.is_file()]
        root = Path(str(path).partition("{")[0] + "x").parent
        if not files:
            return Found(root, {})
    else:
        return Found(path, {})
    files.sort(key=lambda item: natural(item.relative_to(root).as_posix()))
    packed = [item for item in files if item.name.lower().endswith(PACKED)]
    tars = [item for item in files if item.suffix.lower() == ".tar"]
    splits: dict[str, list[Path]] = {}
    homeless = []
    for item in tars:
        split = _split(item.relative_to(root))
        if split is None:
            homeless.append(item)
        else:
            splits.setdefault(split, []).append(item)
    if not splits and homeless:
        splits, homeless = {"train": homeless}, []
    return Found(root, splits, packed, missing, homeless)


def expand(pattern: str) -> list[str]:
    """The names that braces stand for, as in a shell: `{a,b}` and `{000..123}`. Raises `InputError` for too many."""
    pieces = BRACES.split(pattern)  # text, inside of braces, text, …
    choices: list[list[str]] = []
    total = 1
    for number, piece in enumerate(pieces):
        run = RANGE.fullmatch(piece) if number % 2 else None
        if run:
            low, high = map(int, run.groups())
            total *= max(1, high - low + 1)
            if total > MOST:
                raise InputError(f"{printable(pattern)} stands for more than {MOST:,} shards")
            choices.append([f"{value:0{len(run[1])}}" for value in range(low, high + 1)])
        else:
            choices.append(piece.split(",") if number % 2 else [piece])
    return ["".join(parts) for parts in product(*choices)]


def class_names(root: Path) -> tuple[tuple[str, ...] | None, str]:
    """The classes in the order of their numbers, and the file that names them; None where there is none.

    `classes.txt` and `labels.txt` have a line for each, `dataset_info.json` is Hugging Face's (`features`, with a
    `ClassLabel`'s `names`) or holds a list `classes` or `labels`. Raises `InputError` for a damaged one.
    """
    for name in NAMES:
        path = root / name
        if not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8-sig")
            found = _listed(json.loads(text)) if path.suffix == ".json" else text.splitlines()
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{printable(str(path))} cannot be read ({error}); mend or remove it") from None
        names = [printable(item.strip()) for item in found or () if item.strip()]
        if len(set(names)) < len(names):
            twice = next(item for item in names if names.count(item) > 1)
            raise InputError(f"{printable(str(path))} names the class {twice!r} more than once")
        if names:
            return tuple(names), name
    return None, ""


def _listed(content: Any) -> list[str] | None:
    """The names in a dataset_info.json."""
    if not isinstance(content, dict):
        return None
    features = content.get("features")
    kinds = list(features.values()) if isinstance(features, dict) else []
    lists = [kind.get("names") for kind in kinds if isinstance(kind, dict)]
    for found in [*lists, content.get("classes"), content.get("labels")]:
        if isinstance(found, list) and all(isinstance(item, str) for item in found):
            return found
    return None


def _tars(folder: Path) -> list[Path]:
    try:
        items = [item for item in folder.iterdir() if not item.name.startswith(".")]
        splits = [item for item in items if split_of(item.name) and item.is_dir()]
        items += [item for split in splits for item in split.iterdir() if not item.name.startswith(".")]
    except OSError as error:
        raise InputError(f"{printable(str(folder))} cannot be listed ({error.strerror})") from None
    return [item for item in items if item.name.lower().endswith((".tar", *PACKED)) and item.is_file()]


def _split(path: Path) -> str | None:
    """The split that a shard's folder or a word of its name says: `train/0001.tar`, `birds-val-0001.tar`."""
    words = [*path.parts[:-1], *re.split(r"[-_.]", path.stem)]
    return next((split for word in words if (split := split_of(word))), None)


def _few(paths: Sequence[Path]) -> str:
    return few([str(path) for path in paths])
