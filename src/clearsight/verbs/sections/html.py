"""Pieces of HTML that the sections are built from. Whatever is not `Markup` already is escaped."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from clearsight.core.errors import BadImage
from clearsight.core.image import open_picture

SMALL = 100
"""Side in pixels under which a thumbnail's pixels are shown as squares, not blurred."""


@dataclass(frozen=True)
class Section:
    """One part of the report. `intro` is a sentence or two of plain text under the title."""

    title: str
    html: Markup
    intro: str = ""


def join(parts: Iterable[Any]) -> Markup:
    """Pieces one after the other, each escaped unless it is `Markup`."""
    return Markup("").join(parts)


def table(
    head: Sequence[str], rows: Iterable[Sequence[Any]], *, numeric: Iterable[int] = (), caption: str = ""
) -> Markup:
    """A table in a box of its own that scrolls sideways, escaped.

    The first cell of a row is its header; columns in `numeric` are set to the right.
    """
    right = [Markup(' class="n"') if i in set(numeric) else Markup("") for i in range(len(head))]
    top = join(Markup('<th scope="col"{}>{}</th>').format(style, name) for style, name in zip(right, head, strict=True))
    body = join(Markup("<tr>{}</tr>").format(_cells(row, right)) for row in rows)
    title = Markup("<caption>{}</caption>").format(caption) if caption else Markup("")
    return box(
        Markup("<table>{}<thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(title, top, body),
        caption or head[0],
    )


def box(content: Markup, name: str) -> Markup:
    """A box whose content scrolls sideways where the page is too narrow for it; reachable by keyboard, hence named."""
    return Markup('<div class="scroll" tabindex="0" role="group" aria-label="{}">{}</div>').format(name, content)


def _cells(row: Sequence[Any], right: Sequence[Markup]) -> Markup:
    first, *others = row
    head = Markup('<th scope="row"{}>{}</th>').format(right[0], first)
    return head + join(
        Markup("<td{}>{}</td>").format(style, cell) for style, cell in zip(right[1:], others, strict=True)
    )


def details(summary: str, content: Markup, unfolded: bool = False) -> Markup:
    """Content that can be folded away."""
    state = Markup(" open") if unfolded else Markup("")
    return Markup("<details{}><summary>{}</summary>{}</details>").format(state, summary, content)


def image(encoded: str, description: str) -> Markup:
    """A thumbnail (base64 of a PNG or JPEG) inside of the page; a note where it is not a picture."""
    try:
        data = base64.b64decode(encoded, validate=True)
        with open_picture(data, "thumbnail") as picture:
            (width, height), kind = picture.size, picture.format
    except (binascii.Error, ValueError, BadImage):
        kind = None
    if kind not in ("PNG", "JPEG"):
        return Markup('<div class="none">no picture</div>')
    return Markup('<img src="data:image/{};base64,{}" alt="{}" width="{}" height="{}"{}>').format(
        kind.lower(),
        base64.b64encode(data).decode(),
        description,
        width,
        height,
        Markup(' class="squares"') if max(width, height) < SMALL else Markup(""),
    )


def percent(value: float, digits: int = 1) -> str:
    """0.9783 → "97.8 %"; "–" where it is not a number."""
    return f"{100 * value:.{digits}f} %" if math.isfinite(value) else "–"


def duration(seconds: float) -> str:
    """Such as "48 s", "3 min 5 s", "2 h 10 min"."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def size(count: float) -> str:
    """Bytes as "312 kB" or "9.1 MB", in powers of ten."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit != "MB" else f"{count:.1f} MB"
        count /= 1000
    return f"{count:.1f} GB"


def date(text: str) -> str:
    """An ISO 8601 time as "3 May 2025, 14:05"; other text as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """ "1 picture", "1,204 pictures"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def plurals(one: str) -> str:
    """ "class" → "classes", "value" → "values"."""
    return f"{one}es" if one.endswith("s") else f"{one}s"


def plain(value: Any) -> str:
    """A setting's value in words: lists with commas, nothing as –, yes and no."""
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(item)}" for name, item in value.items())
    return str(value)
