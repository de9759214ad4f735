"""Where the pictures, annotations and lists of a place in Pascal VOC's layout lie, and which split each picture is of."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from clearsight.core.image import is_picture
from clearsight.core.reader import SPLITS, by_split
from clearsight.core.sample import printable
from clearsight.data.readers.names import few, split_of
from clearsight.data.tree import Tree

ANNOTATIONS = frozenset({"annotations", "annotation"})
PICTURES = ("jpegimages", "images", "image", "")
"""Folders beside `Annotations` that pictures lie in, likeliest first."""

LISTS = ("imagesets/main", "imagesets/segmentation", "imagesets")
"""Folders of lists, the first that has some."""

CLASS_MASKS, OBJECT_MASKS = "segmentationclass", "segmentationobject"
"""Folders of masks, in small letters: PNG files called as the pictures."""


@dataclass(frozen=True)
class Listed:
    """One picture that belongs to the set."""

    member: str  # of the tree; it need not be there
    xml: str | None  # its annotation file
    split: str
    by: str  # the list, or the annotation file, that names it
    classes: str | None = None  # the mask of classes
    objects: str | None = None  # the mask of objects


@dataclass
class Survey:
    """What a tree holds."""

    tree: Tree
    pictures: list[Listed] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)  # pictures that are there and belong to no split
    there: int = 0  # pictures where VOC has them
    notes: list[str] = field(default_factory=list)


@dataclass
class _Base:
    """A folder with all parts of the layout, as VOCdevkit/VOC2007: annotations by what they are called below it."""

    folder: str  # "" or with its slash
    apart: bool  # annotations lie in a folder of their own, not beside the pictures
    xml: dict[str, str] = field(default_factory=dict)  # "000005" -> member
    classes: dict[str, str] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)


def survey(tree: Tree) -> Survey:
    """What a tree holds, in a stable order: base by base, split by split, each in the order of its list."""
    found, bases = Survey(tree), _bases(tree)
    if not bases:
        return found
    stems = {posixpath.splitext(name)[0].casefold(): name for name in reversed(tree.files) if is_picture(name)}
    folded = {name.casefold(): name for name in reversed(tree.files) if name.lower().endswith(".txt")}
    for base in bases:
        lists = _lists(tree, base, folded, found.notes)
        pictures = _pictures(base, stems)
        found.there += len(pictures)
        if lists:
            used: set[str] = set()
            for split, (by, names) in lists.items():
                for name in names:
                    used.add(_plain(name))
                    found.pictures.append(_listed(base, name, pictures, split, by))
            found.unlisted += [member for name, member in pictures.items() if name not in used]
            spare = [xml for name, xml in base.xml.items() if name not in used]
            if spare:
                found.notes.append(f"annotation files that no list in {base.folder}ImageSets names: {few(spare)}")
        else:
            split = next((s for part in reversed(base.folder.split("/")) if (s := split_of(part))), "train")
            for name in sorted({*base.xml, *pictures, *base.classes, *base.objects}):
                by = next(files[name] for files in (base.xml, pictures, base.classes, base.objects) if name in files)
                found.pictures.append(_listed(base, name, pictures, split, by))
    order = {split: place for place, split in enumerate(SPLITS)}
    found.pictures.sort(key=lambda entry: order[entry.split])
    return found


def _bases(tree: Tree) -> list[_Base]:
    bases: dict[tuple[str, bool], _Base] = {}
    for name in tree.files:
        parts = name.split("/")
        kinds = [(at, part.casefold()) for at, part in enumerate(parts[:-1])]
        masks = next(((at, kind) for at, kind in kinds if kind in (CLASS_MASKS, OBJECT_MASKS)), None)
        if masks is not None and is_picture(name):
            folder = "".join(f"{part}/" for part in parts[: masks[0]])
            base = bases.setdefault((folder, True), _Base(folder, True))
            files = base.classes if masks[1] == CLASS_MASKS else base.objects
            files[_plain(posixpath.splitext("/".join(parts[masks[0] + 1 :]))[0])] = name
        if not name.lower().endswith(".xml"):
            continue
        place = next((at for at in range(len(parts) - 2, -1, -1) if parts[at].casefold() in ANNOTATIONS), None)
        above, below = (parts[:-1], parts[-1:]) if place is None else (parts[:place], parts[place + 1 :])
        folder = "".join(f"{part}/" for part in above)
        base = bases.setdefault((folder, place is not None), _Base(folder, place is not None))
        base.xml[_plain(posixpath.splitext("/".join(below))[0])] = name
    return list(bases.values())


def _pictures(base: _Base, stems: Mapping[str, str]) -> dict[str, str]:
    """The pictures of a base by what they are called below their folder, which is the first that has some."""
    for folder in PICTURES if base.apart else ("",):
        start = f"{base.folder}{folder}{'/' if folder else ''}".casefold()
        deep = bool(folder)  # beside annotations, other folders are others' concern
        found = {
            stem[len(start) :]: name
            for stem, name in stems.items()
            if stem.startswith(start) and (deep or "/" not in stem[len(start) :])
        }
        if found:
            return dict(sorted(found.items()))
    return {}


def _listed(base: _Base, name: str, pictures: Mapping[str, str], split: str, by: str) -> Listed:
    plain = _plain(name)
    folder = "JPEGImages/" if base.apart else ""
    member = pictures.get(plain, f"{base.folder}{folder}{name}.jpg")
    return Listed(member, base.xml.get(plain), split, by, base.classes.get(plain), base.objects.get(plain))


def _lists(tree: Tree, base: _Base, folded: Mapping[str, str], notes: list[str]) -> dict[str, tuple[str, list[str]]]:
    """The file and the names of each split. `trainval` is train and val together: it counts only where one of them has
    no list of its own."""
    names: dict[str, tuple[str, list[str]]] = {}
    for folder in LISTS:
        for word in ("train", "val", "test", "trainval"):
            member = folded.get(f"{base.folder}{folder}/{word}.txt".casefold())
            if member is not None:
                names[word] = (member, _lines(tree, member, base))
        if names:
            break
    by, both = names.pop("trainval", ("", []))
    if not both:
        return names
    known = {_plain(name) for split in ("train", "val") for name in names.get(split, ("", []))[1]}
    rest = [name for name in both if _plain(name) not in known]
    if "train" not in names or "val" not in names:
        names["train" if "train" not in names else "val"] = (by, rest)
    elif rest:
        notes.append(f"{printable(by)} names pictures that train.txt and val.txt do not; left out: {few(rest)}")
    return by_split(names)


def _lines(tree: Tree, member: str, base: _Base) -> list[str]:
    """The names in a list, each once: the whole line where a picture is called so, else its first word."""
    names: dict[str, None] = {}
    for line in tree.read(member).decode("utf-8", "replace").splitlines():
        whole = line.strip().replace("\\", "/")
        if not whole or "\0" in whole:
            continue
        name = whole if _plain(whole) in base.xml else whole.split()[0]
        names[str(PurePosixPath(name).with_suffix("")) if is_picture(name) else name] = None
    return list(names)


def _plain(name: str) -> str:
    return name.casefold()
