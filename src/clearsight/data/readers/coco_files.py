"""Which files of a place are COCO's, which split each is of, and where the pictures of each lie."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from clearsight.core.image import is_picture
from clearsight.core.reader import Location
from clearsight.data.readers.names import split_within, words_of
from clearsight.data.tree import FolderTree, Tree, is_tree, open_tree

HEAD = 2**16
"""Bytes of a file by which it is known."""

MANY = 50
"""JSON files beyond which they are one for each picture, and only those that are called COCO's are looked into."""

ANNOTATIONS = frozenset({"annotations", "annotation", "labels"})
"""Names of folders that hold annotation files alone, the pictures being beside them."""

_TABLES = rb'"(images|annotations|categories)"\s*:\s*\['
_BY_NAME = re.compile(r"coco|instances")
_TAG = re.compile(r"^_?(instances|annotations|coco)(?=[_\W]|$)[_\W]*|[_\W]*(?<![a-z])(coco|annotations)$")


@dataclass(frozen=True)
class CocoFile:
    """One annotation file: its name in the tree, and the split of its pictures."""

    name: str
    split: str
    guessed: bool = False  # whether nothing names the split

    @cached_property
    def folders(self) -> list[str]:
        """Where its pictures may lie, likeliest first: `train2017` beside `annotations`, `images/train`, beside it …"""
        here = posixpath.dirname(self.name)
        base = posixpath.dirname(here) if PurePosixPath(here).name.casefold() in ANNOTATIONS else here
        tag = _TAG.sub("", _stem(self.name))
        called = [word for word in dict.fromkeys((tag, *words_of(self.split))) if word]
        parts = [*called, *(f"images/{word}" for word in called), "images", "data", ""]
        return list(dict.fromkeys([*(posixpath.join(base, part) for part in parts), here, f"{here}/images"]))


@dataclass(frozen=True)
class CocoFiles:
    """The annotation files of a place that are read, and those that are not."""

    tree: Tree
    files: tuple[CocoFile, ...]
    others: tuple[str, ...] = ()  # of COCO's kind too: captions, key points
    listed: bool = True  # whether the whole place is the set's; else a file was named, and pictures lie about it

    @property
    def unclear(self) -> bool:
        """Whether two files are of one split, so that it is not clear which is meant."""
        return len({file.split for file in self.files}) < len(self.files)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.tree.files if self.listed else ():
            if is_picture(name):
                found.setdefault(posixpath.basename(name), []).append(name)
        return found

    def picture(self, file: CocoFile, name: str) -> str:
        """The member that an annotation file calls so: in the likeliest folder, else anywhere if but one has its name;
        in the likeliest folder that is there where the picture is not."""
        bare, folders = posixpath.basename(name), file.folders
        places = (posixpath.normpath(posixpath.join(folder, form)) for form in (name, bare) for folder in folders)
        found = next((place for place in places if self.tree.has(place)), None)
        if found is None and len(alike := self._by_name.get(bare, [])) == 1:
            found = alike[0]
        home = next((folder for folder in folders if self.tree.has_folder(folder)), folders[-1])
        return found or posixpath.normpath(posixpath.join(home, name))


def find(location: Location) -> CocoFiles | None:
    """The files of a place; None where it is neither a folder or zip nor a JSON file."""
    path = location.path
    if not is_tree(path):
        if not path.is_file() or path.suffix.lower() != ".json":
            return None
        above = path.absolute().parent
        root = above.parent if above.name.casefold() in ANNOTATIONS else above
        name = path.absolute().relative_to(root).as_posix()
        return CocoFiles(FolderTree(root), (_file(name),), listed=False)
    tree = open_tree(path)
    found = [name for name in _candidates(tree) if looks_right(tree.head(name, HEAD))]
    chosen = [name for name in found if "instances" in _stem(name)] or found
    others = tuple(name for name in found if name not in chosen)
    return CocoFiles(tree, tuple(_file(name) for name in chosen), others)


def looks_right(head: bytes) -> bool:
    """Whether a file begins as COCO's do."""
    if not re.match(rb"(\xef\xbb\xbf)?\s*\{", head):
        return False
    tables = {match[1] for match in re.finditer(_TABLES, head)}
    marks = {b"images": b"file_name", b"annotations": b"image_id", b"categories": b"supercategory"}
    return len(tables) > 1 or any(b'"' + marks[table] + b'"' in head for table in tables)


def _candidates(tree: Tree) -> Sequence[str]:
    files = [name for name in tree.files if name.lower().endswith(".json")]
    return files if len(files) <= MANY else [name for name in files if _BY_NAME.search(_stem(name))]


def _file(name: str) -> CocoFile:
    stem, folder = _stem(name), PurePosixPath(name).parent.name
    split = split_within(stem) or split_within(folder)
    plain = _TAG.sub("", stem) in ("", "default", "annotations", "instances", "coco")
    return CocoFile(name, split or "train", guessed=split is None and not plain)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem.lower()
