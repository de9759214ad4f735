"""What may be wrong with annotations of boxes, by kind: shared by all readers that have boxes.

What is certain is put right and counted: corners exchanged, a box that reaches beyond its picture. What is not is left
out and named, and so is what annotators drew beside.
"""

from __future__ import annotations

from clearsight.core.sample import printable
from clearsight.data.readers.faults import Kind, other

NO_NUMBERS = Kind("boxes whose coordinates are no numbers", "left out", "write them as numbers")
NEGATIVE = Kind("boxes of a width or height below 0", "left out", "write them anew")
EXCHANGED = Kind(
    "boxes whose second corner lies before the first",
    "turned round",
    "see that their file means these corners",
    "warning",
)
EMPTY = Kind("boxes without area", "left out", "draw them anew or remove them", "warning")
OUTSIDE = Kind("boxes wholly outside their picture", "left out", "see whether they belong to it, and their units")
BEYOND = Kind("boxes that reach beyond their picture", "clipped to it", "see if that is meant", "warning")
TWICE = Kind("boxes that are there twice", "left out once", "remove the copies", "warning")
NO_CLASS = Kind("boxes of a class that is not declared", "left out", "declare the class or correct its number")
NO_LABEL = Kind("boxes without a label", "left out", "give them one")
NO_PICTURE = Kind("boxes of a picture that is not listed", "left out", "list the picture or remove them")
NO_BOX = Kind("annotations without a box", "left out", "draw boxes if they are to be found")
MIXED = Kind(
    "boxes within the first 1.5 pixels, as if in shares of the picture's sides, among boxes in pixels",
    "kept",
    "write all in one unit",
)
TINY = Kind(
    "boxes less than 1.5 pixels wide and high, as most of the set are,",
    "kept",
    "write position and size in one unit, pixels or shares of the picture's sides",
)
ROTATED = Kind("rotated boxes", "left out", "draw them upright, or as polygons", "warning")
NO_RECTANGLE = Kind(
    "rectangles whose points are not two or four corners of an upright one",
    "left out",
    "draw them anew, or as polygons",
)
AROUND = Kind(
    "polygons among boxes",
    "read as the boxes around them",
    "write polygons throughout if they are to be masks",
    "note",
)
NO_LINE = Kind("lines that are no box", "left out", "write class, centre and size, five numbers a line")
MISSING = Kind(
    "pictures that are listed but not there",
    "kept as unreadable",
    "bring them or take them off the list",
    "note",
    "pictures",
)
NO_SIZE = Kind(
    "sizes of pictures that are no numbers of pixels",
    "passed over for those of the pictures themselves",
    "correct or remove them",
    "warning",
    "pictures",
)
UNLISTED = Kind(
    "pictures that no annotation names", "left out", "annotate them if they belong", "note", "pictures there"
)
UNMARKED = Kind("pictures without an annotation file", "taken as not annotated", "annotate them", "warning", "pictures")
NO_LABEL_FILE = Kind(
    "pictures without a label file",
    "taken as showing none of the classes, which is YOLO's convention",
    "write an empty file for each if that is meant",
    "note",
    "pictures",
)
TURNED = Kind(
    "regions on a picture that was turned while it was annotated", "left out", "draw them on it upright", "warning"
)
REGION_CHOICES = other("choices for a region", "choose for whole pictures, or give the region a label")
NO_TAG = other("tags without a label", "give them one")
FOREIGN = other("files of something else among the annotations", "move them out, or see why they are none", "files")
SPARE = other("annotation files that no list names", "list their pictures if they belong", "files")
UNSPLIT = other(
    "pictures that trainval.txt names, and train.txt and val.txt do not", "list them in one of these", "pictures"
)
ORPHANS = Kind(
    "annotation files without a picture", "left out", "bring the pictures or remove them", "warning", "files"
)


def other_kind(kind: str, what: str = "shapes") -> Kind:
    """What annotators put on a picture that is no box and no mask: a "point", or a result of the kind "keypointlabels"."""
    return other(f"{what} of the kind {printable(kind)!r}", "draw boxes, polygons or masks of what is to be found")
