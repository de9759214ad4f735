"""Pascal VOC's masks without its boxes, by `--format voc-masks`: the splits are those of masks, `ImageSets/Segmentation`.

VOC has lists of their own for boxes and for masks, and a picture may be of train in one and of val in the other. `voc` reads
the lists of boxes where there are any; here what `voc` says of boxes is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import Sample
from clearsight.data.readers.names import few
from clearsight.data.readers.voc import gather
from clearsight.data.readers.voc_files import survey
from clearsight.data.tree import is_tree, open_tree


def sniff(location: Location) -> Evidence | None:
    """Unsure where there are masks: `voc` reads them too, and goes first unless the user says otherwise."""
    if not is_tree(location.path):
        return None
    found = survey(open_tree(location.path), masks_alone=True)
    masks = [mask for entry in found.pictures if found.tree.has(entry.member) and (mask := entry.classes)]
    return Evidence(0.5, f"masks of Pascal VOC: {few(masks)}") if masks else None


def info(location: Location) -> DataInfo:
    """Splits, classes, faults. Raises `InputError` with the file that is not as it must be."""
    return gather(location, None, masks_alone=True).info("voc-masks")


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the order of its list; without lists in the order of their files."""
    return gather(location, split, masks_alone=True).samples(split)
