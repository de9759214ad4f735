"""Tables of the classes that mask files hold: `classes.txt`, `class_dict.csv`, `label_colors.txt`, `labelmap.txt` …

A line is a name, whose number is that of its line from 0, or a number and a name, or a name and a colour in either order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clearsight.core.errors import InputError
from clearsight.core.sample import BACKGROUND, VOID, printable
from clearsight.data.readers.mask_values import Colour, Meaning
from clearsight.data.readers.names import few
from clearsight.data.tree import Tree

FILES = (
    "classes.txt",
    "class_dict.csv",
    "label_colors.txt",
    "labelmap.txt",
    "class_names.txt",
    "classes.csv",
    "_classes.csv",
    "label_names.txt",
    "labels.txt",
    "labels.csv",
    "colors.txt",
    "codes.txt",
)
"""Names of such tables, likeliest first."""

UNKNOWN = frozenset({"unlabelled", "unlabeled", "unannotated", "void", "ignore", "ignored", "ignorelabel", "dontcare"})
"""Names of what is no class: its pixels count for nothing. Without case, blanks, dashes and apostrophes."""

OBJECT = "object"
"""What 255, or 1, is called where nothing names it, 0 being `BACKGROUND`."""

LARGEST = 2**20
"""Bytes beyond which a file is no table of classes."""

_FIRST = re.compile(r"^(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\S.*)$")  # a colour, then the name
_LAST = re.compile(r"^(\S.*?)[\s,;:]+(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})(?:[\s,;:].*)?$")
_NUMBER = re.compile(r"^(\d{1,5})\s*[\s,;:]\s*(\S.*)$")


@dataclass(frozen=True)
class Entry:
    """One line: the value that means the class in files of numbers, and its colour in files of colours."""

    name: str
    value: int
    colour: Colour | None = None


@dataclass(frozen=True)
class Classes:
    """The classes in their order, and what values of mask files mean."""

    labels: tuple[str, ...]
    meaning: Meaning
    table: str = ""  # the file that says so, as a person reads it


def find_table(tree: Tree, heart: str) -> str | None:
    """The table of a place: in the folder that wraps all, or the uppermost elsewhere."""
    by_name: dict[str, list[str]] = {}
    for name in tree.files:
        by_name.setdefault(name.rpartition("/")[2].casefold(), []).append(name)
    for file in FILES:
        if found := by_name.get(file):
            return min(found, key=lambda name: (name.count("/"), name.rpartition("/")[0] + "/" != heart, name))
    return None


def read_table(tree: Tree, name: str) -> list[Entry]:
    """The lines of a table. Raises `InputError` with the file and what to do."""
    where, data = printable(str(tree.path / name)), tree.head(name, LARGEST + 1)
    lines = data.decode("utf-8-sig", "replace").splitlines()
    entries = entries_of(lines)
    if len(data) > LARGEST or not entries:
        todo = "write the name of a class a line, in the order of their numbers"
        raise InputError(f"{where} is no table of classes; {todo}")
    for kind in ("value", "colour"):
        said = [getattr(entry, kind) for entry in entries if getattr(entry, kind) is not None]
        if len(set(said)) < len(said):
            raise InputError(f"{where} gives two classes one {kind}; give each its own")
    if any(not entry.name for entry in entries):
        raise InputError(f"{where}: a class has no name; give it one")
    return entries


def entries_of(lines: Sequence[str]) -> list[Entry]:
    """The classes that lines name; those that are empty, or begin with # or //, are none."""
    stripped = [line.strip() for line in lines]
    stripped = [line for line in stripped if line and not line.startswith(("#", "//"))]
    entries = _entries(stripped) or _entries(stripped[1:])  # the first may be a header
    entries = entries or [Entry(line, row) for row, line in enumerate(stripped)]
    return [Entry(printable(entry.name.strip(" \t,;:\"'")), entry.value, entry.colour) for entry in entries]


