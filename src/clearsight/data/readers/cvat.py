"""CVAT's "CVAT for images 1.1": `annotations.xml`, alone or in a folder or zip with the pictures in `images/`.

A `<tag>` is a label of the whole picture, `<box>` fills its boxes, `<polygon>` and `<mask>` its masks; those of one label and
`group_id` are one instance. `subset` names its split.
Format: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.image import MAX_PIXELS
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import Sample, printable
from clearsight.data.readers import box_faults, mask_faults
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.boxes import Box, Picture
from clearsight.data.readers.drawn import Patch
from clearsight.data.readers.marks import Groups, note_polygons
from clearsight.data.readers.names import count, few, natural_order, split_of
from clearsight.data.readers.safe_xml import parse
from clearsight.data.readers.values import FAR, number, outline
from clearsight.data.tree import FolderTree, Tree, around, is_tree, open_tree

HEAD = 2**13
"""Bytes of a file that sniffing looks at."""

DRAWN = frozenset({"any", "rectangle", "polygon", "mask"})
"""Types of labels that boxes or masks bear; others, as "tag" and "points", name what they do not."""


def sniff(location: Location) -> Evidence | None:
    """Sure of a file `annotations.xml`, or an XML file named, whose root is `<annotations>`."""
    tree, files = _files(location)
    if tree is None or not files:
        return None
    head = tree.head(files[0], HEAD)
    known = b"<annotations" in head and any(mark in head for mark in (b"<meta", b"<image ", b"<version"))
    return Evidence(0.96, f"annotations of CVAT: {few(files)}") if known else None


def info(location: Location) -> DataInfo:
    """Splits, labels, what was left out. Raises `InputError` with the file that is not as it must be."""
    return _gather(location).info("cvat")


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the order of the file."""
    return _gather(location).samples(split)


def _files(location: Location) -> tuple[Tree | None, list[str]]:
    """The tree that pictures are looked for in, and its annotation files: several tasks have one each."""
    path = location.path
    if is_tree(path):
        tree = open_tree(path)
        files = [name for name in tree.files if PurePosixPath(name).name.lower() == "annotations.xml"]
        top = [
            name
            for name in tree.files
            if name.lower().endswith(".xml") and name.removeprefix(tree.heart).count("/") == 0
        ]
        return tree, files or (top if len(top) == 1 else [])
    if path.is_file() and path.suffix.lower() == ".xml":
        return FolderTree(path.parent), [path.name]
    return None, []


def _gather(location: Location) -> BoxSet:
    tree, files = _files(location)
    if tree is None or not files:
        raise InputError(
            f"{printable(str(location.path))} holds no annotations.xml; export it as 'CVAT for images 1.1'"
        )
    gathered, members = BoxSet(), set[str]()
    attributes: dict[str, None] = {}
    subsets: dict[str, None] = {}
    for name in files:
        where = printable(str(tree.path / name))
        root = parse(tree.read(name), where)
        if root.tag != "annotations":
            raise InputError(f"{where} is no file of CVAT: its root is <{root.tag}>, not <annotations>")
        if root.find("track") is not None:
            raise InputError(f"{where} holds tracks of a video; export it as 'CVAT for images 1.1'")
        _declare(root, gathered)
        folder = posixpath.dirname(name)
        for element in root.iterfind("image"):
            picture, member = _picture(tree, folder, element, gathered, subsets, where)
            members.add(member)
            attributes.update(dict.fromkeys(str(found.get("name")) for found in element.iterfind("*/attribute")))
            gathered.pictures.append(picture)
    if not gathered.pictures:
        raise InputError(f"{printable(str(location.path))}: its annotations name no picture; export it again")
    _say(gathered, list(attributes), list(subsets))
    gathered.name_unlisted(around(location.path, tree, members), members)
    return gathered


def _declare(root: Element, gathered: BoxSet) -> None:
    """The labels of a task or a project in their order."""
    for label in root.iterfind("meta//labels/label"):
        if name := printable((label.findtext("name") or "").strip()):
            gathered.declared.append(name)
            if (label.findtext("type") or "any") not in DRAWN:
                gathered.undrawn.add(name)


