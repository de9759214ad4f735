"""Names for the files of pictures: unique, and safe in every system and in every format."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.data.tree import DROPPINGS

LONGEST = 150
"""Bytes of a name without its ending; file systems allow 255 of the whole."""


class Names:
    """Gives each picture a file name from its key: its last part, with the folders above it where that is taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, key: str, ending: str) -> str:
        """A name that no other picture has, with its ending (".jpg") or without, whatever case letters have: beside
        `a.jpg` there is no `A.png`, as annotations of both would lie in `a.xml`."""
        path = PurePosixPath(key)
        parts = [safe(part) for part in (*path.parts[:-1], path.stem if is_picture(path.name) else path.name)]
        parts = [part for part in parts if part.strip("_")] or ["picture"]
        for first in range(len(parts) - 1, -1, -1):
            stem = shortened("_".join(parts[first:]))
            if self._take(stem):
                return stem + ending
        number = 2
        while not self._take(f"{stem}-{number}"):
            number += 1
        return f"{stem}-{number}{ending}"

    def _take(self, stem: str) -> bool:
        plain = unicodedata.normalize("NFC", stem).casefold()
        if plain in self._taken:
            return False
        self._taken.add(plain)
        return True


def safe(part: str) -> str:
    """A part of a key without what file systems, addresses or lists of names give a meaning: letters and digits of any
    script, - and _ stay, other characters become _."""
    return re.sub(r"[^\w-]", "_", part)


def folder_of(label: str) -> str:
    """The folder of a class, called as the class is. Raises `InputError` for a label that no folder can be called."""
    parts = PurePosixPath(label.replace("\\", "/")).parts
    if len(parts) != 1 or "\0" in label or label[0] in ". " or label.casefold() in DROPPINGS or label[-1] in ". ":
        raise InputError(f"no folder can be called {label!r}; rename the class, as in --classes '{label}=other'")
    return label


def shortened(stem: str) -> str:
    """A name of at most `LONGEST` bytes."""
    return stem.encode()[:LONGEST].decode("utf-8", "ignore")