def classes_of(entries: Sequence[Entry], where: str, binary: bool = False) -> Classes:
    """The classes of a table: those called void or the like are none, those of one name are one. With `binary`, masks hold
    0 for what is not the last class, and 255 for what is, or 1 in some. Raises `InputError` for more than 255 classes."""
    if binary:
        thing = next((entry for entry in reversed(entries) if entry.name.casefold() != BACKGROUND), entries[-1])
        nothing = next((entry.name for entry in entries if entry != thing), BACKGROUND)
        entries = [Entry(nothing, 0), Entry(thing.name, 1), Entry(thing.name, VOID)]
    labels = tuple(dict.fromkeys(entry.name for entry in entries if not is_unknown(entry.name)))
    if len(labels) > VOID or not labels:
        raise InputError(f"{where} names {len(labels)} classes; masks hold 1 to {VOID}")
    rows = {entry: VOID if is_unknown(entry.name) else labels.index(entry.name) for entry in entries}
    colours = {entry.colour: row for entry, row in rows.items() if entry.colour is not None}
    values = {entry.value: row for entry, row in rows.items()}
    return Classes(labels, Meaning(values, colours), where)


def is_unknown(name: str) -> bool:
    """Whether a class of this name is none: "unlabelled", "void", "ignore" …"""
    return re.sub(r"[\s_'-]", "", name.casefold()) in UNKNOWN


def seen_classes(values: Sequence[int], colours: Sequence[Colour], binary: bool) -> Classes:
    """The classes of masks that no table explains, by the values, or the colours, that they hold; with `binary` they hold 0 and
    255 for what is none and what is an object. Raises `InputError` where they are too many to be classes."""
    many = len(colours) or len(values)
    if many > VOID:
        what = "colours" if colours else "values"
        raise InputError(f"its masks hold {many:,} {what}, more than there can be classes; are they masks of objects?")
    if colours:
        names = tuple(f"#{r:02x}{g:02x}{b:02x}" for r, g, b in colours)
        return Classes(names, Meaning(colours={colour: row for row, colour in enumerate(colours)}))
    if binary or set(values) <= {0, 1}:
        return Classes((BACKGROUND, OBJECT), Meaning({0: 0, VOID if binary else 1: 1}))
    classes = [value for value in values if value != VOID]
    void = {VOID: VOID} if VOID in values else {}
    rows = {value: row for row, value in enumerate(classes)}
    return Classes(tuple(f"class_{value}" for value in classes), Meaning({**rows, **void}))


def _entries(lines: Sequence[str]) -> list[Entry]:
    """The lines where all are of one form with numbers; else none."""
    for form in (_FIRST, _LAST, _NUMBER):
        found = [form.match(line) for line in lines]
        matches = [match for match in found if match]
        if not matches or len(matches) < len(lines):
            continue
        if form is _NUMBER:
            return [Entry(match[2], int(match[1])) for match in matches]
        texts = [match.groups() for match in matches]
        pairs = [(t[3], t[:3]) if form is _FIRST else (t[0], t[1:4]) for t in texts]
        if any(int(part) > 255 for _, colour in pairs for part in colour):
            continue
        return _coloured([(name, (int(r), int(g), int(b))) for name, (r, g, b) in pairs])
    return []


def _coloured(pairs: Sequence[tuple[str, Colour]]) -> list[Entry]:
    """Names with colours; where each begins with a number, that is its value."""
    numbered = [_NUMBER.match(name) for name, _ in pairs]
    if all(numbered):
        return [Entry(m[2], int(m[1]), colour) for m, (_, colour) in zip(numbered, pairs, strict=True) if m]
    return [Entry(name, row, colour) for row, (name, colour) in enumerate(pairs)]


def told(classes: Classes) -> str:
    """How the classes of masks without a table came about, for a note."""
    named = few(list(classes.labels), 5)
    void = f", and {VOID} counts for nothing" if classes.meaning.values.get(VOID) == VOID else ""
    return f"no table says what the values of its masks mean, so that the classes are {named}{void}; write classes.txt"