def _say(gathered: BoxSet, attributes: list[str], subsets: list[str]) -> None:
    """Notes on what was read in a way of its own or not at all."""
    if attributes:
        gathered.notes.append(f"attributes are not read: {few(attributes, 10)}")
    if subsets:
        gathered.notes.append(f"subsets that name none of train, val, test are read as train: {few(subsets, 10)}")
    untagged = [picture.key for picture in gathered.pictures if picture.labels is None]
    if untagged and len(untagged) < len(gathered.pictures):
        what = f"{count(len(untagged), 'picture')} without a tag, taken as not annotated with labels"
        gathered.notes.append(f"{what}: {few(untagged)}")
    note_polygons(gathered)


def _picture(
    tree: Tree, folder: str, element: Element, gathered: BoxSet, subsets: dict[str, None], where: str
) -> tuple[Picture, str]:
    """One `<image>` with what is drawn on it, and where its picture is."""
    name = str(element.get("name") or "").replace("\\", "/")
    if not name or "\0" in name:
        raise InputError(f"{where}: an <image> without a name; export it again")
    subset = element.get("subset") or ""
    split = split_of(subset)
    if split is None and subset.casefold() not in ("", "default"):
        subsets[printable(subset)] = None
    places = [
        posixpath.join("images", subset, name),
        posixpath.join("images", name),
        posixpath.join(subset, name),
        name,
    ]
    places = [posixpath.normpath(posixpath.join(folder, place)) for place in places]
    member = next((place for place in places if tree.has(place)), places[1])
    if not tree.has(member):
        gathered.faults.add(box_faults.MISSING, f"{where}: {printable(member)}")
    picture = Picture(gathered.key(member), tree.image(member), split or "train", source=where)
    gathered.say_size(picture, element.get("height"), element.get("width"), "<image>")
    tags: list[str] = []
    groups = Groups()
    for place, mark in enumerate(element, 1):
        label, at = printable((mark.get("label") or "").strip()), f"<{mark.tag}> {place}"
        gathered.faults.count("shapes")
        if mark.tag == "tag" and not label:
            gathered.faults.add(box_faults.NO_TAG, picture.place(at))
        elif mark.tag == "tag":
            tags.append(label)
        elif mark.tag == "box" and number(mark.get("rotation") or 0) % 360:
            gathered.refuse(box_faults.ROTATED, picture.place(at))
        elif mark.tag == "box":
            x1, y1, x2, y2 = (number(mark.get(edge)) for edge in ("xtl", "ytl", "xbr", "ybr"))
            gathered.add(picture, Box(label, (x1, y1, x2, y2), at))
        elif mark.tag == "polygon":
            pairs = [pair.split(",") for pair in (mark.get("points") or "").split(";") if pair.strip()]
            groups.of(label, _group(mark), at).rings.append(outline(pairs))
        elif mark.tag == "mask" and (patch := _patch(mark)) is not None:
            groups.of(label, _group(mark), at).patches.append(patch)
        elif mark.tag == "mask":
            gathered.refuse(mask_faults.NO_RUNS, picture.place(at))
        else:
            gathered.faults.add(box_faults.other_kind(mark.tag), picture.place(at))
    groups.add(picture, gathered)
    picture.labels = natural_order(tags) or None
    return picture, member


def _group(mark: Element) -> str | None:
    """The group of a shape; 0 is none."""
    found = mark.get("group_id")
    return None if found in ("", "0") else found


def _patch(mark: Element) -> Patch | None:
    """A mask by its run lengths, row by row, within a window of the picture; None where these are damaged."""
    edges = [number(mark.get(edge)) for edge in ("top", "left", "height", "width")]
    counts = [number(part) for part in (mark.get("rle") or "").split(",")]
    if not all(value.is_integer() and 0 <= value < FAR for value in (*edges, *counts)):
        return None
    top, left, height, width = map(int, edges)
    lengths = [int(value) for value in counts]
    if sum(lengths) != height * width or height * width > MAX_PIXELS:
        return None
    flat = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    return Patch.of(flat.reshape(height, width), top, left)
