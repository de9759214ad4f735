"""What annotators put on pictures, gathered as samples: shared by the formats of Labelme, CVAT and Label Studio.

Boxes fill `Sample.boxes`, polygons and masks `Sample.masks`. Where a set has boxes at all, a picture that was annotated without
one has none there (empty); a picture that was not annotated has None. The same goes for masks.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.reader import SPLITS, DataInfo
from clearsight.core.sample import Sample, printable
from clearsight.data.readers import box_faults, mask_faults
from clearsight.data.readers.box_faults import Faults, Kind
from clearsight.data.readers.boxes import FAR, Box, Picture, mended, sizes_of, unique
from clearsight.data.readers.drawn import Drawing, Rings, Shape, masks_of
from clearsight.data.readers.names import count, few, natural_order
from clearsight.data.readers.rings import Ring
from clearsight.data.tree import Tree


@dataclass
class Marked(Picture):
    """One picture as an annotation file tells of it; None for what it was not annotated with."""

    labels: tuple[str, ...] | None = None


@dataclass
class Gathered:
    """The pictures of a place, what was left out of them, and what a person should know."""

    pictures: list[Marked] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)  # names of labels in the order that the file says
    notes: list[str] = field(default_factory=list)
    left_out: dict[str, Counter[str]] = field(default_factory=dict)  # what -> of which pictures, how often
    missing: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    _keys: Counter[str] = field(default_factory=Counter)

    def key(self, name: str) -> str:
        """A key that no other picture has: of several with one name the second becomes `name#2`."""
        return unique(self._keys, name)

    def leave_out(self, what: str, name: str) -> None:
        """Count something that cannot be taken over. `what` is a plural: "rotated boxes"."""
        self.left_out.setdefault(what, Counter())[name] += 1

    def add_box(self, picture: Marked, label: str, corners: Iterable[float], where: str) -> None:
        """A box of any two opposite corners (x, y, x, y), absolute pixels; `where` it is in the picture's source."""
        x1, y1, x2, y2 = corners
        self.faults.count("boxes")
        if label:
            picture.boxes.append(Box(label, (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)), where))
        else:
            self.faults.add(box_faults.NO_LABEL, picture.place(where))

    def add_polygon(self, picture: Marked, label: str, rings: Sequence[Ring], where: str) -> None:
        """An instance of one part or several, absolute pixels; `where` it is in the picture's source."""
        whole = tuple(ring for ring in rings if len(ring) > 2)
        for _ in range(len(rings) - len(whole)):
            self.faults.add(mask_faults.SHORT, picture.place(where))
        if whole:
            self.add_mask(picture, label, Rings(whole), where)
        else:
            self.faults.count("masks")

    def add_mask(self, picture: Marked, label: str, shape: Shape, where: str) -> None:
        """An instance by its mask."""
        self.faults.count("masks")
        if not label:
            self.faults.add(mask_faults.NO_LABEL, picture.place(where))
        else:
            picture.masks.append(Drawing(label, shape, where))

    def refuse_mask(self, kind: Kind, picture: Marked, where: str) -> None:
        """A mask that cannot be taken over, and where it is written."""
        self.faults.count("masks")
        self.faults.add(kind, picture.place(where))

    @property
    def several(self) -> bool:
        """Whether pictures may have several labels or none: some has several, or one label applies to some of them only.
        A picture without a choice where all others have one of several is no sign of it: it may have been passed over."""
        labels = [picture.labels for picture in self.pictures if picture.labels is not None]
        alone = len({label for own in labels for label in own}) == 1
        return any(len(own) > 1 or (alone and not own) for own in labels)

    def samples(self, split: str) -> Iterator[Sample]:
        """The samples of a split in their order."""
        boxed = any(picture.boxes for picture in self.pictures)
        masked = any(picture.masks for picture in self.pictures)
        chosen = [picture for picture in self.pictures if picture.split == split]
        for picture, boxes in zip(chosen, mended(chosen, sizes_of(chosen), Faults()), strict=True):
            shown = boxes if boxed and picture.annotated else None
            masks = masks_of(picture.image, picture.masks, picture.said) if masked and picture.annotated else None
            yield Sample(picture.key, picture.image, picture.labels, shown, masks, extra=picture.extra)

    def info(self, format: str) -> DataInfo:
        """What is there. The classes are those of whole pictures where these have labels, else of boxes and masks."""
        boxes = mended(self.pictures, sizes_of(self.pictures), self.faults)
        whole = {label for picture in self.pictures for label in picture.labels or ()}
        drawn = {drawing.label for picture in self.pictures for drawing in picture.masks}
        drawn |= {label for own in boxes for label in own.labels}
        counts = Counter(picture.split for picture in self.pictures)
        found = {
            "labels": any(picture.labels is not None for picture in self.pictures),
            "boxes": any(picture.boxes for picture in self.pictures),
            "masks": any(picture.masks for picture in self.pictures),
        }
        annotated = frozenset(name for name, there in found.items() if there)
        splits = {split: counts[split] for split in SPLITS if counts[split]}
        columns = dict.fromkeys(column for picture in self.pictures for column in picture.extra)
        return DataInfo(
            format,
            splits,
            self._ordered(whole if found["labels"] else drawn),
            annotated,
            tuple(columns),
            tuple(self._notes()),
            self.several,
            drawn=self._ordered(drawn) if found["labels"] else (),
            faults=self.faults.all(),
            instances=found["masks"],
        )

    def _ordered(self, used: set[str]) -> tuple[str, ...]:
        """Labels in the order that the file says, the others behind them in natural order."""
        ordered = [label for label in dict.fromkeys(self.declared) if label in used]
        return (*ordered, *natural_order(used - set(ordered)))

    def _notes(self) -> Iterator[str]:
        yield from self.notes
        for what, pictures in self.left_out.items():
            yield f"{what} were left out, {pictures.total():,} in all: {few(list(pictures))}"
        if self.missing:
            what = f"of {len(self.pictures):,} pictures are not there"
            yield f"{len(self.missing):,} {what}: {few(self.missing)}"
        both = [picture.key for picture in self.pictures if picture.boxes and picture.masks]
        bare = [picture.key for picture in self.pictures if picture.masks and not picture.boxes]
        for keys, what in ((both, "boxes and polygons"), (bare, "polygons and no box")):
            if keys:
                yield f"{count(len(keys), 'picture')} with {what}; no boxes are made of the polygons: {few(keys)}"


