"""Labelme's files: a JSON beside each picture, `1.jpg` and `1.json`, in a folder or a zip, below train and val or not.

`flags` are labels of the whole picture, rectangles its boxes, polygons, circles and masks its masks; shapes of one label
and `group_id` are one instance. Format: https://github.com/wkentaro/labelme, `labelme/label_file.py`.
"""

from __future__ import annotations

import base64
import math
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from clearsight.core.errors import BadImage, InputError
from clearsight.core.image import is_picture
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import ImageSource, Sample, printable
from clearsight.data.readers import mask_faults
from clearsight.data.readers.drawn import Joined, Patch, Rings, Shape
from clearsight.data.readers.marks import Gathered, Marked, points, read_json, side
from clearsight.data.readers.mask_values import values_of
from clearsight.data.readers.names import count, few, natural_order, split_of
from clearsight.data.readers.rings import Ring
from clearsight.data.tree import Tree, is_tree, open_tree

CORNERS = 64
"""Corners of the polygon that stands for a circle: it is off by an eight hundredth of the radius at most."""


@dataclass(frozen=True)
class EmbeddedImage(ImageSource):
    """A picture in its own annotation file, as base64."""

    path: Path  # the folder or zip
    member: str

    @property
    def name(self) -> str:  # type: ignore[override]
        return printable(str(self.path / self.member))

    def encoded(self) -> bytes:
        try:
            data = read_json(open_tree(self.path), self.member)
            return base64.b64decode(data["imageData"], validate=True)
        except BadImage:
            raise
        except InputError as error:
            raise BadImage(self.name, str(error)) from None
        except (KeyError, TypeError, ValueError):
            raise BadImage(self.name, "holds no picture in imageData, or a damaged one") from None


@dataclass(frozen=True)
class BytesImage(ImageSource):
    """A picture that is a file's bytes."""

    name: str
    data: bytes = field(repr=False)

    def encoded(self) -> bytes:
        return self.data


def sniff(location: Location) -> Evidence | None:
    """Sure where a JSON file that has the name of a picture beside it, or is alone, lists shapes."""
    if not is_tree(location.path):
        return None
    tree = open_tree(location.path)
    files = _json_files(tree)
    beside = {name.rpartition(".")[0] for name in tree.files if is_picture(name)}
    first = next((name for name in files if name.rpartition(".")[0] in beside), files[0] if files else None)
    if first is None:
        return None
    try:
        found = read_json(tree, first)
    except InputError:
        return None
    return Evidence(0.95, f"Labelme's files: {few(files)}") if _is_labelme(found) else None


