"""Where the pictures, annotations and lists of a place in Pascal VOC's layout lie, and which split each picture is of."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from clearsight.core.image import is_picture
from clearsight.core.reader import SPLITS, by_split
from clearsight.data.readers.names import split_of
from clearsight.data.tree import Tree

ANNOTATIONS = frozenset({"annotations", "annotation"})
PICTURES = ("jpegimages", "images", "image", "")
"""Folders beside `Annotations` that pictures lie in, likeliest first."""

MASKED = "imagesets/segmentation"
"""The folder of the lists of pictures with masks."""

LISTS = ("imagesets/main", MASKED, "imagesets")
"""Folders of lists, the first that has some; where there are no boxes that of masks goes before all."""

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
    masked: bool = False  # whether it is to have masks: a list of theirs names it, or there are no boxes


@dataclass
class Survey:
    """What a tree holds."""

    tree: Tree
    pictures: list[Listed] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)  # pictures that are there and belong to no split
    there: int = 0  # pictures where VOC has them
    unlisted_masks: list[str] = field(default_factory=list)  # masks, one file for each picture, that belong to no split
    masks_there: int = 0  # names that have masks
    apart: bool = False  # whether masks have lists of their own, and others were read
    boxed: bool = False  # whether a picture has an annotation file of its boxes
    spare: list[str] = field(default_factory=list)  # annotation files that no list names
    unsplit: list[str] = field(default_factory=list)  # pictures of trainval.txt alone, each behind that file


@dataclass
class _Base:
    """A folder with all parts of the layout, as VOCdevkit/VOC2007: annotations by what they are called below it."""

    folder: str  # "" or with its slash
    apart: bool  # annotations lie in a folder of their own, not beside the pictures
    xml: dict[str, str] = field(default_factory=dict)  # "000005" -> member
    classes: dict[str, str] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()  # what the lists of masks name


def survey(tree: Tree, masks_alone: bool = False) -> Survey:
    """What a tree holds, in a stable order: base by base, split by split, each in the order of its list. With `masks_alone`
    as if there were no boxes."""
    found, bases = Survey(tree), _bases(tree)
    if masks_alone:
        bases = [replace(base, xml={}) for base in bases if base.classes or base.objects]
    if not bases:
        return found
    stems = {posixpath.splitext(name)[0].casefold(): name for name in reversed(tree.files) if is_picture(name)}
    folded = {name.casefold(): name for name in reversed(tree.files) if name.lower().endswith(".txt")}
    boxed = any(base.xml for base in bases)
    for base in bases:
        own = _words(tree, base, MASKED, folded)
        base.listed = frozenset(_plain(name) for _, names in own.values() for name in names)
        lists = _lists(tree, base, folded, found.unsplit, LISTS if boxed else (MASKED, *LISTS))
        pictures, masks = _pictures(base, stems), base.objects | base.classes
        found.there += len(pictures)
        found.masks_there += len(masks)
        if lists:
            found.apart |= bool(own) and not any(f"/{MASKED}/" in f"/{by.casefold()}" for by, _ in lists.values())
            used: set[str] = set()
            for split, (by, names) in lists.items():
                for name in names:
                    used.add(_plain(name))
                    found.pictures.append(_listed(base, name, pictures, split, by, boxed))
            found.unlisted += [member for name, member in pictures.items() if name not in used and name not in masks]
            found.unlisted_masks += [mask for name, mask in sorted(masks.items()) if name not in used]
            found.spare += [xml for name, xml in base.xml.items() if name not in used]
        else:
            split = next((s for part in reversed(base.folder.split("/")) if (s := split_of(part))), "train")
            for name in sorted({*base.xml, *pictures, *base.classes, *base.objects}):
                by = next(files[name] for files in (base.xml, pictures, base.classes, base.objects) if name in files)
                found.pictures.append(_listed(base, name, pictures, split, by, boxed))
    order = {split: place for place, split in enumerate(SPLITS)}
    found.pictures.sort(key=lambda entry: order[entry.split])
    found.boxed = any(entry.xml is not None for entry in found.pictures)
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


def _listed(base: _Base, name: str, pictures: Mapping[str, str], split: str, by: str, boxed: bool) -> Listed:
    plain = _plain(name)
    folder = "JPEGImages/" if base.apart else ""
    member = pictures.get(plain, f"{base.folder}{folder}{name}.jpg")
    xml, classes, objects = (files.get(plain) for files in (base.xml, base.classes, base.objects))
    return Listed(member, xml, split, by, classes, objects, masked=plain in base.listed or not boxed)


def _words(tree: Tree, base: _Base, folder: str, folded: Mapping[str, str]) -> dict[str, tuple[str, list[str]]]:
    """The lists in a folder by what they are called, each with its file and the names in it."""
    names: dict[str, tuple[str, list[str]]] = {}
    for word in ("train", "val", "test", "trainval"):
        member = folded.get(f"{base.folder}{folder}/{word}.txt".casefold())
        if member is not None:
            names[word] = (member, _lines(tree, member, base))
    return names


def _lists(
    tree: Tree, base: _Base, folded: Mapping[str, str], unsplit: list[str], folders: Sequence[str]
) -> dict[str, tuple[str, list[str]]]:
    """The file and the names of each split, from the first of the folders that has lists. `trainval` is train and val together:
    it counts only where one of them has no list of its own; else what neither names is added to `unsplit`."""
    names = next((found for folder in folders if (found := _words(tree, base, folder, folded))), {})
    by, both = names.pop("trainval", ("", []))
    if not both:
        return names
    known = {_plain(name) for split in ("train", "val") for name in names.get(split, ("", []))[1]}
    rest = [name for name in both if _plain(name) not in known]
    if "train" not in names or "val" not in names:
        names["train" if "train" not in names else "val"] = (by, rest)
    else:
        unsplit += [f"{by}: {name}" for name in rest]
    return by_split(names)


def _lines(tree: Tree, member: str, base: _Base) -> list[str]:
    """The names in a list, each once: the whole line where a picture is called so, else its first word."""
    names: dict[str, None] = {}
    for line in tree.read(member).decode("utf-8", "replace").splitlines():
        whole = line.strip().replace("\\", "/")
        if not whole or "\0" in whole:
            continue
        known = any(_plain(whole) in files for files in (base.xml, base.classes, base.objects))
        name = whole if known else whole.split()[0]
        names[str(PurePosixPath(name).with_suffix("")) if is_picture(name) else name] = None
    return list(names)


def _plain(name: str) -> str:
    return name.casefold()
