"""Ultralytics' `data.yaml`: names of the classes, and the pictures of each split with where their labels lie.

Format: https://docs.ultralytics.com/datasets/detect/.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.core.reader import Location, by_split
from clearsight.core.sample import printable
from clearsight.data.readers.names import split_of
from clearsight.data.readers.values import name_of
from clearsight.data.tree import FolderTree, Tree, is_tree, open_tree

LARGEST = 2**20
"""Bytes beyond which a YAML file is none of ours: it holds a name for each class."""

ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class Named:
    """One picture of a split: its member in the tree, and what names it, a list's line or its folder."""

    member: str
    by: str


@dataclass
class YoloFile:
    """A `data.yaml` read. Names of folders and lists are those of the tree, or absolute."""

    tree: Tree
    name: str
    names: dict[int, str] = field(default_factory=dict)  # class number -> name
    entries: dict[str, list[str]] = field(default_factory=dict)  # split -> folders and lists that are there
    bases: tuple[str, ...] = ()  # folders that paths are relative to, in the order they are tried
    poses: bool = False  # lines go on with key points behind the box
    notes: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The file, for a person."""
        return printable(str(self.tree.path / self.name))

    def pictures(self, split: str) -> Iterator[Named]:
        """The pictures of a split: of a folder all below it in the order of their names, of a list its lines."""
        for entry in self.entries.get(split, ()):
            if entry.lower().endswith(".txt"):
                yield from self._listed(entry)
            else:
                yield from (Named(name, entry) for name in below(self.tree, entry) if is_picture(name))

    def _listed(self, entry: str) -> Iterator[Named]:
        text = self.tree.read(entry).decode("utf-8", "replace")
        for line, name in enumerate(text.splitlines(), 1):
            if name.strip():
                by = f"{printable(str(self.tree.path / entry))}: line {line}"
                path = name_of(name.strip(), by)
                places = [posixpath.normpath(posixpath.join(b, path)) for b in (posixpath.dirname(entry), *self.bases)]
                yield Named(next((place for place in places if self.tree.has(place)), places[0]), by)


def label_of(member: str) -> str:
    """The label file of a picture, in the folder of labels."""
    folder, file = posixpath.split(member)
    return posixpath.join(labels_of(folder), f"{PurePosixPath(file).stem}.txt")


def labels_of(folder: str) -> str:
    """Where the labels of a folder's pictures lie: `labels` in place of the last `images` in it, else the same folder."""
    folders = folder.split("/")
    last = next((place for place in range(len(folders) - 1, -1, -1) if folders[place] == "images"), None)
    if last is not None:
        folders[last] = "labels"
    return "/".join(folders)


def below(tree: Tree, folder: str) -> Iterator[str]:
    """The files below a folder of the tree, or of the disk, sorted."""
    if isinstance(tree, FolderTree):
        if tree.has_folder(folder):
            names = FolderTree(tree.path / folder).files
            yield from (posixpath.normpath(posixpath.join(folder, name)) for name in names)
    else:
        start = "" if folder in ("", ".") else f"{folder}/"
        yield from (name for name in tree.files if name.startswith(start))


def candidates(location: Location) -> tuple[Tree | None, list[str]]:
    """The tree, and the uppermost YAML files that name classes and pictures."""
    path = location.path
    if not is_tree(path):
        if path.is_file() and path.suffix.lower() in ENDINGS:
            here = FolderTree(path.parent)
            return here, [path.name] if _looks_right(here, path.name) else []
        return None, []
    tree = open_tree(path)
    tops = [name for name in tree.files if "/" not in name.removeprefix(tree.heart) and name.lower().endswith(ENDINGS)]
    return tree, [name for name in tops if _looks_right(tree, name)]


def _looks_right(tree: Tree, name: str) -> bool:
    try:
        content = _load(tree, name)
    except InputError:
        return False
    return bool({"names", "nc"} & content.keys() and any(split_of(str(key)) for key in content))


def _load(tree: Tree, name: str) -> dict[Any, Any]:
    where, data = printable(str(tree.path / name)), tree.head(name, LARGEST + 1)
    if len(data) > LARGEST:
        raise InputError(f"{where} is larger than any list of classes; name the data.yaml that is meant")
    try:
        content = yaml.safe_load(data)
    except Exception as error:  # PyYAML's constructors raise nearly anything on odd values
        raise InputError(f"{where} is no YAML ({' '.join(str(error).split())[:200]})") from None
    if not isinstance(content, dict):
        raise InputError(f"{where} must say names:, train: and val:")
    return content


def open_file(tree: Tree, name: str) -> YoloFile:
    """A `data.yaml` read and its places looked up. Raises `InputError` with the file and what is wrong with it."""
    file, content = YoloFile(tree, name), _load(tree, name)
    file.names = _names(file, content)
    file.poses = content.get("kpt_shape") is not None
    home = posixpath.dirname(name)
    said = content.get("path")
    file.bases = (home,)
    if said is not None:
        base = posixpath.normpath(posixpath.join(home, name_of(said, f"{file.where}: path")))
        if tree.has_folder(base):
            file.bases = (base, home)
        else:
            file.notes.append(f"{file.where}: its path {printable(str(said))} is not there; looked beside the file")
    for key, value in content.items():
        split = split_of(str(key))
        if split is None or value is None or value == "":
            continue
        for entry in value if isinstance(value, list) else [value]:
            place = _place(file, name_of(entry, f"{file.where}: {key}"))
            if place is not None:
                file.entries.setdefault(split, []).append(place)
            elif split == "test":  # files often name one that was never made
                file.notes.append(f"{file.where}: {key}: {printable(str(entry))} is not there")
            else:
                what = "is not there; correct it, or say path: for the folder that it is in"
                raise InputError(f"{file.where}: {key}: {printable(str(entry))} {what}")
    file.entries = by_split(file.entries)
    return file


def _place(file: YoloFile, entry: str) -> str | None:
    """Where a folder or list is, relative to `path` or to the file; Roboflow writes `../train/images` for `train/images`."""
    for form in dict.fromkeys((entry, entry.removeprefix("../"))):
        for base in file.bases:
            place = posixpath.normpath(posixpath.join(base, form))
            if file.tree.has(place) or file.tree.has_folder(place):
                return place
    return None


def _names(file: YoloFile, content: dict[Any, Any]) -> dict[int, str]:
    """The classes by number, from a list, or a mapping that may have gaps; from their count alone `class_0` …"""
    said, number = content.get("names"), content.get("nc")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 10**6):
        raise InputError(f"{file.where}: nc must be the number of classes")
    if said is None:
        if number is None:
            raise InputError(f"{file.where} does not say names:, the names of the classes")
        return {index: f"class_{index}" for index in range(number)}
    pairs: Sequence[tuple[Any, Any]] = list(said.items()) if isinstance(said, dict) else []
    if isinstance(said, list):
        pairs = list(enumerate(said))
    if not pairs:
        raise InputError(f"{file.where}: names: must be a list of classes, or a number: name for each")
    names: dict[int, str] = {}
    for key, name in pairs:
        if isinstance(key, bool) or not str(key).isdecimal() or len(str(key)) > 9:
            raise InputError(f"{file.where}: names: {printable(str(key))[:40]!r} is no number of a class")
        if isinstance(name, (bool, dict, list)) or name is None or not str(name).strip():
            raise InputError(f"{file.where}: names: write the name of class {key} in quotes")
        names[int(key)] = printable(str(name).strip())
    if number is not None and number != len(names):
        file.notes.append(f"{file.where}: nc says {number} classes, names are {len(names)}; the names count")
    return dict(sorted(names.items()))
