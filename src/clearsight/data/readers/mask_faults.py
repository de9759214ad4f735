"""What may be wrong with annotations of masks, by kind: beside `box_faults`, in the same way.

What a file's text shows is told by its reader; what only drawing shows (an empty mask, an outline that crosses itself, a
value beyond the classes) by the check `masks`, which loads each.
"""

from __future__ import annotations

from clearsight.data.readers.faults import Kind

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
    "objects without a mask, where others have one", "left out of the masks", "draw their masks", of="objects"
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