def read_json(tree: Tree, name: str) -> Any:
    """A file as JSON. Raises `InputError` where it is none."""
    try:
        return json.loads(tree.read(name))
    except (ValueError, RecursionError) as error:
        shown = printable(str(tree.path / name))
        raise InputError(f"{shown} is not JSON, or cut short ({error}); export it again") from None


def numbers(values: Iterable[Any], where: str) -> tuple[float, ...]:
    """Values as floats. Raises `InputError` with `where`, a file and a place in it."""
    try:
        found = tuple(math.nan if isinstance(value, bool) else float(value) for value in values)
    except (TypeError, ValueError, OverflowError):
        found = (math.nan,)
    if not all(abs(value) < FAR for value in found):  # nor is NaN
        raise InputError(f"{where} has coordinates that are no numbers of pixels; export it again")
    return found


def points(values: Any, where: str) -> Ring:
    """A list of [x, y] as points. Raises `InputError` with `where`."""
    if not isinstance(values, (list, tuple)):
        raise InputError(f"{where} has no list of points; export it again")
    pairs = [numbers(value if isinstance(value, (list, tuple)) else [None], where) for value in values]
    if any(len(pair) != 2 for pair in pairs):
        raise InputError(f"{where} has points that are not x and y; export it again")
    return tuple((pair[0], pair[1]) for pair in pairs)


def side(value: Any, where: str) -> int:
    """A height or width. Raises `InputError` with `where`."""
    number = numbers([value], where)[0]
    if number < 1 or number != int(number):
        raise InputError(f"{where}: the picture's size is said to be {number:g}; export it again")
    return int(number)
