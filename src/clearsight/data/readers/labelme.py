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
from clearsight.data.readers import box_faults, mask_faults
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.boxes import Box, Picture
from clearsight.data.readers.drawn import Patch
from clearsight.data.readers.marks import Groups, note_polygons
from clearsight.data.readers.mask_values import values_of
from clearsight.data.readers.names import few, natural_order, split_of
from clearsight.data.readers.rings import Ring
from clearsight.data.readers.values import outline, read_json
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


def _gather(location: Location) -> BoxSet:
    tree, gathered = open_tree(location.path), BoxSet()
    seen: set[str] = set()
    for name in _json_files(tree):
        data = read_json(tree, name)
        gathered.faults.count("files")
        if not _is_labelme(data):
            gathered.faults.add(box_faults.FOREIGN, printable(str(tree.path / name)))
            continue
        picture = _picture(tree, name, data, gathered, seen)
        _flags(picture, data.get("flags"))
        _shapes(picture, data["shapes"], gathered)
        gathered.pictures.append(picture)
    if not gathered.pictures:
        place = printable(str(location.path))
        raise InputError(f"{place} holds no file of Labelme's: a JSON with 'shapes' beside each picture")
    for name in tree.files:
        if is_picture(name) and posixpath.normpath(name) not in seen:
            gathered.faults.add(box_faults.UNMARKED, printable(name))
            key = gathered.key(name)
            gathered.pictures.append(Picture(key, tree.image(name), _split(tree, name), annotated=False))
    note_polygons(gathered)
    return gathered


def _json_files(tree: Tree) -> list[str]:
    return [name for name in tree.files if name.lower().endswith(".json")]


def _is_labelme(data: Any) -> bool:
    return (
        isinstance(data, dict) and isinstance(data.get("shapes"), list) and ("imagePath" in data or "imageData" in data)
    )


def _picture(tree: Tree, name: str, data: dict[str, Any], gathered: BoxSet, seen: set[str]) -> Picture:
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
        gathered.faults.add(box_faults.MISSING, f"{where}: {printable(member)}")
    seen.add(member)
    picture = Picture(gathered.key(key), image, _split(tree, name), source=where)
    gathered.say_size(picture, data.get("imageHeight"), data.get("imageWidth"), "size")
    return picture


def _split(tree: Tree, name: str) -> str:
    """The split that the uppermost folder names."""
    return split_of(name.split("/")[0]) or split_of(name.removeprefix(tree.heart).split("/")[0]) or "train"


def _flags(picture: Picture, flags: Any) -> None:
    """Labels of the whole picture: the flags that are set. A file without flags says nothing of them."""
    if not flags:
        return
    if not isinstance(flags, dict):
        raise InputError(f"{picture.source}: 'flags' must be names with true or false; save it with Labelme again")
    picture.labels = natural_order(printable(flag) for flag, value in flags.items() if value)


def _shapes(picture: Picture, shapes: list[Any], gathered: BoxSet) -> None:
    groups = Groups()
    for number, shape in enumerate(shapes, 1):
        where = f"shape {number}"
        if not isinstance(shape, dict):
            raise InputError(f"{picture.source}: {where} is not as Labelme writes it; save it with Labelme again")
        label, kind = printable(str(shape.get("label") or "").strip()), shape.get("shape_type") or "polygon"
        corners, group = outline(shape.get("points")), shape.get("group_id")
        gathered.faults.count("shapes")
        if kind == "rectangle" and corners is None:
            gathered.refuse(box_faults.NO_NUMBERS, picture.place(where))
        elif kind == "rectangle" and corners is not None:
            edges = _edges(corners)
            if edges is None:
                gathered.refuse(box_faults.NO_RECTANGLE, picture.place(where))
            else:
                gathered.add(picture, Box(label, edges, where))
        elif kind in ("polygon", "circle"):
            ring = _circle(corners) if kind == "circle" else corners
            groups.of(label, group, where).rings.append(ring)
        elif kind == "mask":
            patch = _patch(shape.get("mask"), corners, f"{picture.source}: {where}")
            if patch is None:
                gathered.refuse(mask_faults.NO_RUNS, picture.place(where))
            else:
                groups.of(label, group, where).patches.append(patch)
        else:
            gathered.faults.add(box_faults.other_kind(str(kind)), picture.place(where))
    groups.add(picture, gathered)


def _edges(corners: Ring) -> tuple[float, float, float, float] | None:
    """x1, y1, x2, y2 of a rectangle by any two opposite corners, as they were drawn, or by all four; None where they are none
    of an upright one."""
    if len(corners) not in (2, 4):
        return None
    columns, rows = zip(*corners, strict=True)
    left, top, right, bottom = min(columns), min(rows), max(columns), max(rows)
    found = {(round(x, 3), round(y, 3)) for x, y in corners}
    whole = {(round(x, 3), round(y, 3)) for x in (left, right) for y in (top, bottom)}
    return (left, top, right, bottom) if len(corners) == 2 or found == whole else None


def _patch(text: Any, corners: Ring | None, where: str) -> Patch | None:
    """A mask as the picture of a window, by its first pixel and its last; None where it is none, or of another size."""
    if not isinstance(text, str) or corners is None or len(corners) != 2:
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


def _circle(corners: Ring | None) -> Ring | None:
    """A circle, given by its centre and a point on it, as a polygon; None where these are no numbers."""
    if corners is None:
        return None
    if len(corners) != 2:
        return ()
    (x, y), (at_x, at_y) = corners
    radius = math.hypot(at_x - x, at_y - y)
    turns = [2 * math.pi * corner / CORNERS for corner in range(CORNERS)]
    return tuple((x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns) if radius else ()
