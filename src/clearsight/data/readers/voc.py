"""Pascal VOC's XML: a file for each picture in `Annotations`, pictures in `JPEGImages`, splits in `ImageSets/Main`, masks in
`SegmentationClass` and `SegmentationObject` (`voc_masks`).

Numbers are kept as written: xmin, ymin, xmax, ymax are taken for x1, y1, x2, y2. VOC's own count pixels from 1 and include
the last, so that a box of theirs lies one pixel to the right and below at its first corner and ends where it should;
most others' count from 0. Nothing in a file tells the two apart, and a pixel matters to none but the tiniest objects.
Format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import Sample, printable
from clearsight.data.readers import box_faults, mask_faults
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.boxes import Box, Picture
from clearsight.data.readers.names import few
from clearsight.data.readers.safe_xml import parse
from clearsight.data.readers.values import number
from clearsight.data.readers.voc_files import Listed, Survey, survey
from clearsight.data.readers.voc_masks import VocMasks
from clearsight.data.tree import is_tree, open_tree

HEAD = 2**13
"""Bytes of a file that sniffing looks at."""


def sniff(location: Location) -> Evidence | None:
    """Sure where an XML file whose root is `<annotation>` has a picture where VOC has it, or beside it."""
    if not is_tree(location.path):
        return None
    found = survey(open_tree(location.path))
    first = next((entry.xml for entry in found.pictures if entry.xml and found.tree.has(entry.member)), None)
    if first is None or not re.search(rb"<annotation[\s>]", found.tree.head(first, HEAD)):
        masks = [mask for entry in found.pictures if found.tree.has(entry.member) and (mask := entry.classes)]
        return Evidence(0.96, f"masks of Pascal VOC: {few(masks)}") if masks and first is None else None
    return Evidence(0.96, f"annotations of Pascal VOC: {few([entry.xml for entry in found.pictures if entry.xml])}")


def info(location: Location) -> DataInfo:
    """Splits, classes, faults. Raises `InputError` with the file that is not as it must be."""
    return gather(location, None).info("voc")


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the order of its list; without lists in the order of their files."""
    return gather(location, split).samples(split)


def gather(location: Location, split: str | None, masks_alone: bool = False) -> BoxSet:
    """All pictures; with `split`, the annotations of that split alone; with `masks_alone`, as if there were no boxes. Raises
    `InputError` with the file that is not as it must be."""
    place = printable(str(location.path))
    if not is_tree(location.path):
        raise InputError(f"{place} is no folder or zip; give that which holds Annotations and JPEGImages")
    found = survey(open_tree(location.path), masks_alone)
    gathered = BoxSet()
    masks = VocMasks.open(found)
    gathered.declared += masks.declared
    for entry in found.pictures:
        root = None
        if entry.xml is not None and split in (None, entry.split):
            root = _root(found, entry.xml, gathered)
            if root is None and entry.by == entry.xml and not found.tree.has(entry.member):
                continue  # nothing speaks of a picture
        picture = _picture(found, entry, gathered)
        picture.whole = masks.of(entry, picture, gathered)
        gathered.pictures.append(picture)
        if root is not None:
            gathered.say_size(picture, root.findtext("size/height"), root.findtext("size/width"), "size")
            for position, thing in enumerate(root.iterfind("object"), 1):
                _add(picture, thing, f"object {position}", gathered)
        elif split in (None, entry.split):
            picture.annotated = False
    if not any(picture.annotated or picture.whole for picture in gathered.pictures):
        wanted = "an XML file for each picture, in Annotations, or masks in SegmentationClass"
        raise InputError(f"{place} holds no annotation of Pascal VOC: {wanted}")
    masks.settle(found, gathered)
    for kind, names in (
        (box_faults.UNLISTED, found.unlisted),
        (mask_faults.UNLISTED, found.unlisted_masks),
        (box_faults.SPARE, found.spare),
        (box_faults.UNSPLIT, found.unsplit),
    ):
        for name in names:
            gathered.faults.add(kind, printable(name))
    gathered.faults.count("files", len(found.spare))
    gathered.faults.count("pictures there", found.there)
    gathered.faults.count("masks there", found.masks_there)
    return gathered


def _root(found: Survey, xml: str, gathered: BoxSet) -> Element | None:
    """The annotation in an XML file; None where it is something else, which is a fault. Raises `InputError` with the file."""
    source = printable(str(found.tree.path / xml))
    root = parse(found.tree.read(xml), source)
    gathered.faults.count("files")
    if root.tag == "annotation":
        return root
    gathered.faults.add(box_faults.FOREIGN, source)
    return None


def _picture(found: Survey, entry: Listed, gathered: BoxSet) -> Picture:
    key = gathered.key(entry.member)
    source = printable(str(found.tree.path / (entry.xml or entry.by)))
    if not found.tree.has(entry.member):
        gathered.faults.add(box_faults.MISSING, f"{printable(str(found.tree.path / entry.by))}: {key}")
    if entry.xml is None and entry.classes is None and found.boxed:
        gathered.faults.add(box_faults.UNMARKED, key)
    return Picture(key, found.tree.image(entry.member), entry.split, annotated=entry.xml is not None, source=source)


def _add(picture: Picture, thing: Element, where: str, gathered: BoxSet) -> None:
    label = printable((thing.findtext("name") or "").strip())
    edges = [thing.findtext(f"bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax")]
    if thing.find("bndbox") is None:
        gathered.refuse(box_faults.NO_BOX, picture.place(where))
    else:
        x1, y1, x2, y2 = map(number, edges)
        difficult = (thing.findtext("difficult") or "").strip().casefold() in ("1", "true")
        gathered.add(picture, Box(label, (x1, y1, x2, y2), where, difficult=difficult))