def info(location: Location) -> DataInfo:
    """Splits, labels, what was left out. Raises `InputError` with the file that is not as it must be."""
    return _gather(location).info("labelme")


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the order of their annotation files, then those without one."""
    return _gather(location).samples(split)


def _gather(location: Location) -> Gathered:
    tree, gathered = open_tree(location.path), Gathered()
    others: list[str] = []
    seen: set[str] = set()
    for name in _json_files(tree):
        data = read_json(tree, name)
        if not _is_labelme(data):
            others.append(name)
            continue
        picture = _picture(tree, name, data, gathered, seen)
        where = printable(str(tree.path / name))
        _flags(picture, data.get("flags"), where)
        _shapes(picture, data["shapes"], gathered, where)
        gathered.pictures.append(picture)
    if not gathered.pictures:
        place = printable(str(location.path))
        raise InputError(f"{place} holds no file of Labelme's: a JSON with 'shapes' beside each picture")
    alone = [name for name in tree.files if is_picture(name) and posixpath.normpath(name) not in seen]
    for name in alone:
        key = gathered.key(name)
        gathered.pictures.append(Marked(key, tree.image(name), _split(tree, name), annotated=False))
    if alone:
        gathered.notes.append(f"{count(len(alone), 'picture')} without an annotation file: {few(alone)}")
    if others:
        gathered.notes.append(f"{count(len(others), 'JSON file')} of something else: {few(others)}")
    return gathered


def _json_files(tree: Tree) -> list[str]:
    return [name for name in tree.files if name.lower().endswith(".json")]


def _is_labelme(data: Any) -> bool:
    return (
        isinstance(data, dict) and isinstance(data.get("shapes"), list) and ("imagePath" in data or "imageData" in data)
    )


def _picture(tree: Tree, name: str, data: dict[str, Any], gathered: Gathered, seen: set[str]) -> Marked:
    """The picture of an annotation file: where it says, else beside it by its name, else within it."""
    where = printable(str(tree.path / name))
    said = data.get("imagePath")
    said = said.replace("\\", "/") if isinstance(said, str) and "\0" not in said else ""
    folder = posixpath.dirname(name)
    member = posixpath.normpath(posixpath.join(folder, said)) if said else name
    beside = posixpath.join(folder, PurePosixPath(said).name)
    member = next((candidate for candidate in (member, beside) if said and tree.has(candidate)), member)
    image: ImageSource
    if said and tree.has(member):
        image, key = tree.image(member), member
    elif data.get("imageData"):
        image, key = EmbeddedImage(tree.path, name), name
    else:
        image, key = tree.image(member), member
        gathered.missing.append(member)
    seen.add(member)
    sides = data.get("imageHeight"), data.get("imageWidth")
    size = (side(sides[0], where), side(sides[1], where)) if None not in sides else None
    return Marked(gathered.key(key), image, _split(tree, name), said=size, source=where)


def _split(tree: Tree, name: str) -> str:
    """The split that the uppermost folder names."""
    return split_of(name.split("/")[0]) or split_of(name.removeprefix(tree.heart).split("/")[0]) or "train"


def _flags(picture: Marked, flags: Any, where: str) -> None:
    """Labels of the whole picture: the flags that are set. A file without flags says nothing of them."""
    if not flags:
        return
    if not isinstance(flags, dict):
        raise InputError(f"{where}: 'flags' must be names with true or false; save it with Labelme again")
    picture.labels = natural_order(printable(flag) for flag, value in flags.items() if value)


def _shapes(picture: Marked, shapes: list[Any], gathered: Gathered, where: str) -> None:
    groups: dict[tuple[str, Any], _Group] = {}
    for number, shape in enumerate(shapes, 1):
        here = f"{where}: shape {number}"
        if not isinstance(shape, dict):
            raise InputError(f"{here} is not as Labelme writes it; save it with Labelme again")
        label, kind = printable(str(shape.get("label") or "").strip()), shape.get("shape_type") or "polygon"
        corners = points(shape.get("points"), here)
        group = shape.get("group_id")
        own = (label, f"#{number}" if group is None else str(group))
        if kind == "rectangle" and len(corners) == 2:
            gathered.add_box(picture, label, (*corners[0], *corners[1]), f"shape {number}")
        elif kind in ("polygon", "circle"):
            ring = _circle(corners) if kind == "circle" else corners
            groups.setdefault(own, _Group(number)).rings.append(ring)
        elif kind == "mask":
            patch = _patch(shape.get("mask"), corners, here)
            if patch is None:
                gathered.refuse_mask(mask_faults.NO_RUNS, picture, f"shape {number}")
            else:
                groups.setdefault(own, _Group(number)).patches.append(patch)
        else:
            gathered.leave_out(f"shapes of the kind {printable(str(kind))!r}", picture.key)
    for (label, _), found in groups.items():
        found.add(picture, label, gathered)


@dataclass
class _Group:
    """The shapes of one instance; a shape without a group is one."""

    first: int  # the number of its first shape
    rings: list[Ring] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)

    def add(self, picture: Marked, label: str, gathered: Gathered) -> None:
        """The instance, put with its picture."""
        where = f"shape {self.first}"
        if not self.patches:
            gathered.add_polygon(picture, label, self.rings, where)
            return
        whole = tuple(ring for ring in self.rings if len(ring) > 2)
        shapes: tuple[Shape, ...] = (*self.patches, *((Rings(whole),) if whole else ()))
        gathered.add_mask(picture, label, shapes[0] if len(shapes) == 1 else Joined(shapes), where)


def _patch(text: Any, corners: Ring, where: str) -> Patch | None:
    """A mask as the picture of a window, by its first pixel and its last; None where it is none, or of another size."""
    if not isinstance(text, str) or len(corners) != 2:
        return None
    (left, top), (right, bottom) = ((round(x), round(y)) for x, y in corners)
    try:
        data = base64.b64decode(text, validate=True)
        mask = values_of(BytesImage(where, data)) != 0
    except (BadImage, ValueError):
        return None
    if mask.shape != (bottom - top + 1, right - left + 1):
        return None
    return Patch.of(mask, top, left)


def _circle(corners: Ring) -> Ring:
    """A circle, given by its centre and a point on it, as a polygon."""
    if len(corners) != 2:
        return ()
    (x, y), (at_x, at_y) = corners
    radius = math.hypot(at_x - x, at_y - y)
    turns = [2 * math.pi * corner / CORNERS for corner in range(CORNERS)]
    return tuple((x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns) if radius else ()
