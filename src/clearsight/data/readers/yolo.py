"""YOLO's text files in Ultralytics' layout: `data.yaml`, pictures in `images`, a text file for each in `labels`.

A line is a class's number, then centre and size of a box as shares of the picture's sides, or a polygon. Where a set has
polygons throughout they are masks too, each with the box around it; where some lines are boxes, a polygon counts as the box
around it. An empty file says that nothing is there; so does a missing one, by YOLO's convention.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import Sample, printable
from clearsight.data.readers import box_faults, mask_faults
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.boxes import Box, Picture
from clearsight.data.readers.drawn import Drawing, Rings
from clearsight.data.readers.names import count, few
from clearsight.data.readers.scanning import scan
from clearsight.data.readers.values import centred, number, outline
from clearsight.data.readers.yolo_files import Named, YoloFile, below, candidates, label_of, labels_of, open_file
from clearsight.data.tree import Tree

SPARE = frozenset({"classes.txt", "labels.txt", "notes.txt", "readme.txt"})
"""Text files that lie among labels and are none."""

SHARES = 1e4
"""Shares of a picture's side beyond which a coordinate is a mistake."""


def sniff(location: Location) -> Evidence | None:
    """Sure of a YAML file that names classes and the pictures of splits; less of several."""
    tree, files = candidates(location)
    if tree is None or not files:
        return None
    return Evidence(0.96 if len(files) == 1 else 0.5, f"YOLO's layout by {few(files)}")


def info(location: Location) -> DataInfo:
    """Splits, classes in the order of their numbers, faults. Raises `InputError` with the file that is not as it must be."""
    return _gather(location, None).info("yolo")


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the order of their names, or of its list. Their headers are read: boxes are shares."""
    return _gather(location, split).samples(split)


def _gather(location: Location, split: str | None) -> BoxSet:
    """All pictures; with `split`, the labels of that split alone."""
    tree, files = candidates(location)
    place = printable(str(location.path))
    if tree is None or len(files) != 1:
        lacking = "no data.yaml with names:, train: and val:"
        raise InputError(f"{place} holds {f'several, {few(files)}; name the one that is meant' if files else lacking}")
    file = open_file(tree, files[0])
    gathered = BoxSet(notes=file.notes, shares=True, corners=False)
    gathered.declare(list(file.names.values()), "numbers", file.where)
    outlines: list[str] = []
    found = {own: list(file.pictures(own)) for own in file.entries}
    members = {named.member for several in found.values() for named in several}
    masked = _outlined(file, members)
    for own, several in found.items():
        outlines += _add_split(file, own, several, gathered, look=split in (None, own), masked=masked)
    if outlines and masked:
        gathered.notes.append("boxes are those around the polygons")
    for place in () if masked else outlines:
        gathered.faults.add(box_faults.AROUND, place)
    if not gathered.pictures:
        raise InputError(f"{file.where} names no folder or list that holds pictures")
    if split is None:
        _strays(file, members, gathered)
    return gathered


def _add_split(
    file: YoloFile, split: str, found: Sequence[Named], gathered: BoxSet, *, look: bool, masked: bool
) -> list[str]:
    """The pictures of one split; `look` is whether their labels are read, `masked` whether polygons are masks. Gives the
    places of polygons."""
    labels = [label_of(named.member) for named in found]
    there = [look and file.tree.has(label) for label in labels]
    known = not look or any(there)
    outlines: list[str] = []
    for named, label, marked in zip(found, labels, there, strict=True):
        key, source = gathered.key(named.member), printable(str(file.tree.path / label))
        picture = Picture(key, file.tree.image(named.member), split, annotated=known, source=source)
        gathered.pictures.append(picture)
        if not file.tree.has(named.member):
            gathered.faults.add(box_faults.MISSING, f"{named.by}: {printable(named.member)}")
        if marked:
            outlines += _read_labels(file, label, picture, gathered, masked)
        elif look and known:
            gathered.faults.add(box_faults.NO_LABEL_FILE, key)
    if found and not known:
        what = f"{split} has no label file at all: its {count(len(found), 'picture')} taken as not annotated"
        gathered.notes.append(what)
    return outlines


def _outlined(file: YoloFile, members: Iterable[str]) -> bool:
    """Whether the lines of all pictures' label files are polygons, and there is one."""
    if file.poses:
        return False
    labels = sorted(map(label_of, members))
    forms = set().union(*scan(file.tree, [label for label in labels if file.tree.has(label)], _forms))
    return forms == {"polygon"}


def _forms(tree: Tree, label: str) -> frozenset[str]:
    """Which kinds of lines a label file has: polygons, and others that are boxes or nothing known."""
    try:
        lines = tree.read(label).decode("utf-8", "replace").splitlines()
    except InputError:
        return frozenset()
    counts = {len(line.split()) for line in lines} - {0}
    return frozenset("polygon" if number > 6 and number % 2 else "other" for number in counts if number > 4)


def _read_labels(file: YoloFile, label: str, picture: Picture, gathered: BoxSet, masked: bool) -> Iterator[str]:
    """Adds the boxes of one label file; gives the place of each that was a polygon."""
    text = file.tree.read(label).decode("utf-8", "replace")
    for line, content in enumerate(text.splitlines(), 1):
        values = [number(word) for word in content.split()]
        where = f"line {line}"
        if not values:
            continue
        polygon = len(values) > 6 and len(values) % 2 == 1 and not file.poses
        whole = len(values) == 5 or polygon or (file.poses and len(values) > 5)
        if not whole or not values[0].is_integer():
            gathered.refuse(box_faults.NO_LINE, picture.place(where))
        elif (name := file.names.get(int(values[0]))) is None:
            gathered.refuse(box_faults.NO_CLASS, picture.place(f"{where}: class {int(values[0])}"))
        else:
            corners = _around(values[1:]) if polygon else centred(*values[1:5])
            gathered.add(picture, Box(name, corners, where))
            if polygon:
                yield picture.place(where)
            if polygon and masked:
                ring = outline(list(zip(values[1::2], values[2::2], strict=True)), SHARES)
                if ring is not None:
                    gathered.add_mask(picture, Drawing(name, Rings((ring,), shares=True), where))
                else:
                    gathered.refuse(mask_faults.NO_OUTLINE, picture.place(where))


def _around(values: Sequence[float]) -> tuple[float, float, float, float]:
    """The box around a polygon x, y, x, y, …"""
    if not all(map(math.isfinite, values)):
        return (math.nan,) * 4
    x, y = values[::2], values[1::2]
    return min(x), min(y), max(x), max(y)


def _strays(file: YoloFile, members: set[str], gathered: BoxSet) -> None:
    """Pictures that are there and no entry names, and label files that belong to no picture: of folders that labels of named
    pictures lie in, and of all below those that belong to the entries."""
    there = list(below(file.tree, file.bases[0]))
    gathered.name_unlisted(there, members)
    known = {label_of(name) for name in members.union(filter(is_picture, there))}
    homes = {posixpath.dirname(label_of(member)) for member in members}
    files = {name for home in homes for name in below(file.tree, home) if posixpath.dirname(name) == home}
    for entry in chain(*file.entries.values()):
        if (home := labels_of(entry)) != entry:  # beside pictures lie other texts too
            files.update(below(file.tree, home))
    for name in sorted(files):
        base = posixpath.basename(name).lower()
        if base.endswith(".txt") and base not in SPARE:
            gathered.faults.count("files")
            if name not in known:
                gathered.faults.add(box_faults.ORPHANS, printable(str(file.tree.path / name)))
