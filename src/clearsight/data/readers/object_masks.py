"""A folder for each picture with a mask file for each object, the layout of the Data Science Bowl 2018:
`stage1_train/<id>/images/<id>.png`, `stage1_train/<id>/masks/*.png`.

What is not 0 is the object. All are of one class, or of the classes that `masks/<class>/*.png` names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.core.reader import DataInfo, Evidence, Location, by_split
from clearsight.core.sample import Masks, Sample, printable
from clearsight.data.readers import mask_faults
from clearsight.data.readers.faults import Faults
from clearsight.data.readers.index_objects import ObjectFiles
from clearsight.data.readers.mask_tables import OBJECT
from clearsight.data.readers.names import few, natural, natural_order, split_within
from clearsight.data.tree import Tree, is_tree, open_tree


@dataclass
class _Folder:
    """One picture's folder."""

    name: str
    pictures: list[str] = field(default_factory=list)
    masks: list[tuple[str, str]] = field(default_factory=list)  # class, member
    others: list[str] = field(default_factory=list)  # files among the masks that are no pictures
    empty: bool = False  # whether it has a folder of masks with nothing in it

    @property
    def marked(self) -> bool:
        """Whether it is annotated: it has masks, or a folder of them with nothing in it."""
        return bool(self.masks) or (self.empty and not self.others)


def sniff(location: Location) -> Evidence | None:
    """Sure where folders hold one picture in `images` and files in `masks`."""
    if not is_tree(location.path):
        return None
    tree = open_tree(location.path)
    found = [folder for folder in _folders(tree) if len(folder.pictures) == 1 and folder.masks]
    if not found or not any(len(folder.masks) > 1 for folder in found) or _outside(tree):
        return None
    return Evidence(0.96, f"a folder for each picture with a mask for each object: {few([f.name for f in found])}")


def info(location: Location) -> DataInfo:
    """Splits, classes, faults. Raises `InputError` where no folder is of this layout."""
    tree = open_tree(location.path)
    folders, faults = _gather(tree), Faults()
    labels = natural_order(label for folder in folders for label, _ in folder.masks) or (OBJECT,)
    faults.count("pictures", len(folders))
    for folder in _folders(tree):
        faults.count("folders")
        faults.count("mask files", len(folder.masks) + len(folder.others))
        if not folder.pictures:
            faults.add(mask_faults.BARE, printable(folder.name))
        elif len(folder.pictures) > 1:
            faults.add(mask_faults.SEVERAL, printable(folder.name))
        if folder.pictures and not folder.marked:
            faults.add(mask_faults.MISSING, printable(folder.pictures[0]))
        for name in folder.others:
            faults.add(mask_faults.NO_PICTURE_FILE, printable(name))
    splits = by_split(Counter(_split(tree, folder.name) for folder in folders))
    return DataInfo("object-masks", splits, labels, frozenset({"masks"}), faults=faults.all(), instances=True)


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in natural order."""
    tree = open_tree(location.path)
    for folder in _gather(tree):
        if _split(tree, folder.name) == split:
            image = tree.image(folder.pictures[0])
            files = tuple(tree.image(member) for _, member in folder.masks)
            labels = tuple(label for label, _ in folder.masks)
            masks = Masks("instances", ObjectFiles(image, files), labels) if folder.marked else None
            yield Sample(printable(folder.pictures[0].removeprefix(tree.heart)), image, masks=masks)


def _gather(tree: Tree) -> list[_Folder]:
    found = [folder for folder in _folders(tree) if folder.pictures]
    if not any(folder.masks for folder in found):
        what = "holds no folders with a picture in images and a file for each object in masks"
        raise InputError(f"{printable(str(tree.path))} {what}")
    return found


def _folders(tree: Tree) -> list[_Folder]:
    """The folders that have `images` or `masks` below them."""
    found: dict[str, _Folder] = {}
    for name in tree.files:
        parts = name.split("/")
        place = next((at for at, part in enumerate(parts[:-1]) if part.casefold() in ("images", "masks")), None)
        if place is None or (parts[place].casefold() == "images" and not is_picture(name)):
            continue
        folder = found.setdefault("/".join(parts[:place]), _Folder("/".join(parts[:place])))
        if parts[place].casefold() == "images":
            folder.pictures.append(name)
        elif is_picture(name):
            below = parts[place + 1 : -1]
            folder.masks.append((printable(below[0]) if below else OBJECT, name))
        else:
            folder.others.append(name)
    for name in tree.folders:
        above, _, last = name.rpartition("/")
        if last.casefold() == "masks" and above in found:
            found[above].empty = True
    for folder in found.values():
        folder.pictures.sort(key=natural)
        folder.masks.sort(key=lambda pair: (natural(pair[1].rpartition("/")[2]), pair[1]))  # whatever their class
    return sorted(found.values(), key=lambda folder: natural(folder.name))


def _outside(tree: Tree) -> bool:
    """Whether most folders hold several pictures, so that masks are one for each of them."""
    folders = [folder for folder in _folders(tree) if folder.pictures]
    return sum(len(folder.pictures) > 1 for folder in folders) * 2 > len(folders)


def _split(tree: Tree, folder: str) -> str:
    parts = folder.split("/")[:-1]
    return next((split for part in reversed(parts) if (split := split_within(part))), "train")
