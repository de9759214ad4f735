"""What annotations say of the pictures of a place, gathered: boxes, masks of the same objects beside them (`drawn`), labels of
whole pictures. All readers of boxes make their samples here; what is wrong is named, and stops nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clearsight.core.image import is_picture
from clearsight.core.reader import DataInfo, by_split
from clearsight.core.sample import Boxes, Sample, printable
from clearsight.data.readers import box_faults, mask_faults
from clearsight.data.readers.boxes import ROUNDING, Box, Picture, mended, sizes_of, unique
from clearsight.data.readers.drawn import Drawing, masks_of
from clearsight.data.readers.faults import Faults, Kind
from clearsight.data.readers.names import few, natural_order
from clearsight.data.readers.values import is_empty, number, size

SHARE_ROUNDING = 1e-3
"""As `boxes.ROUNDING`, a share of the picture's side, where coordinates are shares and the side is not known."""


@dataclass
class BoxSet:
    """The pictures of a place with their boxes, their masks too where there are some, and what a person should know."""

    pictures: list[Picture] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)  # classes in the order that a file says
    undrawn: set[str] = field(default_factory=set)  # of these, the ones that no box or mask is to bear
    notes: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    columns: tuple[str, ...] = ()
    shares: bool = False  # coordinates are shares of the picture's sides, not pixels
    corners: bool = True  # files give two corners, so that exchanged ones are certain; of a negative size nothing is
    _keys: Counter[str] = field(default_factory=Counter)

    def key(self, name: str) -> str:
        """A key that no other picture has: of several with one name the second becomes `name#2`."""
        return unique(self._keys, name)

    def add(self, picture: Picture, box: Box) -> None:
        """One more box of a picture; without a label it is refused."""
        if not box.label:
            self.refuse(box_faults.NO_LABEL, picture.place(box.where))
            return
        self.faults.count("boxes")
        picture.boxes.append(box)

    def add_mask(self, picture: Picture, drawing: Drawing) -> None:
        """One more object's mask; without a label it is refused."""
        if not drawing.label:
            self.refuse(mask_faults.NO_LABEL, picture.place(drawing.where))
            return
        self.faults.count("masks")
        picture.masks.append(drawing)

    def refuse(self, kind: Kind, place: str) -> None:
        """A box or a mask that cannot be taken over, and where it is written."""
        self.faults.count(kind.of)
        self.faults.add(kind, place)

    def say_size(self, picture: Picture, height: Any, width: Any, where: str) -> None:
        """What annotations say that a picture's size is; 0 is no word of it, anything else that is no size a fault."""
        picture.said, picture.said_in = size(height, width), f"{picture.source}: {where}"
        if picture.said is None and not all(is_empty(value) or number(value) == 0 for value in (height, width)):
            self.faults.add(box_faults.NO_SIZE, picture.place(f"{where}: {printable(f'{width} x {height}')[:40]}"))

    def declare(self, names: Sequence[str], what: str, where: str) -> None:
        """Classes in their order; `what` several of one name are, as "numbers" of one class, a note says."""
        self.declared += names
        if alike := natural_order(name for name, times in Counter(names).items() if times > 1):
            self.notes.append(f"{where}: several {what} of one name are one class: {few(alike)}")

    def name_unlisted(self, files: Iterable[str], members: Container[str]) -> None:
        """The pictures among some files that no annotation names; `members` are those that one does."""
        for name in filter(is_picture, files):
            self.faults.count("pictures there")
            if name not in members:
                self.faults.add(box_faults.UNLISTED, printable(name))

    def samples(self, split: str) -> Iterator[Sample]:
        """The samples of a split in their order, with boxes in pixels. With shares, the pictures' headers are read."""
        fields, in_files = self.fields, self.in_files
        chosen = [picture for picture in self.pictures if picture.split == split]
        sizes = sizes_of(chosen, all_of=self.shares)
        for picture, boxes in zip(chosen, self._mended(chosen, sizes, Faults(), scale=self.shares), strict=True):
            lost = self.shares and picture.boxes and picture.key not in sizes  # shares of an unreadable picture
            shown = None if lost or not picture.annotated or "boxes" not in fields else boxes
            masks = picture.whole
            if masks is None and picture.annotated and "masks" in fields and not in_files:
                masks = masks_of(picture.image, picture.masks, picture.said, picture.source)
            yield Sample(picture.key, picture.image, picture.labels, shown, masks, extra=picture.extra)

    @property
    def in_files(self) -> bool:
        """Whether masks lie in files of their own: a picture without one is not annotated with masks."""
        return any(picture.whole is not None for picture in self.pictures)

    @property
    def fields(self) -> frozenset[str]:
        """What of `Sample` is annotated. Where nothing at all is, boxes are, and there is none: nothing to learn."""
        labelled = any(picture.labels is not None for picture in self.pictures)
        masked = any(picture.masks or picture.whole for picture in self.pictures)
        boxed = any(picture.boxes for picture in self.pictures) or not (masked or labelled)
        found = {"labels": labelled, "boxes": boxed, "masks": masked}
        return frozenset(name for name, there in found.items() if there)

    @property
    def several(self) -> bool:
        """Whether pictures may have several labels or none: some has several, or one label applies to some of them only.
        A picture without a choice where all others have one of several is no sign of it: it may have been passed over."""
        labels = [picture.labels for picture in self.pictures if picture.labels is not None]
        alone = len({label for own in labels for label in own}) == 1
        return any(len(own) > 1 or (alone and not own) for own in labels)

    def info(self, format: str) -> DataInfo:
        """What is there, and what is wrong with it. The classes are those of whole pictures where these have labels, else of
        boxes and masks, with those that are declared and nothing bears."""
        whole = [picture.whole for picture in self.pictures if picture.whole is not None]
        drawn, labels, fields = self._drawn(), self._labels(), self.fields
        labelled = "labels" in fields
        self.faults.count("pictures", len(self.pictures))
        known = {*labels, *(drawn if fields > {"labels"} else ())}
        idle = [label for label in dict.fromkeys(self.declared) if labelled and label not in known]
        unborne = [f"labels that are declared and nothing bears: {few(idle, 10)}"] if idle else []
        return DataInfo(
            format,
            by_split(Counter(picture.split for picture in self.pictures)),
            labels if labelled else drawn,
            fields,
            self.columns,
            (*self.notes, *unborne),
            self.several,
            drawn=drawn if labelled and fields > {"labels"} else (),
            faults=self.faults.all(),
            instances="masks" in fields and not any(masks.kind == "semantic" for masks in whole),
        )

    def _drawn(self) -> tuple[str, ...]:
        """The classes of boxes and masks: first those that are declared, but for what only whole pictures bear."""
        sizes = {} if self.shares else sizes_of(self.pictures)
        used = {label for boxes in self._mended(self.pictures, sizes, self.faults) for label in boxes.labels}
        used |= {drawing.label for picture in self.pictures for drawing in picture.masks}
        used |= {label for picture in self.pictures if picture.whole for label in picture.whole.labels}
        others = self.undrawn.union(self._labels()) - used
        declared = [label for label in dict.fromkeys(self.declared) if label not in others]
        return (*declared, *natural_order(used.difference(declared)))

    def _labels(self) -> tuple[str, ...]:
        """The labels that whole pictures bear: first those that are declared."""
        used = {label for picture in self.pictures for label in picture.labels or ()}
        declared = [label for label in dict.fromkeys(self.declared) if label in used]
        return (*declared, *natural_order(used.difference(declared)))

    def _mended(
        self, pictures: Sequence[Picture], sizes: Mapping[str, tuple[int, int]], faults: Faults, scale: bool = False
    ) -> list[Boxes]:
        scales = {key: (w, h, w, h) for key, (h, w) in sizes.items()} if scale else {}
        limits = dict.fromkeys((p.key for p in pictures), (1, 1)) if self.shares and not scale else sizes
        slack = SHARE_ROUNDING if self.shares and not scale else ROUNDING
        return mended(pictures, limits, faults, scales=scales, slack=slack, corners=self.corners)
