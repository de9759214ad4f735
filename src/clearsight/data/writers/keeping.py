"""What a format can hold of a sample, and what it cannot, counted: nothing is lost silently."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clearsight.core.sample import Array, Boxes, Sample
from clearsight.data.writers.masking import keep_masks, losses, tied

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

    def keep(self, sample: Sample, size: tuple[int, int]) -> Sample | None:
        """The sample as it will be read again; None where the format cannot hold it. `size` is (height, width). Raises
        `BadImage` where its masks cannot be loaded."""
        boxes = self._boxes(sample.boxes, size) if "boxes" in self.fields else None
        masks = keep_masks(sample.masks, self.holds, self.classes, size) if "masks" in self.fields else None
        if masks is not None and masks.kind == "instances" and "apart" not in self.holds:
            boxes, masks = tied(sample.boxes, masks, size, "corners" in self.holds)
        labels = self._labels(sample, boxes is not None or masks is not None) if "labels" in self.fields else None
        lacking = [found is None for name, found in (("boxes", boxes), ("masks", masks)) if name in self.fields]
        if any(lacking) and not ("each" in self.holds and not all(lacking)):
            if "unannotated" not in self.holds or labels is not None or not all(lacking):
                return None  # it would say that nothing is there
        elif "labels" in self.fields and "several" not in self.holds and len(labels or ()) != 1:
            return None
        extra = self._extra(sample.extra) if "extra" in self.holds else {}
        return Sample(sample.key, sample.image, labels, boxes, masks, extra=extra)

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
        seen: dict[Any, int] = {}
        for row, (corners, label) in enumerate(zip(xyxy.tolist(), boxes.labels, strict=True)):
            if corners[0] < corners[2] and corners[1] < corners[3]:
                marks = (bool(flags[row]) for flags in (crowd, difficult) if flags is not None)
                seen.setdefault((label, *corners, *marks), row)
        rows = list(seen.values())
        return Boxes(xyxy, boxes.labels, crowd, difficult, size).rows(rows, tuple(boxes.labels[row] for row in rows))

    def _extra(self, extra: Mapping[str, Any]) -> dict[str, Any]:
        return {
            column: value if isinstance(value, PLAIN) else str(value)
            for column, value in extra.items()
            if re.sub(r"[\s_.-]", "", column.casefold()) not in self.taken
        }


@dataclass
class Lost:
    """What could not be held, by what it is: of which pictures, and how much of each."""

    kinds: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, what: str, key: str, number: int = 1) -> None:
        """So much more. `what` is a plural: "difficult flags"."""
        if number:
            self.kinds.setdefault(what, Counter())[key] += number

    def compare(self, sample: Sample, kept: Sample | None, fields: frozenset[str]) -> None:
        """Count what of a sample is not in what is kept of it."""
        if kept is None:
            drawn = fields & {"boxes", "masks"} or {"labels"}
            bare = any(getattr(sample, name) is None for name in drawn)
            self.add("pictures that are not annotated" if bare else "pictures without exactly one label", sample.key)
            return
        self._labels(sample, kept)
        self._boxes(sample, kept)
        for column in sample.extra.keys() - kept.extra.keys():
            self.add(f"values of the further column {column!r}", sample.key)
        for name in sample.values or ():
            self.add(f"numbers called {name!r}", sample.key)
        if sample.masks is not None:
            for what, number in losses(sample.masks, kept.masks, "masks" in fields):
                self.add(what, sample.key, number)
        self.add("captions", sample.key, int(sample.caption is not None))

    def _labels(self, sample: Sample, kept: Sample) -> None:
        if sample.labels and not kept.labels:
            self.add("labels of whole pictures", sample.key, len(sample.labels))
        elif (sample.labels is None) != (kept.labels is None):
            what = "not annotated with labels" if sample.labels is None else "with none of the labels"
            self.add(f"the statements that a picture is {what}", sample.key)

    def _boxes(self, sample: Sample, kept: Sample) -> None:
        before, after = sample.boxes, kept.boxes
        if before is None:
            return
        if after is None or after.said is None:
            self.add("boxes", sample.key, len(before.labels))
            return
        if before.said not in (None, after.said):
            self.add("sizes that annotations say and pictures do not have", sample.key)
        if kept.masks is not None and kept.masks.kind == "instances" and len(after.labels) != len(before.labels):
            self.add("boxes, in whose place those round the masks are written", sample.key, len(before.labels))
            return
        beyond = np.abs(before.xyxy - within(before.xyxy, after.said)).max(1, initial=0) > NOTHING
        self.add("parts of boxes beyond their picture", sample.key, int(beyond.sum()))
        if after.xyxy.shape == before.xyxy.shape:
            moved = np.abs(within(before.xyxy, after.said) - after.xyxy).max(1, initial=0) > NOTHING
            self.add("corners of boxes that are not those of their masks", sample.key, int(moved.sum()))
        gone = len(before.labels) - len(after.labels)
        self.add("boxes that are there twice, or have no area within their picture", sample.key, gone)
        if before.crowd is not None and after.crowd is None:
            self.add("marks that a box is a crowd", sample.key, int(before.crowd.sum()))
        if before.difficult is not None and after.difficult is None:
            self.add("marks that a box is difficult", sample.key, int(before.difficult.sum()))


def within(xyxy: Array, size: tuple[int, int]) -> Array:
    """Boxes (N, 4) clipped to a picture of (height, width)."""
    height, width = size
    return np.clip(xyxy, 0, np.array([width, height, width, height], np.float32))
