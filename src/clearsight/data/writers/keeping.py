"""What a format can hold of a sample, and what it cannot, counted: nothing is lost silently."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from clearsight.core.errors import BadImage
from clearsight.core.sample import Array, Boxes, Masks, Sample
from clearsight.data.writers.masking import keep_masks, losses
from clearsight.data.writers.naming import safe
from clearsight.data.writers.putting import areas_of
from clearsight.data.writers.tying import NO_BOXES, NO_MASKS, lacks_masks, partners, round_masks, tied, within

NOTHING = 0.01
"""Pixels by which a box may change: less than any eye or any measure sees."""

PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Keeping:
    """What a format keeps of samples: `holds` and `taken` are those of `core.writer.Writer`, `fields` what of the data is
    written, "labels", "boxes" and "masks", `classes` those of its masks."""

    holds: frozenset[str]
    fields: frozenset[str]
    taken: frozenset[str] = frozenset()
    classes: tuple[str, ...] = ()

    def suited(self, samples: Iterable[Sample]) -> Keeping:
        """The same for these samples: a format in which all is boxes or all is masks keeps the boxes of objects without a mask,
        where there are some, and those round the masks, and no mask."""
        if self.rounds and "boxes" in self.fields and any(map(_has_bare_boxes, samples)):
            return replace(self, fields=self.fields - {"masks"})
        return self

    @property
    def ties(self) -> bool:
        """Whether boxes and masks are of the same objects."""
        return "masks" in self.holds and "apart" not in self.holds

    @property
    def rounds(self) -> bool:
        """Whether boxes are but those round the masks."""
        return self.ties and "corners" not in self.holds and "masks" in self.fields

    def keep(self, sample: Sample, size: tuple[int, int]) -> Sample | None:
        """The sample as it will be read again; None where the format cannot hold it. `size` is (height, width). Raises
        `BadImage` where its masks cannot be loaded."""
        boxes, masks = self._drawn(sample, size)
        labels = self._labels(sample, boxes is not None or masks is not None) if "labels" in self.fields else None
        if boxes is None and masks is None and self.fields & {"boxes", "masks"}:
            if "unannotated" not in self.holds or labels is not None:
                return None  # it would say that nothing is there
        elif "labels" in self.fields and "several" not in self.holds and len(labels or ()) != 1:
            return None
        return Sample(sample.key, sample.image, labels, boxes, masks, extra=self._extra(sample))

    def _drawn(self, sample: Sample, size: tuple[int, int]) -> tuple[Boxes | None, Masks | None]:
        """Boxes and masks. Where one of both is not known of the picture, and the format cannot say so, there is none."""
        if sample.masks is not None and sample.masks.kind == "instances" and self.ties:
            all_boxes, objects = tied(sample.boxes, sample.masks, size, self.holds, own=not self.rounds)
            return all_boxes, objects if "masks" in self.fields else None
        boxes = self._boxes(sample.boxes, size) if "boxes" in self.fields else None
        masks = keep_masks(sample.masks, self.holds, self.classes, size) if "masks" in self.fields else None
        if self.fields >= {"boxes", "masks"} and "each" not in self.holds and (boxes is None) != (masks is None):
            return boxes or replace(NO_BOXES, said=size), masks or NO_MASKS
        return boxes, masks

    def _labels(self, sample: Sample, drawn: bool) -> tuple[str, ...] | None:
        labels = sample.labels
        if labels == () and "none" not in self.holds:
            return None
        if labels is None and drawn and "unlabelled" not in self.holds:
            return ()
        return labels

    def _boxes(self, boxes: Boxes | None, size: tuple[int, int]) -> Boxes | None:
        """The boxes within the picture, each once, with the marks that the format has."""
        if boxes is None:
            return None
        xyxy = within(boxes.xyxy, size)
        crowd = boxes.crowd if "crowd" in self.holds else None
        difficult = boxes.difficult if "difficult" in self.holds else None
        area = boxes.area if "area" in self.holds else None
        seen: dict[Any, int] = {}
        for row, (corners, label) in enumerate(zip(xyxy.tolist(), boxes.labels, strict=True)):
            if corners[0] < corners[2] and corners[1] < corners[3]:
                marks = (bool(flags[row]) for flags in (crowd, difficult) if flags is not None)
                seen.setdefault((label, *corners, *marks), row)
        rows = list(seen.values())
        labels = tuple(boxes.labels[row] for row in rows)
        return Boxes(xyxy, boxes.labels, crowd, difficult, size, area).rows(rows, labels)

    def _extra(self, sample: Sample) -> dict[str, Any]:
        """The further columns that the format has, and the city where the name of the picture begins with it."""
        begins = PurePosixPath(sample.key).stem.split("_")[0]
        named = sample.extra.get("city") == begins == safe(begins)
        return {
            column: value if isinstance(value, PLAIN) else str(value)
            for column, value in sample.extra.items()
            if ("extra" in self.holds and re.sub(r"[\s_.-]", "", column.casefold()) not in self.taken)
            or ("city" in self.holds and column == "city" and named)
        }


@dataclass
class Lost:
    """What could not be held, by what it is: of which pictures, and how much of each."""

    kinds: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, what: str, key: str, number: int = 1) -> None:
        """So much more. `what` is a plural: "difficult flags"."""
        if number:
            self.kinds.setdefault(what, Counter())[key] += number

    def compare(self, sample: Sample, kept: Sample | None, keeping: Keeping) -> None:
        """Count what of a sample is not in what is kept of it. Raises `BadImage` where its masks cannot be loaded."""
        drawn = keeping.fields & {"boxes", "masks"}
        if kept is None:
            bare = any(getattr(sample, name) is None for name in drawn or {"labels"})
            self.add("pictures that are not annotated" if bare else "pictures without exactly one label", sample.key)
            return
        self._labels(sample, kept)
        self._boxes(sample, kept, keeping.rounds)
        for name in sorted(drawn):
            if getattr(sample, name) is None and getattr(kept, name) is not None:
                self.add(f"the statements that a picture is not annotated with {name}", sample.key)
        for column in sample.extra.keys() - kept.extra.keys():
            self.add(f"values of the further column {column!r}", sample.key)
        for name in sample.values or ():
            self.add(f"numbers called {name!r}", sample.key)
        if sample.masks is not None:
            for what, number in losses(sample.masks, kept.masks, keeping.holds, keeping.fields):
                self.add(what, sample.key, number)
        self.add("captions", sample.key, int(sample.caption is not None))

    def _labels(self, sample: Sample, kept: Sample) -> None:
        if sample.labels and not kept.labels:
            self.add("labels of whole pictures", sample.key, len(sample.labels))
        elif (sample.labels is None) != (kept.labels is None):
            what = "not annotated with labels" if sample.labels is None else "with none of the labels"
            self.add(f"the statements that a picture is {what}", sample.key)

    def _boxes(self, sample: Sample, kept: Sample, rounds: bool) -> None:
        """Those of boxes; `rounds` is whether they are but those round the masks."""
        before, after = sample.boxes, kept.boxes
        if before is None:
            return
        if after is None or after.said is None:
            self.add("boxes", sample.key, len(before.labels))
            return
        if before.said not in (None, after.said):
            self.add("sizes that annotations say and pictures do not have", sample.key)
        own = within(before.xyxy, after.said)
        beyond = np.abs(before.xyxy - own).max(1, initial=0) > NOTHING
        self.add("parts of boxes beyond their picture", sample.key, int(beyond.sum()))
        gone = (Counter(_places(own, before.labels)) - Counter(_places(after.xyxy, after.labels))).total()
        if rounds and sample.masks is not None:
            runs = sample.masks.runs()
            pairs = partners(replace(before, xyxy=own), sample.masks, runs)
            masked = [row for row, box in enumerate(pairs) if box is not None]
            boxes = [box for box in pairs if box is not None]
            moved = np.abs(own[boxes] - round_masks(runs)[masked]).max(1, initial=0) > NOTHING
            self.add("corners of boxes that are not those of their masks", sample.key, int(moved.sum()))
            gone = len(before.labels) - len(boxes)
        self.add("boxes that are there twice, or have no area within their picture", sample.key, gone)
        for name, what in (("crowd", "a crowd"), ("difficult", "difficult")):
            if getattr(before, name) is not None and getattr(after, name) is None:
                self.add(f"marks that a box is {what}", sample.key, int(getattr(before, name).sum()))
        if before.area is not None and after.area is None:
            implied = np.array(areas_of(replace(before, xyxy=own, area=None)), np.float64)
            differ = ~np.isclose(before.area, implied, rtol=1e-4, atol=NOTHING)
            self.add("areas of objects that are not those of their boxes", sample.key, int(differ.sum()))


def _places(xyxy: Array, labels: Sequence[str]) -> list[tuple[Any, ...]]:
    """Boxes (N, 4) with their labels, to be counted."""
    return [(label, *corners) for label, corners in zip(labels, xyxy.tolist(), strict=True)]


def _has_bare_boxes(sample: Sample) -> bool:
    """Whether a sample has boxes of objects without a mask; False too where its masks cannot be loaded, so that it is not
    written anyway."""
    try:
        return sample.boxes is not None and lacks_masks(sample.boxes, sample.masks)
    except BadImage:
        return False
