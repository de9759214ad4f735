"""What annotators put on pictures beside boxes, for the formats of Labelme, CVAT and Label Studio: labels of whole pictures, and
polygons and other masks, of which several may be one instance.

Where a set has boxes at all, a picture that was annotated without one has none there (empty); a picture that was not annotated
has None. The same goes for masks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from clearsight.data.readers import mask_faults
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.boxes import ROUNDING, Picture
from clearsight.data.readers.drawn import Drawing, Joined, Patch, Rings, Shape
from clearsight.data.readers.names import count, few
from clearsight.data.readers.rings import Ring


@dataclass
class Group:
    """The shapes of one instance; a shape without a group is one."""

    label: str
    where: str  # its first shape
    rings: list[Ring | None] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)

    def add(self, picture: Picture, gathered: BoxSet) -> None:
        """The instance, put with its picture."""
        if not self.patches:
            add_polygon(gathered, picture, self.label, self.rings, self.where)
            return
        whole = usable(gathered, picture, self.rings, self.where)
        _tell_beyond(gathered, picture, whole, self.where, patches=self.patches)
        shapes: tuple[Shape, ...] = (*self.patches, *((Rings(whole),) if whole else ()))
        shape = shapes[0] if len(shapes) == 1 else Joined(shapes)
        gathered.add_mask(picture, Drawing(self.label, shape, self.where))


class Groups:
    """The instances of one picture: shapes of one label and one group are of the same."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, Any], Group] = {}

    def of(self, label: str, group: Any, where: str) -> Group:
        """That of a shape; `group` is None where it has none, and `where` is unlike that of any other."""
        own = (label, f"#{where}" if group is None else str(group))
        return self._groups.setdefault(own, Group(label, where))

    def add(self, picture: Picture, gathered: BoxSet) -> None:
        """All of them, put with their picture in the order of their first shapes."""
        for group in self._groups.values():
            group.add(picture, gathered)


def add_polygon(
    gathered: BoxSet, picture: Picture, label: str, rings: Sequence[Ring | None], where: str, shares: bool = False
) -> None:
    """An object of one part or several, in pixels or shares of the picture's sides; `where` it is in the picture's source."""
    whole = usable(gathered, picture, rings, where)
    if whole:
        _tell_beyond(gathered, picture, whole, where, shares)
        gathered.add_mask(picture, Drawing(label, Rings(whole, shares), where))
    else:
        gathered.faults.count("masks")


def usable(gathered: BoxSet, picture: Picture, rings: Sequence[Ring | None], where: str) -> tuple[Ring, ...]:
    """The parts of an object that can be drawn, None being one without numbers; the others are faults."""
    for ring in rings:
        if ring is None or len(ring) < 3:
            kind = mask_faults.NO_OUTLINE if ring is None else mask_faults.SHORT
            gathered.faults.add(kind, picture.place(where))
    return tuple(ring for ring in rings if ring is not None and len(ring) > 2)


def _tell_beyond(
    gathered: BoxSet,
    picture: Picture,
    rings: Sequence[Ring],
    where: str,
    shares: bool = False,
    patches: Sequence[Patch] = (),
) -> None:
    """A fault where an object reaches beyond the size that annotations say its picture has: it is cut there when it is drawn."""
    if picture.said is None:
        return
    height, width = picture.said
    unit = (width, height) if shares else (1, 1)
    corners = [(x * unit[0], y * unit[1]) for ring in rings for x, y in ring]
    for patch in patches:
        corners += [(patch.left, patch.top), (patch.left + patch.width, patch.top + patch.height)]
    within = (-ROUNDING <= x <= width + ROUNDING and -ROUNDING <= y <= height + ROUNDING for x, y in corners)
    if not all(within):
        gathered.faults.add(mask_faults.BEYOND, picture.place(where))


def note_polygons(gathered: BoxSet) -> None:
    """Notes on pictures whose polygons someone might take for boxes."""
    both = [picture.key for picture in gathered.pictures if picture.boxes and picture.masks]
    bare = [picture.key for picture in gathered.pictures if picture.masks and not picture.boxes]
    for keys, what in ((both, "boxes and polygons"), (bare, "polygons and no box")):
        if keys:
            note = f"{count(len(keys), 'picture')} with {what}; no boxes are made of the polygons: {few(keys)}"
            gathered.notes.append(note)
    if both or bare:
        _name_unmasked(gathered)


def _name_unmasked(gathered: BoxSet) -> None:
    """Pictures with more boxes of a class than masks of it, in a set with masks: what learns from masks sees fewer objects."""
    lacking = {
        picture.place(", ".join(f"{number} of {label}" for label, number in beyond.items())): beyond.total()
        for picture in gathered.pictures
        if (beyond := Counter(box.label for box in picture.boxes) - Counter(mask.label for mask in picture.masks))
    }
    kind = mask_faults.unmasked(sum(lacking.values()))
    for place in lacking:
        gathered.faults.add(kind, place)
