"""What all writers share: writing a file into the folder that is being filled; numbers, tables and XML as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.files import in_words
from clearsight.core.sample import Array, Boxes, Masks, Sample
from clearsight.core.writer import Placed

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def put(path: Path, data: bytes | str) -> None:
    """Write a file and the folders above it. The folder as a whole takes its name when it is complete, so that a file needs
    no care of its own. Raises `InputError` where the system refuses."""
    with in_words(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


def decimals(xyxy: Array) -> list[list[Decimal]]:
    """Coordinates, float32 (N, 4), as the shortest decimal numbers that are read as the same float32: sums and differences
    of these are exact."""
    return [[Decimal(str(value)) for value in row] for row in np.asarray(xyxy, np.float32)]


def areas_of(boxes: Boxes) -> list[Decimal]:
    """The areas of objects in pixels²: as annotations say, else those of their boxes, exactly."""
    if boxes.area is not None:
        return [Decimal(str(area)) for area in boxes.area.tolist()]
    return [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in decimals(boxes.xyxy)]


def text(value: Decimal) -> str:
    """A decimal number without an exponent and without zeros at its end."""
    shown = f"{value:f}"
    return (shown.rstrip("0").rstrip(".") or "0") if "." in shown else shown


def plain(value: Decimal) -> int | float:
    """A decimal number for JSON: whole ones without a point."""
    return int(value) if value == value.to_integral_value() else float(value)


def further(samples: Sequence[Sample]) -> tuple[list[str], list[list[Any]]]:
    """The further columns that some of the samples have, and their cells of each, empty where one has none."""
    columns = list(dict.fromkeys(column for sample in samples for column in sample.extra))
    cells = ([sample.extra.get(column) for column in columns] for sample in samples)
    return columns, [["" if cell is None else cell for cell in row] for row in cells]


def masked(pictures: Mapping[str, Sequence[Placed]]) -> Iterator[tuple[Placed, Masks]]:
    """The pictures of all splits that have masks, with these."""
    for placed in pictures.values():
        for picture in placed:
            if picture.sample.masks is not None:
                yield picture, picture.sample.masks


def drawn_classes(classes: Mapping[str, Sequence[str]]) -> list[str]:
    """The classes of boxes and masks together, in their order."""
    return list(dict.fromkeys((*classes.get("boxes", ()), *classes.get("masks", ()))))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as CSV."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()


def element(above: Element, tag: str, content: Any = None, attributes: Mapping[str, Any] | None = None) -> Element:
    """A new element in another one. Raises `InputError` for characters that XML cannot hold."""
    made = SubElement(above, tag, {name: _legal(str(value)) for name, value in (attributes or {}).items()})
    if content is not None:
        made.text = _legal(str(content))
    return made


def xml(root: Element) -> bytes:
    """The document of a root."""
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return document + b"\n"


def _legal(value: str) -> str:
    if _NOT_XML.search(value):
        raise InputError(
            f"{value!r} holds a character that XML cannot; rename it with --classes, or write coco or yolo"
        )
    return value
