"""Pascal VOC's masks: `SegmentationClass` has the class of each pixel, `SegmentationObject` the number of its object.

Where objects are told apart they are read, each of the class that most of its pixels have; else, where there are no boxes,
the classes alone, with `background` for 0. 255, the borders that VOC draws round objects, is nobody's. The classes are those
of a `labelmap.txt`, as CVAT writes, or of another table beside the folders, else VOC's twenty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from clearsight.core.errors import BadImage
from clearsight.core.sample import BACKGROUND, VOID, Masks
from clearsight.data.readers import mask_faults
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.boxes import Picture
from clearsight.data.readers.index_objects import IndexObjects, Unusable, Valued, classes_under
from clearsight.data.readers.mask_tables import Classes, Entry, classes_of, find_table, read_table
from clearsight.data.readers.mask_values import MaskFile, Meaning, pack
from clearsight.data.readers.names import count, few
from clearsight.data.readers.scanning import scan
from clearsight.data.readers.voc_files import Listed, Survey
from clearsight.data.tree import Tree

NAMES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
"""VOC's classes, of which the first is 1 in `SegmentationClass`."""

BORDER = (224, 224, 192)
"""The colour of borders in files without a palette."""

NOTHING = frozenset({BACKGROUND, "_background_"})
"""What 0 may be called, which no object is."""


@dataclass
class VocMasks:
    """The masks of a set."""

    tree: Tree
    classes: Classes
    objects: dict[str, dict[int, int] | BadImage] = field(
        default_factory=dict
    )  # file of objects -> number -> value of its class, or why they cannot be told
    coloured: bool = False
    semantic: bool = False  # whether there are but masks of classes
    beside: bool = False  # whether these lie beside boxes, and so are not read
    total: int = 0
    bare: list[str] = field(default_factory=list)  # pictures without masks that nothing says should have some

    @classmethod
    def open(cls, found: Survey) -> VocMasks:
        """What there is; files of objects are read once, to see which there are. Raises `InputError` for a damaged table."""
        masked = [entry for entry in found.pictures if entry.classes is not None]
        single = [(entry.objects, entry.classes) for entry in masked if entry.objects is not None and entry.classes]
        table = find_table(found.tree, found.tree.heart) if masked else None
        entries = [Entry(BACKGROUND, 0), *(Entry(name, row) for row, name in enumerate(NAMES, 1))]
        if table is not None:
            entries = read_table(found.tree, table)
        coloured = table is not None and all(entry.colour is not None for entry in entries)
        known = classes_of(entries, str(table))
        if coloured:
            known = replace(known, meaning=Meaning(colours={BORDER: VOID, **known.meaning.colours}))
        masks = cls(found.tree, known, coloured=coloured)
        pairs = [(str(objects), str(classes)) for objects, classes in single]
        seen = scan(found.tree, pairs, _coloured if coloured else _numbered)
        masks.objects = {objects: known for (objects, _), known in zip(pairs, seen, strict=True)}
        masks.semantic = bool(masked) and not single
        masks.beside = masks.semantic and found.boxed
        masks.total = 0 if masks.beside else len(masked)
        return masks

    @property
    def declared(self) -> tuple[str, ...]:
        """The classes in their order, `background` among them only where it is one."""
        if not self.total:
            return ()
        return self.classes.labels if self.semantic else tuple(n for n in self.classes.labels if n not in NOTHING)

    def of(self, entry: Listed, picture: Picture, gathered: BoxSet) -> Masks | None:
        """The masks of one picture; None where it has none. Where they cannot be told, they raise `BadImage` when loaded."""
        if not self.total:
            return None
        member = entry.classes if self.semantic else entry.objects
        if entry.classes is None or member is None:
            if entry.masked:
                gathered.faults.add(mask_faults.MISSING, picture.key)
            else:
                self.bare.append(picture.key)
            return None
        image, file = picture.image, self.tree.image(member)
        if self.semantic:
            return Masks("semantic", MaskFile(image, file, self.classes.meaning), self.classes.labels)
        values = self.objects[member]
        if isinstance(values, BadImage):
            return Masks("instances", Unusable((file, self.tree.image(entry.classes)), values.name, values.reason), ())
        things, nameless = self._things(values)
        for number in nameless:
            gathered.faults.add(mask_faults.NO_LABEL, picture.place(f"object {number} in {member}"))
        gathered.faults.count("masks", len(things) + len(nameless))
        border = pack(BORDER) if pack(BORDER) in values else VOID
        objects = IndexObjects(image, file, tuple(number for number, _ in things))
        return Masks("instances", objects, tuple(name for _, name in things), ignored=Valued(image, file, (border,)))

    def settle(self, found: Survey, gathered: BoxSet) -> None:
        """Notes on pictures without masks, where others have some, on masks that are not read, and on whose lists are."""
        if self.beside:
            gathered.notes.append("SegmentationClass alone is not read beside boxes; --format voc-masks reads it")
        if self.bare:
            what = f"{count(len(self.bare), 'picture')} without masks, taken as not annotated with masks"
            gathered.notes.append(f"{what}: {few(self.bare)}")
        if self.total and found.apart:
            gathered.notes.append(
                "splits are those of the boxes' lists; --format voc-masks reads ImageSets/Segmentation"
            )

    def _things(self, values: Mapping[int, int]) -> tuple[list[tuple[int, str]], list[int]]:
        """The objects of a file with their classes, and those without one."""
        things, nameless = [], []
        for number, value in values.items():
            if number in (0, VOID, pack(BORDER)):
                continue
            row = self._row(value)
            name = None if row in (None, VOID) else self.classes.labels[int(row or 0)]
            if name is None or name in NOTHING:
                nameless.append(number)
            else:
                things.append((number, name))
        return things, nameless

    def _row(self, value: int) -> int | None:
        if not self.coloured:
            return self.classes.meaning.values.get(value)
        colours = {pack(colour): row for colour, row in self.classes.meaning.colours.items()}
        return colours.get(value)


def _numbered(tree: Tree, pair: tuple[str, ...], coloured: bool = False) -> dict[int, int] | BadImage:
    """The objects in a file, each with the value of its class, with `coloured` its packed colour; why not, where one of the two
    cannot be read or they do not fit each other."""
    none = (0, pack(BORDER) if coloured else VOID)
    try:
        return dict(classes_under(tree.image(pair[0]), tree.image(pair[1]), none, coloured))
    except BadImage as bad:
        return BadImage(bad.name, bad.reason)  # without the pixels that its traceback holds


def _coloured(tree: Tree, pair: tuple[str, ...]) -> dict[int, int] | BadImage:
    return _numbered(tree, pair, coloured=True)
