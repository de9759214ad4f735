"""What may be wrong with annotations of masks, by kind: beside `box_faults`, in the same way.

What a file's text shows is told by its reader; what only drawing shows (an empty mask, an outline that crosses itself, a
value beyond the classes) by the check `masks`, which loads each.
"""

from __future__ import annotations

from clearsight.data.readers.faults import Kind
from clearsight.data.readers.names import count

OR_BOXES = "draw these masks too, or learn boxes alone with --task detect"
"""What to do where some objects have a box and no mask."""

SHORT = Kind("polygons of fewer than 3 points", "left out", "draw them anew or remove them", "warning", "masks")
NO_OUTLINE = Kind(
    "polygons whose coordinates are no numbers of pixels, or no pairs",
    "left out",
    "write x, y, x, y …",
    "many",
    "masks",
)
NO_RUNS = Kind(
    "masks whose run lengths are damaged, or not those of their size", "left out", "export them again", of="masks"
)
OTHER_SIZE = Kind(
    "masks of another size than their picture is said to have",
    "left out",
    "see whether pictures were resized",
    of="masks",
)
EMPTY = Kind("masks without a pixel", "left out", "draw them anew or remove them", "warning", "masks")
NO_LABEL = Kind("masks without a label", "left out", "give them one", of="masks")
NO_MASK = Kind(
    "objects without a mask, where others have one",
    "left out of the masks",
    OR_BOXES,
    "warning",
    "objects",
)
BEYOND = Kind(
    "masks that reach beyond their picture", "cut off at its edge", "see if that is meant", "warning", "masks"
)
NO_CLASS = Kind(
    "mask files with values that are of no class and no other label",
    "judged by nobody there",
    "correct them",
    of="mask files",
)
MISSING = Kind("pictures without a mask", "taken as not annotated", "bring their masks", "warning", "pictures")
SAME_PICTURES = Kind(
    "pictures that have the name of another, so that one mask would be of both",
    "left out",
    "rename them with their masks, or remove them",
    of="pictures",
)
SAME_MASKS = Kind(
    "masks that have the name of another, so that one picture would have both",
    "left out",
    "remove those that are not meant",
    of="mask files",
)
ORPHANS = Kind("masks without a picture", "left out", "bring the pictures or remove them", "warning", "mask files")
NO_PICTURE_FILE = Kind(
    "files among the masks that are no pictures", "left out", "save them as PNG", "warning", "mask files"
)
SEVERAL = Kind(
    "folders with several pictures", "read as if there were but the first", "give each a folder", "warning", "folders"
)
BARE = Kind("folders of masks without a picture", "left out", "bring it or remove them", "warning", "folders")
UNLISTED = Kind(
    "masks whose pictures are in none of the lists that are read",
    "left out",
    "name their pictures in ImageSets, or read the lists of masks with --format voc-masks",
    "note",
    "masks there",
)


def unmasked(objects: int) -> Kind:
    """Pictures of which so many objects have a box alone, where others have masks."""
    return Kind(
        f"pictures with a box and no mask for {count(objects, 'object')}",
        "taken to show only what has a mask",
        OR_BOXES,
        "warning",
        "pictures",
    )
