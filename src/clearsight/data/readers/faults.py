"""What is wrong with annotations, by kind, and counted. The kinds themselves are in `box_faults` and `mask_faults`.

Nothing of it stops the reading: what is certain is put right and counted, what is not is left out and named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from clearsight.core.reader import Fault


@dataclass(frozen=True)
class Kind:
    """A kind of fault: the fields of `Fault` that are the same for all of it."""

    what: str
    done: str
    hint: str
    level: Literal["note", "warning", "many"] = "many"
    of: str = "boxes"  # what it is counted among


def other(what: str, hint: str, of: str = "shapes") -> Kind:
    """What is not taken over because it is something else, and good to know. `what` is a plural: "points"."""
    return Kind(what, "left out", hint, "note", of)


class Faults:
    """Faults as they are met, in the order of their kinds' first."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        """How many boxes, pictures, files there are, by `Kind.of`."""
        self._items: dict[Kind, list[str]] = {}

    def add(self, kind: Kind, item: str) -> None:
        """One more; `item` says where, with the file and the line or number."""
        self._items.setdefault(kind, []).append(item)

    def count(self, of: str, number: int = 1) -> None:
        """So many more boxes, pictures, files."""
        self.totals[of] = self.totals.get(of, 0) + number

    def take(self, others: Faults) -> None:
        """Those of another collection too, and what it counted."""
        for kind, items in others.met().items():
            self._items.setdefault(kind, []).extend(items)
        for of, number in others.totals.items():
            self.count(of, number)

    def all(self) -> tuple[Fault, ...]:
        """What was met."""
        found = []
        for kind, items in self._items.items():
            total = max(self.totals.get(kind.of, 0), len(items))
            found.append(Fault(kind.what, kind.done, kind.hint, tuple(items), total, kind.level))
        return tuple(found)

    def met(self) -> Mapping[Kind, list[str]]:
        """Where each kind was met."""
        return self._items
