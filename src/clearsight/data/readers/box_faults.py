"""What may be wrong with annotations of boxes, by kind: shared by all readers that have boxes.

What is certain is put right and counted: corners exchanged, a box that reaches beyond its picture. What is not is left
out and named.
"""

from __future__ import annotations

from clearsight.data.readers.faults import Kind

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
ORPHANS = Kind(
    "annotation files without a picture", "left out", "bring the pictures or remove them", "warning", "files"
)
