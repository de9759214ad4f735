"""Class folders, in train/val/test folders or without, in a folder or a zip: `train/cats/1.jpg`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.core.reader import DataInfo, Evidence, Location, by_split
from clearsight.core.sample import Sample, printable
from clearsight.data.readers.names import count, few, natural_order, split_of
from clearsight.data.tree import Tree, is_tree, open_tree


@dataclass
class _Survey:
    """What a tree holds, by split: relative names of pictures (below `root`) with their class."""

    tree: Tree
    root: str  # "" or the wrapping folder with its slash
    has_splits: bool
    splits: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)  # class folders with or without pictures
    homeless: list[str] = field(default_factory=list)  # pictures without a class
    others: list[str] = field(default_factory=list)  # files that are no pictures

    @property
    def labels(self) -> tuple[str, ...]:
        return natural_order(label for pairs in self.splits.values() for _, label in pairs)


def sniff(location: Location) -> Evidence | None:
    """Sure where there are two classes or more; barely where there are pictures without class folders."""
    if not is_tree(location.path):
        return None
    survey = _survey(open_tree(location.path))
    labels = survey.labels
    if not labels:
        return Evidence(0.1, "pictures, but no class folders") if survey.homeless else None
    where = " in split folders" if survey.has_splits else ""
    why = f"{count(len(labels), 'class folder')}{where}: {few(labels)}"
    if survey.has_splits:
        return Evidence(0.9, why)
    return Evidence(0.8 if len(labels) > 1 else 0.3, why)


def info(location: Location) -> DataInfo:
    """Splits, classes, and what was left out. Raises `InputError` where there are no class folders."""
    survey = _survey(open_tree(location.path))
    if not survey.labels:
        raise InputError(_no_classes(location, survey))
    splits = {split: len(found) for split, found in by_split(survey.splits).items()}
    return DataInfo("folder", splits, survey.labels, frozenset({"labels"}), notes=tuple(_notes(survey)))


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the order of their names."""
    survey = _survey(open_tree(location.path))
    for name, label in survey.splits.get(split, []):
        yield Sample(printable(name), survey.tree.image(survey.root + name), labels=(label,))


@lru_cache(maxsize=2)
def _survey(tree: Tree) -> _Survey:
    pictures = {name for name in tree.files if is_picture(name)}
    root = _root(tree, pictures)
    names = [name[len(root) :] for name in tree.files if name.startswith(root)]
    folders = [name[len(root) :] for name in tree.folders if name.startswith(root)]
    has_splits = any(_is_split(name) for name in names if root + name in pictures)
    survey = _Survey(tree, root, has_splits)
    survey.others = [name for name in tree.files if not name.startswith(root)]
    depth = 1 if has_splits else 0  # parts of a name that come before its class
    tops = {name.split("/")[0] for name in names if "/" in name and root + name in pictures}
    unsorted = not has_splits and all(map(split_of, tops))  # train/1.jpg and test/2.jpg: no classes there
    for name in names:
        parts = name.split("/")
        split = split_of(parts[0]) if has_splits else "train"
        if root + name not in pictures:
            survey.others.append(name)
        elif len(parts) < depth + 2 or split is None or unsorted:
            survey.homeless.append(name)
        else:
            survey.splits.setdefault(split, []).append((name, printable(parts[depth])))
    for name in folders:
        parts = name.split("/")
        if len(parts) == depth + 1 and (split_of(parts[0]) or not has_splits):
            survey.classes.add(printable(parts[depth]))
    return survey


def _is_split(name: str) -> bool:
    """Whether a picture lies in a class folder of a split folder; with fewer folders, `train` is a class."""
    parts = name.split("/")
    return len(parts) > 2 and split_of(parts[0]) is not None


def _root(tree: Tree, pictures: Iterable[str]) -> str:
    """The folder that wraps everything, as zips often have one: "ants_bees/"; else ""."""
    root = ""
    while True:
        inside = [name[len(root) :].split("/") for name in pictures]
        tops = {parts[0] for parts in inside}
        if len(tops) != 1 or any(len(parts) < 3 for parts in inside):
            return root
        (top,) = tops
        folders = {name[len(root) :].split("/")[0] for name in tree.folders if name.startswith(root)}
        beside = folders - {top, ""}
        holds_splits = any(split_of(parts[1]) for parts in inside)
        if split_of(top) or (beside and not holds_splits):
            return root  # a split, or the one class that has pictures beside others that have none
        root += f"{top}/"


def _notes(survey: _Survey) -> Iterator[str]:
    empty = natural_order(survey.classes - set(survey.labels))
    if empty:
        folders = count(len(empty), "class folder")
        yield f"{folders} without a picture, left out of the classes: {few(empty, 10)}"
    if survey.homeless:
        what = f"in no class folder{' of a split' if survey.has_splits else ''} and left out"
        yield f"{count(len(survey.homeless), 'picture')} {what}: {few(survey.homeless)}"
    if survey.others:
        yield f"{count(len(survey.others), 'file')} that {_are(survey.others)}: {few(survey.others)}"


def _are(names: list[str]) -> str:
    return "is no picture" if len(names) == 1 else "are no pictures"


def _no_classes(location: Location, survey: _Survey) -> str:
    place = printable(str(location.path))
    if survey.homeless:
        return (
            f"{place} holds {count(len(survey.homeless), 'picture')} but no class folders; put the pictures "
            f"of each class into a folder of its own, as in {place}/cats/1.jpg, or list them in a table "
            "with an image and a label column"
        )
    found = f"only {few(survey.others)}" if survey.others else "no files"
    return f"{place} holds no pictures, {found}; it must hold a folder of pictures for each class"
