"""CVAT's "CVAT for images 1.1": `annotations.xml`, alone or in a folder or zip with the pictures in `images/`.

A `<tag>` is a label of the whole picture, `<box>` fills its boxes, `<polygon>` and `<mask>` its masks. `subset` names its
split.
Format: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.image import MAX_PIXELS, is_picture
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import Sample, printable
from clearsight.data.readers import mask_faults
from clearsight.data.readers.boxes import FAR, number
from clearsight.data.readers.drawn import Patch
from clearsight.data.readers.marks import Gathered, Marked, numbers, side
from clearsight.data.readers.names import count, few, natural_order, split_of
from clearsight.data.readers.rings import Ring
from clearsight.data.readers.safe_xml import parse
from clearsight.data.tree import FolderTree, Tree, is_tree, open_tree

HEAD = 2**13
"""Bytes of a file that sniffing looks at."""


def sniff(location: Location) -> Evidence | None:
    """Sure of a file `annotations.xml`, or an XML file named, whose root is `<annotations>`."""
    tree, files = _files(location)
    if tree is None or not files:
        return None
    head = tree.read(files[0])[:HEAD]
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


def _gather(location: Location) -> Gathered:
    tree, files = _files(location)
    if tree is None or not files:
        raise InputError(
            f"{printable(str(location.path))} holds no annotations.xml; export it as 'CVAT for images 1.1'"
        )
    gathered, members = Gathered(), set[str]()
    attributes: dict[str, None] = {}
    subsets: dict[str, None] = {}
    for name in files:
        where = printable(str(tree.path / name))
        root = parse(tree.read(name), where)
        if root.tag != "annotations":
            raise InputError(f"{where} is no file of CVAT: its root is <{root.tag}>, not <annotations>")
        if root.find("track") is not None:
            raise InputError(f"{where} holds tracks of a video; export it as 'CVAT for images 1.1'")
        gathered.declared += [label.text or "" for label in root.iterfind("meta//labels/label/name")]
        folder = posixpath.dirname(name)
        for element in root.iterfind("image"):
            picture, member = _picture(tree, folder, element, gathered, subsets, where)
            members.add(member)
            attributes.update(dict.fromkeys(str(found.get("name")) for found in element.iterfind("*/attribute")))
            gathered.pictures.append(picture)
    if not gathered.pictures:
        raise InputError(f"{printable(str(location.path))}: its annotations name no picture; export it again")
    _say(gathered, tree, members if is_tree(location.path) else None, list(attributes), list(subsets))
    return gathered


def _say(gathered: Gathered, tree: Tree, members: set[str] | None, attributes: list[str], subsets: list[str]) -> None:
    """Notes on what was read in a way of its own or not at all."""
    if attributes:
        gathered.notes.append(f"attributes are not read: {few(attributes, 10)}")
    if subsets:
        gathered.notes.append(f"subsets that name none of train, val, test are read as train: {few(subsets, 10)}")
    untagged = [picture.key for picture in gathered.pictures if picture.labels is None]
    if untagged and len(untagged) < len(gathered.pictures):
        what = f"{count(len(untagged), 'picture')} without a tag, taken as not annotated with labels"
        gathered.notes.append(f"{what}: {few(untagged)}")
    if members is not None:
        others = [name for name in tree.files if is_picture(name) and name not in members]
        if others:
            gathered.notes.append(f"{count(len(others), 'picture')} that no annotation names, left out: {few(others)}")


def _picture(
    tree: Tree, folder: str, element: Element, gathered: Gathered, subsets: dict[str, None], where: str
) -> tuple[Marked, str]:
    """One `<image>` with what is drawn on it, and where its picture is."""
    name = str(element.get("name") or "").replace("\\", "/")
    if not name or "\0" in name:
        raise InputError(f"{where}: an <image> without a name; export it again")
    here = f"{where}: {printable(name)}"
    size = side(element.get("height"), here), side(element.get("width"), here)
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
        gathered.missing.append(member)
    picture = Marked(gathered.key(member), tree.image(member), split or "train", said=size, source=where)
    tags: list[str] = []
    for place, mark in enumerate(element, 1):
        label, at = printable((mark.get("label") or "").strip()), f"{here}: <{mark.tag}> {place}"
        if mark.tag == "tag":
            tags += [label] if label else []
        elif mark.tag == "box" and numbers([mark.get("rotation") or 0], at)[0] % 360:
            gathered.leave_out("rotated boxes", picture.key)
        elif mark.tag == "box":
            edges = numbers([mark.get(edge) for edge in ("xtl", "ytl", "xbr", "ybr")], at)
            gathered.add_box(picture, label, edges, f"<box> {place}")
        elif mark.tag == "polygon":
            gathered.add_polygon(picture, label, [_ring(mark.get("points") or "", at)], f"<polygon> {place}")
        elif mark.tag == "mask":
            _mask(picture, label, mark, f"<mask> {place}", gathered)
        else:
            gathered.leave_out(f"shapes of the kind <{mark.tag}>", picture.key)
    picture.labels = natural_order(tags) or None
    return picture, member


def _mask(picture: Marked, label: str, mark: Element, where: str, gathered: Gathered) -> None:
    """A mask by its run lengths, row by row, within a window of the picture."""
    edges = [number(mark.get(edge)) for edge in ("top", "left", "height", "width")]
    counts = [number(part) for part in (mark.get("rle") or "").split(",")]
    if not all(value.is_integer() and 0 <= value < FAR for value in (*edges, *counts)):
        gathered.refuse_mask(mask_faults.NO_RUNS, picture, where)
        return
    top, left, height, width = map(int, edges)
    lengths = [int(value) for value in counts]
    if sum(lengths) != height * width or height * width > MAX_PIXELS:
        gathered.refuse_mask(mask_faults.NO_RUNS, picture, where)
        return
    flat = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    gathered.add_mask(picture, label, Patch.of(flat.reshape(height, width), top, left), where)


def _ring(text: str, where: str) -> Ring:
    """Points of "x,y;x,y"."""
    pairs = [numbers(pair.split(","), where) for pair in text.split(";") if pair.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise InputError(f"{where} has points that are not x and y; export it again")
    return tuple((pair[0], pair[1]) for pair in pairs)
