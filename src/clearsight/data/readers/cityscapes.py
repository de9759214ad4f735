"""Cityscapes' layout: `leftImg8bit/train/aachen/x_leftImg8bit.png`, `gtFine/train/aachen/x_gtFine_labelIds.png`.

The 19 classes of its benchmark, in their order; all other labels are void. `cityscapes_objects` reads the objects beside them.
Source: Cordts et al. 2016; https://github.com/mcordts/cityscapesScripts, `helpers/labels.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.core.reader import DataInfo, Evidence, Location, by_split
from clearsight.core.sample import VOID, ImageSource, Masks, Sample, printable
from clearsight.data.readers import mask_faults
from clearsight.data.readers.faults import Faults
from clearsight.data.readers.mask_values import MaskFile, Meaning
from clearsight.data.readers.names import count, few, natural, split_of
from clearsight.data.tree import Tree, is_tree, open_tree

IDS = {
    "road": 7,
    "sidewalk": 8,
    "building": 11,
    "wall": 12,
    "fence": 13,
    "pole": 17,
    "traffic light": 19,
    "traffic sign": 20,
    "vegetation": 21,
    "terrain": 22,
    "sky": 23,
    "person": 24,
    "rider": 25,
    "car": 26,
    "truck": 27,
    "bus": 28,
    "train": 31,
    "motorcycle": 32,
    "bicycle": 33,
}
"""The classes of the benchmark, by the number that they have in `_labelIds.png`."""

LARGEST = 33
"""The largest number of a label, of the benchmark or not; the licence plate's −1 is 255 in a file."""

TRAIN_IDS = Meaning({row: row for row in range(len(IDS))})
LABEL_IDS = Meaning(
    {**dict.fromkeys(range(LARGEST + 1), VOID), **{number: row for row, number in enumerate(IDS.values())}}
)

_PICTURE = re.compile(r"^(.+)_leftImg8bit\.\w+$")
_MASK = re.compile(r"^(.+)_gt(?:Fine|Coarse)_(labelIds|labelTrainIds|instanceIds)\.png$")


@dataclass
class Found:
    """What a tree holds."""

    tree: Tree
    pictures: dict[str, tuple[str, str]] = field(default_factory=dict)  # member, split by "aachen_000000_000019"
    masks: dict[str, tuple[str, bool]] = field(default_factory=dict)  # member, whether of train ids
    objects: dict[str, str] = field(default_factory=dict)  # member

    def splits(self) -> dict[str, int]:
        """The pictures of each split that has some."""
        return by_split(Counter(split for _, split in self.pictures.values()))

    def of_split(self, split: str) -> list[str]:
        """The pictures of a split in natural order."""
        names = (name for name, (_, own) in self.pictures.items() if own == split)
        return sorted(names, key=lambda name: natural(self.pictures[name][0]))


def sniff(location: Location) -> Evidence | None:
    """Sure where a file called `…_gtFine_labelIds.png` has its picture."""
    if not is_tree(location.path):
        return None
    found = find(open_tree(location.path))
    masked = [name for name in found.pictures if name in found.masks]
    return Evidence(0.97, f"Cityscapes' files: {few(masked)}") if masked else None


def info(location: Location) -> DataInfo:
    """Splits, the 19 classes, faults. Raises `InputError` where there is no picture of its."""
    found = _gather(location)
    notes, faults = what_lacks(found, set(found.masks))
    fields = frozenset({"masks"})
    return DataInfo("cityscapes", found.splits(), tuple(IDS), fields, ("city",), notes=notes, faults=faults.all())


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in natural order; `extra` has their city."""
    found = _gather(location)
    for name in found.of_split(split):
        image, masks = found.tree.image(found.pictures[name][0]), None
        if name in found.masks:
            mask, train = found.masks[name]
            file = MaskFile(image, found.tree.image(mask), TRAIN_IDS if train else LABEL_IDS)
            masks = Masks("semantic", file, tuple(IDS))
        yield sample_of(found, name, image, masks)


def _gather(location: Location) -> Found:
    found = find(open_tree(location.path))
    if not any(name in found.masks for name in found.pictures):
        place = printable(str(location.path))
        raise InputError(
            f"{place} holds no pictures of Cityscapes with masks: unpack leftImg8bit and gtFine side by side"
        )
    return found


def what_lacks(found: Found, masked: set[str]) -> tuple[tuple[str, ...], Faults]:
    """Notes and faults: pictures without masks, which those of test have none of, and masks without a picture."""
    notes, faults = [], Faults()
    faults.count("pictures", len(found.pictures))
    faults.count("mask files", len(masked))
    bare = [name for name in found.pictures if name not in masked]
    hidden = [name for name in bare if found.pictures[name][1] == "test"]
    if hidden:
        notes.append(f"{count(len(hidden), 'picture')} of test without masks, as Cityscapes keeps them: not annotated")
    for name in bare:
        if name not in hidden:
            faults.add(mask_faults.MISSING, printable(found.pictures[name][0]))
    for name in sorted(masked - found.pictures.keys()):
        faults.add(mask_faults.ORPHANS, printable(name))
    return tuple(notes), faults


def sample_of(found: Found, name: str, image: ImageSource, masks: Masks | None) -> Sample:
    """One picture; `extra` has its city."""
    key = printable(found.pictures[name][0].removeprefix(found.tree.heart))
    return Sample(key, image, masks=masks, extra={"city": name.split("_")[0]})


def find(tree: Tree) -> Found:
    """What is there of pictures and their files; finer annotations and `labelIds` go before others."""
    found = Found(tree)
    for member in tree.files:
        *folders, file = member.split("/")
        if (picture := _PICTURE.match(file)) and is_picture(file):
            split = next((own for part in folders if (own := split_of(part))), "train")
            found.pictures[picture[1]] = (member, split)
        elif mask := _MASK.match(file):
            train, coarse = mask[2] == "labelTrainIds", "_gtCoarse_" in file
            kept = found.masks.get(mask[1])
            if mask[2] == "instanceIds":
                if mask[1] not in found.objects or not coarse:
                    found.objects[mask[1]] = member
            elif kept is None or (coarse, train) < ("_gtCoarse_" in kept[0], kept[1]):
                found.masks[mask[1]] = (member, train)
    return found
