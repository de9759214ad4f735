"""Which pictures and mask files of a place belong together: `train/images` and `train/masks`, `images/train` and `masks/train`,
`train` and `train_masks`, `1.jpg` beside `1_mask.png`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from clearsight.core.image import is_picture
from clearsight.core.reader import SPLITS
from clearsight.data.readers.names import natural, split_within
from clearsight.data.tree import Tree

MASKS = "|".join(
    (
        *("segmentationclass", "masks", "mask", "labels", "label", "annotations", "annotation", "annot"),
        *("groundtruth", "ground_truth", "gt", "segmentations", "segmentation", "seg"),
    )
)
"""What folders of masks are called, alone or beside the name of a split."""

PICTURES = "images|image|imgs|img|jpegimages|photos|pictures|inputs|input"

_FOLDER = re.compile(rf"^(?:(.*?)[_-]?)(?:{MASKS})$|^(?:{MASKS})[_-](.+)$", re.IGNORECASE)
_PICTURE = re.compile(rf"^(?:(.*?)[_-]?)(?:{PICTURES})$|^(?:{PICTURES})[_-](.+)$", re.IGNORECASE)


@dataclass(frozen=True)
class Pair:
    """One picture and its mask file; None where it has none."""

    picture: str
    mask: str | None
    split: str


@dataclass
class Pairs:
    """What a tree holds."""

    tree: Tree
    pairs: list[Pair] = field(default_factory=list)  # by split, in natural order
    orphans: list[str] = field(default_factory=list)  # masks without a picture
    same_pictures: list[str] = field(default_factory=list)  # pictures of the name of another, which is taken
    same_masks: list[str] = field(default_factory=list)  # masks of the name of another

    @property
    def masks(self) -> list[str]:
        """The mask files that have a picture."""
        return [pair.mask for pair in self.pairs if pair.mask is not None]


def find_pairs(tree: Tree) -> Pairs:
    """Pictures with their masks. Folders that hold masks alone are known by their names, files beside pictures by theirs."""
    found, used = Pairs(tree), set[str]()
    pictures: dict[tuple[str, str], str] = {}
    masks: dict[tuple[str, str], str] = {}
    for name in sorted(filter(is_picture, tree.files), key=natural):
        where, stem, is_mask = _place(name.removeprefix(tree.heart))
        files, others = (masks, found.same_masks) if is_mask else (pictures, found.same_pictures)
        if files.setdefault((where, stem), name) != name:
            others.append(name)
    heart = split_within(PurePosixPath(tree.heart).name) or "train"
    for (where, stem), picture in pictures.items():
        mask = next((masks[key] for key in _keys(where, stem) if key in masks), None)
        split = next((split for part in where.split("/") if (split := split_within(part))), heart)
        found.pairs.append(Pair(picture, mask, split))
        used.update(filter(None, (mask,)))
    found.pairs.sort(key=lambda pair: SPLITS.index(pair.split))
    found.orphans = [mask for mask in masks.values() if mask not in used]
    return found


def _place(name: str) -> tuple[str, str, bool]:
    """Where a file lies without words for pictures or masks, its stem in small letters, whether it is a mask."""
    *folders, file = name.split("/")
    stem, is_mask, kept = PurePosixPath(file).stem, False, []
    for folder in folders:
        rest, masks = _word(folder)
        is_mask = is_mask or masks
        kept += [rest] * bool(rest)
    if not is_mask and re.search(r"[_-]masks?$", stem, re.IGNORECASE):
        return "/".join(kept), stem.casefold(), True
    return "/".join(kept), stem.casefold(), is_mask


@lru_cache(maxsize=4096)
def _word(folder: str) -> tuple[str, bool]:
    """A folder's name, in small letters, without a word for pictures or masks, and whether it is one for masks."""
    masks = _FOLDER.match(folder)
    found = masks or _PICTURE.match(folder)
    rest = folder if found is None else next((part for part in found.groups() if part), "")
    return rest.casefold(), masks is not None


def _keys(where: str, stem: str) -> Iterator[tuple[str, str]]:
    """What the mask of a picture may be called: as the picture, or with a word behind."""
    yield where, stem
    for word in ("mask", "masks", "label", "labels", "labelids", "annotation", "gt", "seg", "segmentation", "l"):
        yield where, f"{stem}_{word}"
        yield where, f"{stem}-{word}"
