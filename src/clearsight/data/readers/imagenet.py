"""ImageNet as it is handed out: folders called by synset ids (`train/n01440764/x.JPEG`), whose names stand in a table.

Kaggle's layout (`ILSVRC/Data/CLS-LOC`, `LOC_synset_mapping.txt`, `LOC_val_solution.csv`, `ImageSets/CLS-LOC`), plain
`train` and `val` folders, and Tiny ImageNet (`val_annotations.txt`). A flat `val` folder is labelled by its table.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.core.reader import DataInfo, Evidence, Location, by_split
from clearsight.core.sample import Sample, printable
from clearsight.data.readers.names import count, few, split_of
from clearsight.data.readers.synsets import MAPPINGS, SYNSET, parse, readable
from clearsight.data.tree import Tree, is_tree, open_tree

CLASSIFICATION = "Data/CLS-LOC/"
SOLUTIONS = ("LOC_val_solution.csv", "val_annotations.txt")
LISTS = {"train_cls.txt": "train", "val.txt": "val"}
UP = 3
"""Folders above the one given in which Kaggle's tables are looked for: it may be `ILSVRC/Data/CLS-LOC`."""


@dataclass
class _Survey:
    """What a tree holds: pictures by split, each with its key and synset."""

    tree: Tree
    splits: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)  # (member, key, synset)
    flat: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # (member, key) without a synset folder
    homeless: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def sniff(location: Location) -> Evidence | None:
    """Sure where all pictures' class folders are called by synset ids."""
    if not is_tree(location.path):
        return None
    tree = open_tree(location.path)
    if not any(SYNSET.fullmatch(posixpath.basename(folder)) for folder in tree.folders):
        return None
    survey = _folders(tree)
    found = {synset for rows in survey.splits.values() for _, _, synset in rows}
    if not found or survey.homeless:
        return None
    return Evidence(0.95, f"{count(len(found), 'folder')} called by ImageNet's synset ids: {few(sorted(found))}")


def info(location: Location) -> DataInfo:
    """Splits, classes in the order of their ids, what was left out. Raises `InputError` where no folder is a synset's."""
    survey = _survey(location)
    names, note = _names(location, survey)
    splits = {split: len(found) for split, found in by_split(survey.splits).items()}
    notes = (*survey.notes, *((note,) if note else ()))
    return DataInfo("imagenet", splits, tuple(names.values()), frozenset({"labels"}), ("synset",), notes)


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the order of their names, keys "train/n01440764/x.JPEG"; `extra` has their synset."""
    survey = _survey(location)
    names, _ = _names(location, survey)
    for member, key, synset in survey.splits.get(split, []):
        label = (names[synset],)
        yield Sample(printable(key), survey.tree.image(member), labels=label, extra={"synset": synset})


def _folders(tree: Tree) -> _Survey:
    """Pictures by the synset folder nearest to the root, and the split folder above it; flat ones apart."""
    survey = _Survey(tree)
    pictures = [name for name in tree.files if is_picture(name)]
    pictures = [name for name in pictures if CLASSIFICATION in name] or pictures
    for name in pictures:
        parts = name.split("/")[:-1]
        place = next((at for at, part in enumerate(parts) if SYNSET.fullmatch(part)), len(parts))
        above = [at for at in range(place) if split_of(parts[at])]
        start = above[-1] if above else place
        split = split_of(parts[start]) if above else "train"
        key = "/".join(name.split("/")[start:])
        if place < len(parts) and split:
            survey.splits.setdefault(split, []).append((name, key, parts[place]))
        elif split and above and parts[start + 1 :] in ([], ["images"]):
            survey.flat.setdefault(split, []).append((name, key))
        else:
            survey.homeless.append(name)
    return survey


def _survey(location: Location) -> _Survey:
    survey = _folders(open_tree(location.path))
    if not survey.splits:
        place = printable(str(location.path))
        raise InputError(f"{place} has no folders of pictures called by synset ids such as train/n01440764")
    for split, pictures in survey.flat.items():
        answers = _solution(location, survey.tree, pictures) if split == "val" else {}
        known = [(member, key, answers[_stem(member)]) for member, key in pictures if _stem(member) in answers]
        survey.splits.setdefault(split, []).extend(known)
        left = [key for member, key in pictures if _stem(member) not in answers]
        if left:
            why = f"neither in synset folders nor in {' or '.join(SOLUTIONS)}" if split == "val" else "without a class"
            survey.notes.append(f"{count(len(left), 'picture')} of {split} {why}, left out: {few(left)}")
    if survey.homeless:
        survey.notes.append(f"{count(len(survey.homeless), 'picture')} in no split, left out: {few(survey.homeless)}")
    _keep_listed(survey)
    return survey


def _keep_listed(survey: _Survey) -> None:
    """The pictures that Kaggle's lists name are the set; others are left out, and missing ones told of."""
    for name in survey.tree.files:
        split = LISTS.get(PurePosixPath(name).name) if "ImageSets/CLS-LOC/" in name else None
        if split is None or not survey.splits.get(split):
            continue
        lines = survey.tree.read(name).decode("utf-8", "replace").splitlines()
        listed = {_stem(line.split()[0]) for line in lines if line.strip()}
        rows = survey.splits[split]
        survey.splits[split] = [row for row in rows if _stem(row[0]) in listed]
        if out := [key for member, key, _ in rows if _stem(member) not in listed]:
            survey.notes.append(f"{count(len(out), 'picture')} not in {printable(name)}, left out: {few(out)}")
        if missing := sorted(listed - {_stem(member) for member, _, _ in rows}):
            what = f"{len(missing):,} of {len(listed):,} pictures in {printable(name)} are not there"
            survey.notes.append(f"{what}: {few(missing)}")


def _names(location: Location, survey: _Survey) -> tuple[Mapping[str, str], str | None]:
    """Id -> class name, and a note where ids must do for names."""
    present = {synset for rows in survey.splits.values() for _, _, synset in rows}
    for file in MAPPINGS:
        if found := _beside(location, survey.tree, file):
            where, data = found
            names = readable(present, parse(data, where), whole=file != "words.txt")
            nameless = [key for key, name in names.items() if key == name]
            note = f"{printable(where)} has no name for {few(nameless)}; they are called by their ids"
            return names, note if nameless else None
    files = ", ".join(MAPPINGS[:-1])
    return readable(present, {}, True), f"there is no {files} or {MAPPINGS[-1]}; the classes are called by their ids"


def _solution(location: Location, tree: Tree, pictures: list[tuple[str, str]]) -> dict[str, str]:
    """Picture -> synset by the table of a flat val folder. Raises `InputError` for a line that names none."""
    answers: dict[str, str] = {}
    for file in SOLUTIONS:
        if not (found := _beside(location, tree, file)):
            continue
        where, data = found
        for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
            cells = [cell for cell in re.split(r"[,\s]+", line.strip()) if cell]
            if not cells or cells[0] == "ImageId":
                continue
            if len(cells) < 2 or not SYNSET.fullmatch(cells[1]):
                raise InputError(f"{printable(where)}:{number}: names no synset; it must be a picture, then its synset")
            answers[_stem(cells[0])] = cells[1]
        break
    return answers


def _beside(location: Location, tree: Tree, file: str) -> tuple[str, bytes] | None:
    """A table's name and bytes: within the tree, or, where it is Kaggle's, in a folder above it."""
    for name in tree.files:
        if name == file or name.endswith(f"/{file}"):
            return str(location.path / name), tree.read(name)
    if location.path.is_dir() and file.startswith("LOC_"):
        for folder in location.path.resolve().parents[:UP]:
            path = folder / file
            if path.is_file():
                return str(path), path.read_bytes()
    return None


def _stem(name: str) -> str:
    """What tables call a picture: its name without folders and ending."""
    return PurePosixPath(name).stem if name.lower().endswith((".jpeg", ".jpg", ".png")) else PurePosixPath(name).name
